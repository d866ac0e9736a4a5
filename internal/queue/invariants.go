package queue

import "fmt"

// unlock releases the lock of the queue. The invariants of the queue must hold then. The compiler
// drops the check if checked is false.
func (q *Windowed[T]) unlock() {
	if checked {
		q.check()
	}
	q.mu.Unlock()
}

// mostChecked bounds the ends that check looks at: with thousands of workers, each of them would
// look at all others.
const mostChecked = 64

// check panics if one of the invariants 1 to 4 of the package comment does not hold. Workers may
// publish and claim meanwhile. To publish moves a value from the credit to the published values,
// and to claim lowers the number of unclaimed values, so neither makes a check fail. The caller
// must hold the lock.
func (q *Windowed[T]) check() {
	if len(q.outs)+len(q.ins) > mostChecked {
		return
	}
	unclaimed := q.unbegun.Load()
	for _, in := range q.ins {
		n := int64(in.unclaimed())
		if unclaimed += n; n > 0 && !in.inWindows {
			panic(fmt.Sprintf("queue: %d unclaimed values in a window that is not listed", n))
		}
	}
	promised := int64(0)
	for _, out := range q.outs {
		w := out.word.load()
		promised += int64(out.unpulledAt(w)) + int64(w.credit())
		if q.limit > 0 && w.credit() > 1 && !out.driven && !out.inCredited {
			panic(fmt.Sprintf("queue: a credit of %d that cannot be taken back", w.credit()))
		}
	}
	if q.limit == 0 || q.static != nil {
		return
	}
	if promised != q.granted-q.pulled {
		panic(fmt.Sprintf("queue: %d values published or promised, but %d granted and %d pulled", promised, q.granted, q.pulled))
	}
	if promised+unclaimed > q.limit {
		panic(fmt.Sprintf("queue: %d values published or promised and %d unclaimed, above the bound %d", promised, unclaimed, q.limit))
	}
}
