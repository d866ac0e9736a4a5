package cluster

import "github.com/gopeln/pl"

// slab is memory for values that are pulled together. It is used again when all of them have ended, since at a million
// values a second there would be much to clear and to collect.
type slab[A any] struct {
	items []pl.Item[A]
	all   []*value[A]
	left  int // of the values that were pulled, those that have not ended
}

// mostSpare limits the values for which slabs wait to be used again.
const mostSpare = 64 << 10

func newSlab[A any](n int) *slab[A] {
	b := &slab[A]{items: make([]pl.Item[A], n), all: make([]*value[A], n)}
	values := make([]value[A], n)
	for i := range values {
		values[i] = value[A]{item: &b.items[i], slab: b}
		b.all[i] = &values[i]
	}
	return b
}

// clearSlab sees to it that n values can be pulled into the empty slab. The lock is held.
func (s *stage[A, B, R]) clearSlab(n int) {
	for last := len(s.spare) - 1; (s.empty == nil || len(s.empty.items) < n) && last >= 0; last-- {
		s.empty, s.spare[last] = s.spare[last], nil
		s.spare = s.spare[:last]
	}
	if s.empty == nil || len(s.empty.items) < n {
		s.empty = newSlab[A](n)
	}
}

// fresh returns the n values that were pulled into the empty slab, with their ids. A few do not keep one that is made for
// many. The lock is held.
func (s *stage[A, B, R]) fresh(n int) []*value[A] {
	b := s.empty
	if n < len(b.items)/2 {
		few := newSlab[A](n)
		copy(few.items, b.items)
		clear(b.items[:n])
		b = few
	} else {
		s.empty = nil
	}
	b.left = n
	for _, v := range b.all[:n] {
		s.lastID++
		v.id, v.over = s.lastID, false
	}
	return b.all[:n:n]
}
