package cluster

import (
	"slices"
	"time"

	"github.com/gopeln/pl"
)

// value is a value on its way through the cluster.
type value[A any] struct {
	item   *pl.Item[A]
	slab   *slab[A] // that it is in
	id     uint64
	in     *parcel[A] // nil: none, so that it waits to be sent
	alone  *ordeal    // it may be what kills its workers, and runs alone; nil: no
	stale  bool       // it begins anew
	over   bool
	held   bool  // a frame that speaks of it is being handed on
	broken error // why an earlier part of its results could not be decoded
}

// ordeal is what is known of a value that may be what kills its workers.
type ordeal struct {
	began int    // how often it has begun, as far as is known, and its worker was lost
	where string // the worker that was lost last while it ran there alone
}

// end ends the value, and forgets all that it keeps alive.
func (v *value[A]) end() {
	v.over, v.stale, v.held = true, false, false
	v.in, v.alone, v.broken = nil, nil, nil
	*v.item = pl.Item[A]{}
	v.slab.left--
}

// parcel is a message of values.
type parcel[A any] struct {
	id     uint64
	values []*value[A]
	left   int // of them, those that are with it and have not ended
	bytes  int64
	object string    // what holds the values, if not the message
	sent   time.Time // zero: its values are on their way into an object
	alone  bool      // it runs with nothing else in its process
	began  bool      // if alone: it has begun
	where  string    // of began: at which worker
	dead   bool      // it was given up while one of its frames was being handed on
	lost   bool      // a worker that had it was lost, or its lease was over
	// Of a FlatMap: the attempt whose frames count, and the last that was taken.
	by            *member
	attempt, part uint64
}

// adopt puts values in line to be sent, in the order of the queue: were a value to run while an earlier one waits behind
// it, the two could wait for each other. The lock is held.
func (s *stage[A, B, R]) adopt(values ...*value[A]) {
	for _, v := range values {
		v.in = nil
	}
	s.own = append(s.own, values...)
	slices.SortStableFunc(s.own, func(v, w *value[A]) int { return v.item.Compare(w.item) })
	s.free()
	if s.pulling != nil {
		s.pulling()
	}
}

// withdraw takes the values of p from the one numbered from on out of it, unless they have ended. The lock is held.
func (s *stage[A, B, R]) withdraw(p *parcel[A], from int) (values []*value[A]) {
	for _, v := range p.values[min(max(from, 0), len(p.values)):] {
		if v.in == p && v.held {
			p.dead = true // what is left of it then is withdrawn when that is done
		} else if v.in == p && !v.over {
			v.in, v.stale = nil, true
			p.left--
			values = append(values, v)
		}
	}
	if p.left == 0 {
		s.retire(p)
	}
	return values
}

// retire forgets a parcel. The lock is held.
func (s *stage[A, B, R]) retire(p *parcel[A]) {
	if s.parcels[p.id] != p {
		return
	}
	delete(s.parcels, p.id)
	s.bytes -= p.bytes
	s.count()
	s.free()
}

// count counts values as begun: as many as workers may have under way. They have left the stage's queue. The lock is
// held.
func (s *stage[A, B, R]) count() {
	if n := s.over + min(s.flying, s.most()) - s.begun; n > 0 {
		s.begun += n
		s.port.Begin(n)
	}
	s.seats.record(s.port.Team(), s.most(), s.flying-s.waiting)
}

// most is how many values may be under way. The lock is held.
func (s *stage[A, B, R]) most() int {
	if s.site.WorkersGiven() {
		return s.site.Workers()
	}
	return max(1, s.workers.slots())
}

// free tells the sender that there may be credit.
func (s *stage[A, B, R]) free() {
	select {
	case s.freed <- struct{}{}:
	default:
	}
}

// ackLast tells the server that a message is done with, if a frame is the last of it.
func (s *stage[A, B, R]) ackLast(f *frame) {
	if f.flags&flagLast != 0 {
		s.ack(f.ack)
	}
}

// ack tells the server that a message is done with.
func (s *stage[A, B, R]) ack(subject string) {
	if subject != "" {
		_ = s.nc.Publish(subject, []byte("+ACK"))
	}
}
