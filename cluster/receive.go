package cluster

import (
	"context"
	"encoding/binary"
	"runtime/debug"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/internal/crossing"
)

// take takes a frame of results.
func (s *stage[A, B, R]) take(msg *nats.Msg) {
	defer s.guard()
	s.finishing.Lock()
	defer s.finishing.Unlock()
	f := &s.frame
	if err := f.parse(msg.Data); err != nil {
		s.log.Warn("cluster: not understood", "error", err)
		return
	}
	from := s.workers.of(f.worker)
	p, is := s.find(f, from)
	switch is {
	case early:
		return
	case repeated:
		s.reply(msg, f, from, true)
		return
	case gone:
		s.reply(msg, f, from, true)
		s.ackLast(f)
		return
	}
	body := f.data
	if f.flags&flagLarge != 0 {
		s.sizing.large.Store(true)
		ctx, cancel := context.WithTimeout(s.site.Context(), time.Minute)
		defer cancel()
		var err error
		name := string(f.data)
		if body, err = s.getLarge(ctx, name); err != nil {
			s.log.Warn("cluster: cannot fetch results", "worker", s.workers.where(from), "error", err)
			return // its lease will be over, or it is sent again
		}
		defer func() { _ = s.dropLarge(ctx, s.job, name) }()
	}
	if err := f.parseBody(body); err != nil {
		s.log.Warn("cluster: not understood", "worker", s.workers.where(from), "error", err)
		return
	}
	s.sizing.took(f.worked, count(f.marks))
	if s.claim(p, f) {
		s.hand(p, f, from)
		s.fault(s.settle(p, f))
	}
	s.reply(msg, f, from, s.stopping())
	s.ackLast(f)
}

// guard makes an error of the run of a panic.
func (s *stage[A, B, R]) guard() {
	if r := recover(); r != nil {
		s.site.Fail(&pl.StageError{Stage: s.site.Name(), Worker: -1, Err: &pl.PanicError{Value: r, Stack: debug.Stack()}})
	}
}

// standing is how a frame stands to what is under way.
type standing byte

const (
	current  standing = iota // its results count
	repeated                 // they have been taken, or those of another attempt count
	early                    // it will be sent again, after the one before it
	gone                     // all values of its parcel have ended, or are with other parcels
)

// find returns the parcel that a frame speaks of, unless it is gone.
func (s *stage[A, B, R]) find(f *frame, from *member) (*parcel[A], standing) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.parcels[f.parcel]
	if p == nil {
		s.figures.duplicates += uint64(f.ended)
		return nil, gone
	}
	if s.site.Results() != pl.Many {
		return p, current
	}
	if p.by == nil {
		p.by, p.attempt = from, f.attempt
	}
	switch {
	case !p.ofAttempt(f, from) || f.part <= p.part:
		s.figures.duplicates += uint64(f.ended)
		return p, repeated // what the answer says of stopping is set right there
	case f.part > p.part+1:
		return p, early
	}
	return p, current
}

// ofAttempt reports whether a frame is of the attempt whose frames count.
func (p *parcel[A]) ofAttempt(f *frame, from *member) bool {
	return p.by == from && p.attempt == f.attempt
}

// reply answers to a frame that wants an answer.
func (s *stage[A, B, R]) reply(msg *nats.Msg, f *frame, from *member, stop bool) {
	if msg.Reply == "" {
		return
	}
	if stop && !s.stopping() { // of a frame that was taken before, only that is said
		s.mu.Lock()
		p := s.parcels[f.parcel]
		stop = p == nil || p.by != nil && !p.ofAttempt(f, from)
		s.mu.Unlock()
	}
	data := binary.AppendUvarint(nil, f.attempt)
	data = binary.AppendUvarint(data, f.part)
	if stop {
		data = append(data, 1)
	} else {
		data = append(data, 0)
	}
	_ = s.nc.Publish(msg.Reply, data)
}

// claim finds the values that a frame speaks of, and keeps them from being sent elsewhere while it is handed on. It reports
// false where the parcel has been given up.
func (s *stage[A, B, R]) claim(p *parcel[A], f *frame) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	p.part = f.part
	s.named = s.named[:0]
	values := p.values[min(f.first, len(p.values)):]
	for _, m := range f.marks {
		n := min(m.n, len(values))
		for _, v := range values[:n] {
			switch {
			case v.in == p && !v.over:
				v.held = true
			case m.fate != fateOpen:
				s.figures.duplicates++
				fallthrough
			default:
				v = nil
			}
			s.named = append(s.named, v)
		}
		values = values[n:]
	}
	return s.parcels[p.id] == p
}

// settle ends the values of a frame that are done with, and lets go of the others. If nothing more comes of the parcel,
// values that were given back, or whose results were lost, are sent again, but for those that it returns: they kill their
// workers.
func (s *stage[A, B, R]) settle(p *parcel[A], f *frame) (poison []*value[A]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, v := range s.named {
		if v != nil {
			v.held = false
		}
	}
	s.endLocked(p, s.done...)
	clear(s.done)
	clear(s.named)
	s.done = s.done[:0]
	if f.flags&flagLast != 0 && !p.dead {
		poison = s.again(p, s.withdraw(p, f.begun), false)
	}
	if f.flags&flagLast != 0 || p.dead {
		poison = append(poison, s.again(p, s.withdraw(p, 0), true)...)
	}
	s.count()
	s.free()
	return poison
}

// hand hands on the results of a frame, and does what its marks say.
func (s *stage[A, B, R]) hand(p *parcel[A], f *frame, from *member) {
	s.dec = decoder(s.out, s.dec)
	r := unpacker[R]{cutter: cutter{data: f.data}, dec: s.dec}
	if n := count(f.marks); len(s.named) > 0 && s.named[0] != nil {
		s.port.Measured(s.named[0].item, f.worked/time.Duration(n), n)
	}
	atOnce, reserves := !s.boundless(), s.reserves()
	ended := 0
	defer func() {
		clear(r.decoded) // the decoder must not keep them
		from.done.Add(uint64(ended))
	}()
	values := s.named
	for _, m := range f.marks {
		n := min(m.n, len(values)) // the parcel has no more
		if !atOnce && m.fate == fateDone && m.results == 1 {
			handed := s.handAlike(values[:n], &r)
			ended += handed
			n -= handed
			values = values[handed:]
		}
		for _, v := range values[:n] {
			var why error
			for need := m.results; need > 0; {
				results, n, err := r.next(need)
				need -= n
				if err != nil {
					why = crossing.Framed(s.workers.where(from)+": ", err)
				} else if v != nil && why == nil {
					s.emitAll(v, results, reserves)
				}
			}
			if v == nil {
				continue
			}
			s.conclude(v, p, m, why)
			if m.fate != fateOpen {
				ended++
			}
			if atOnce && len(s.done) > 0 {
				s.mu.Lock()
				s.endLocked(p, v)
				s.count()
				s.free()
				s.mu.Unlock()
				s.done = s.done[:0]
			}
		}
		values = values[n:]
	}
}
