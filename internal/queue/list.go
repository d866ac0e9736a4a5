package queue

// list is a first-in, first-out list in a ring that grows.
type list[T any] struct {
	ring  []T // its length is a power of two, or 0
	first int
	count int
}

func (l *list[T]) push(v T) {
	if l.count == len(l.ring) {
		l.grow()
	}
	l.ring[(l.first+l.count)&(len(l.ring)-1)] = v
	l.count++
}

func (l *list[T]) grow() {
	grown := make([]T, max(4, 2*len(l.ring)))
	n := copy(grown, l.ring[l.first:])
	copy(grown[n:], l.ring[:l.first])
	l.ring, l.first = grown, 0
}

// pop removes the first value and returns it. The list must not be empty.
func (l *list[T]) pop() (v T) {
	l.ring[l.first], v = v, l.ring[l.first]
	l.first = (l.first + 1) & (len(l.ring) - 1)
	l.count--
	return v
}

// moveTo moves the first n values, which must be there, to the end of to.
func (l *list[T]) moveTo(to []T, n int) []T {
	for n > 0 {
		from := l.ring[l.first:min(l.first+n, len(l.ring))]
		to = append(to, from...)
		clear(from)
		l.first = (l.first + len(from)) & (len(l.ring) - 1)
		l.count -= len(from)
		n -= len(from)
	}
	return to
}

// at returns the place of the i-th value, from 0, which must be there.
func (l *list[T]) at(i int) *T { return &l.ring[(l.first+i)&(len(l.ring)-1)] }
