package queue

// lanesSink is a producer's end of a Lanes. Only its worker uses it.
type lanesSink[T any, K comparable] struct {
	q        *Lanes[T, K]
	ask      Ask[T, K]
	reserved int // part of q.reserved; guarded by q.mu
}

// Put implements Sink. A value that must not enter is dropped.
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
		q.enter(&e)
		return true
	}
	return q.enterInTurn(me, &e)
}

// Drive does nothing: what a sink has reserved is not given to others in any case.
func (s *lanesSink[T, K]) Drive() {}

// Bounded reports whether room can be short.
func (s *lanesSink[T, K]) Bounded() bool { return s.q.limit > 0 || s.q.most > 0 }

// Reserve implements ReservedSink. While a producer waits for room it gets none. Weight cannot be
// reserved, so it gets none either if there is a bound of weight.
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
	q.refresh()
	n = max(0, min(n, q.limit-q.stored-q.fetched-q.unbegun-q.reserved))
	s.reserved += n
	q.reserved += n
	return n
}

// Unreserve implements ReservedSink.
func (s *lanesSink[T, K]) Unreserve(n int) {
	q := s.q
	q.mu.Lock()
	defer q.mu.Unlock()
	n = min(n, s.reserved)
	s.reserved -= n
	q.reserved -= n
	q.admit()
}
