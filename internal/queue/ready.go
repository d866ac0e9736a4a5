package queue

// readyList is a queue's list of the producers that may have values, in the order in which it is their turn. A
// producer that is not on it announces its next value. The list is guarded by the queue's lock.
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

// any tells whether a producer has values. It forgets those that have none.
func (l *readyList[T]) any() bool {
	for l.first != nil {
		if l.first.available() > 0 {
			return true
		}
		l.pop().inReady = false
	}
	return false
}

// moveTo moves up to n values of the producers, each in its turn, to the consumer's buffer.
func (l *readyList[T]) moveTo(in *In[T], n int) {
	for range l.n {
		if len(in.buf) == n {
			return
		}
		p := l.pop()
		there := p.available()
		p.moveTo(in, min(n-len(in.buf), there))
		if p.inReady = there > 0; p.inReady {
			l.push(p) // behind the others
		}
	}
}

// count is how many values there are, or enough, if there are more.
func (l *readyList[T]) count(enough int) (n int) {
	for p := l.first; p != nil && n < enough; p = p.nextReady {
		n += p.unpulled()
	}
	return n
}
