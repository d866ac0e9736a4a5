package queue

// readyList lists the producers that may have values, in the order in which consumers fetch from
// them. A producer that is not on it has the valueAsked bit (invariant 5). The lock of the queue
// guards it: the caller of each method must hold that.
type readyList[T any] struct {
	first, last *Out[T]
	n           int
}

func (l *readyList[T]) push(p *Out[T]) {
	if l.first == nil {
		l.first = p
	} else {
		l.last.nextReady = p
	}
	l.last = p
	l.n++
}

func (l *readyList[T]) pop() *Out[T] {
	p := l.first
	l.first, p.nextReady = p.nextReady, nil
	l.n--
	return p
}

// any reports whether a producer has values. It removes those that have none.
func (l *readyList[T]) any() bool {
	for l.first != nil {
		if l.first.available() > 0 {
			return true
		}
		l.pop().inReady = false
	}
	return false
}

// moveTo moves values of the producers to the consumer's buffer, until that has n. It takes all
// that the first producer has, then goes on to the next; a producer that had some goes behind the
// others.
func (l *readyList[T]) moveTo(in *In[T], n int) {
	for range l.n {
		if len(in.buf) == n {
			return
		}
		p := l.pop()
		there := p.available()
		p.moveTo(in, min(n-len(in.buf), there))
		if p.inReady = there > 0; p.inReady {
			l.push(p)
		}
	}
}

// count returns the number of values, or of the first producers only if they have enough.
func (l *readyList[T]) count(enough int) (n int) {
	for p := l.first; p != nil && n < enough; p = p.nextReady {
		n += p.unpulled()
	}
	return n
}
