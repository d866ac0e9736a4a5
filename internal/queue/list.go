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

// peek returns the first value; there must be one.
func (l *list[T]) peek() T { return l.ring[l.first] }
