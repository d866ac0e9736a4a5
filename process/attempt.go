package process

import "github.com/gopeln/pl"

// begun is how many values have begun, and how many are not open any more.
type begun struct{ values, closed int }

// count counts the value of f as begun, and unless it may yet be another slot's, as closed.
func (f *flight[A]) count(b *begun, closes bool) {
	if !f.begun {
		f.begun = true
		b.values++
	}
	if f.open && closes {
		f.open = false
		b.closed++
	}
}

// began takes note of values that have begun.
func (s *slot[A, B, R]) began(b begun) {
	if b.values > 0 {
		s.port.Begin(b.values)
	}
	if b.closed > 0 {
		s.ledger.add(-b.closed)
	}
}

// failed asks the stage's policy about a value that failed, and waits where it says so. It reports
// whether the value must run again.
func (s *slot[A, B, R]) failed(f *flight[A], err error) bool { return s.again(f, s.judge(f, err)) }

// judge asks the stage's policy about a value that failed.
func (s *slot[A, B, R]) judge(f *flight[A], err error) pl.Decision {
	var b begun
	f.count(&b, true)
	s.began(b)
	return s.port.Fail(&f.item, err)
}

// again reports whether a value must run again, after the waits for that.
func (s *slot[A, B, R]) again(f *flight[A], v pl.Decision) bool {
	return v.Again && s.port.Sleep(v.After) && s.port.Admit(&f.item)
}

// restart lets a value run again that is not to blame, here or in another slot.
func (s *slot[A, B, R]) restart(f *flight[A]) {
	var b begun
	f.count(&b, false)
	s.began(b)
	if !f.open {
		f.open = true
		s.ledger.add(1)
	}
	s.port.Restart(&f.item)
}
