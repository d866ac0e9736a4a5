package cluster

import (
	"time"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/internal/crossing"
)

// emitAll hands on results of v, for which room is reserved or not.
func (s *stage[A, B, R]) emitAll(v *value[A], results []R, reserves bool) {
	if v.stale {
		v.stale = false
		s.port.Restart(v.item)
	}
	for _, r := range results {
		if !s.lift(s.port, v.item, r) {
			return
		}
	}
	if reserves {
		s.mu.Lock()
		s.reserved = max(0, s.reserved-len(results))
		s.mu.Unlock()
	}
}

// handAlike hands on the results of values that have one each and need no room, as long as nothing is the matter with them.
// It returns how many have so ended; the others must be handed on one by one. So must those of a FlatMap: earlier frames, or
// earlier attempts, may have handed on results of them.
func (s *stage[A, B, R]) handAlike(values []*value[A], r *unpacker[R]) (n int) {
	if _, ok := any(r.values).([]B); !ok || s.site.Results() == pl.Many { // not of B: a filter's values do not travel back
		return 0
	}
	for n < len(values) {
		alike := s.alike(values[n:])
		if len(alike) == 0 {
			break
		}
		results := any(r.ready(len(alike))).([]B)
		if len(results) == 0 {
			break
		}
		s.port.Finish(alike[:len(results)], results)
		s.done = append(s.done, values[n:n+len(results)]...)
		n += len(results)
	}
	return n
}

// alike returns the items of the first values with which nothing is the matter.
func (s *stage[A, B, R]) alike(values []*value[A]) []*pl.Item[A] {
	s.items = s.items[:0]
	for _, v := range values {
		if v == nil || v.stale || v.broken != nil {
			break
		}
		s.items = append(s.items, v.item)
	}
	return s.items
}

// conclude does what a mark says. why is why the results could not be decoded, if so.
func (s *stage[A, B, R]) conclude(v *value[A], p *parcel[A], m mark, why error) {
	if v.stale { // it has no results, or none that could be decoded
		v.stale = false
		s.port.Restart(v.item)
	}
	if why != nil {
		v.broken = why
	}
	switch {
	case m.fate == fateOpen:
	case m.fate == fateFailed:
		v.broken = nil
		if f := m.failure; f.Stray != 0 {
			s.workers.await(f.Worker, f.Stray, s.port.Keep(v.item))
		}
		s.fail(v, p, m.failure.err())
	case v.broken != nil:
		err := v.broken
		v.broken = nil
		s.fail(v, p, err)
	default:
		s.port.Done(v.item)
		s.done = append(s.done, v)
	}
}

// err is the failure as the stage's policy sees it.
func (f *failure) err() error {
	err := pl.ErrTimeout
	if !f.TimedOut {
		err = f.Err()
	}
	return crossing.Framed(f.Where+": ", err)
}

// endLocked counts values as ended, all of p or of none. The lock is held.
func (s *stage[A, B, R]) endLocked(p *parcel[A], values ...*value[A]) {
	s.flying -= len(values)
	s.over += len(values)
	if s.pulling != nil || s.ended {
		s.trim()
	}
	for _, v := range values {
		s.leaveParcel(v, p)
		v.end()
		if b := v.slab; b.left == 0 && len(s.spare) < mostSpare/len(b.items) {
			s.spare = append(s.spare, b)
		}
	}
}

// leaveParcel takes v out of p. The lock is held.
func (s *stage[A, B, R]) leaveParcel(v *value[A], p *parcel[A]) {
	if p != nil && v.in == p {
		v.in = nil
		if p.left--; p.left == 0 {
			s.retire(p)
		}
	}
}

// fail asks the stage's policy about a value that failed, of p or of none. finishing is held.
func (s *stage[A, B, R]) fail(v *value[A], p *parcel[A], err error) {
	d := s.port.Fail(v.item, err)
	s.mu.Lock()
	defer s.mu.Unlock()
	v.held = false
	if !d.Again {
		s.endLocked(p, v)
		s.count()
		s.free()
		return
	}
	s.leaveParcel(v, p)
	s.waiting++
	if s.stopping() {
		return
	}
	s.timers[v] = time.AfterFunc(max(d.After, 0), func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if _, ok := s.timers[v]; ok {
			delete(s.timers, v)
			s.waiting--
			s.adopt(v)
		}
	})
}
