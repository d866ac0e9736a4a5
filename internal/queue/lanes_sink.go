package queue

// lanesSink is one producer's end. Only its worker uses it.
type lanesSink[T any, K comparable] struct {
	q        *Lanes[T, K]
	ask      Ask[T, K]
	reserved int // room that is its own
}

func (s *lanesSink[T, K]) Put(me *Waiter, v T, t Tag) bool {
	q, e := s.q, entry[T, K]{v: v, t: t}
	var key K
	if s.ask != nil {
		var ok bool
		if key, e.weight, ok = s.ask(me, v, t); !ok {
			return !q.isStopped()
		}
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.stopped {
		return false
	}
	if q.keyed {
		e.lane = q.laneOf(key)
	}
	if s.reserved > 0 {
		s.reserved--
		q.reserved--
		q.enter(e)
		return true
	}
	return q.enterInTurn(me, e)
}

// Drive does nothing: what a driven worker reserves is its sink's own anyway.
func (s *lanesSink[T, K]) Drive() {}

// Bounded reports whether room can be short.
func (s *lanesSink[T, K]) Bounded() bool { return s.q.limit > 0 || s.q.most > 0 }

// Reserve gets room for up to n values, as far as there is room that no producer waits for. Weight
// cannot be reserved: with a bound of it there is no room.
func (s *lanesSink[T, K]) Reserve(n int) int {
	q := s.q
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case !s.Bounded():
		return n
	case q.most > 0 || q.entering.count > 0:
		return 0
	}
	n = max(0, min(n, q.limit-q.stored-q.unbegun-q.reserved))
	s.reserved += n
	q.reserved += n
	return n
}

// Unreserve gives back n of what Reserve got.
func (s *lanesSink[T, K]) Unreserve(n int) {
	q := s.q
	q.mu.Lock()
	defer q.mu.Unlock()
	n = min(n, s.reserved)
	s.reserved -= n
	q.reserved -= n
	q.admit()
}
