package cluster

import (
	"context"
	"encoding/binary"
	"runtime/debug"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/gopeln/pl"
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
	p, is := s.find(f)
	switch is {
	case early:
		return
	case repeated:
		s.reply(msg, f, true)
		return
	case gone:
		s.reply(msg, f, true)
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
			s.log.Warn("cluster: cannot fetch results", "error", err)
			return // its lease will be over, or it is sent again
		}
		defer func() { _ = s.dropLarge(ctx, s.job, name) }()
	}
	if err := f.parseBody(body); err != nil {
		s.log.Warn("cluster: not understood", "error", err)
		return
	}
	s.sizing.took(f.worked, len(f.marks))
	if s.claim(p, f) {
		s.hand(p, f)
		s.fault(s.settle(p, f.flags&flagLast != 0))
	}
	s.reply(msg, f, s.stopping())
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
func (s *stage[A, B, R]) find(f *frame) (*parcel[A], standing) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.parcels[f.parcel]
	if p == nil {
		if !f.silent() {
			s.figures.duplicates++
		}
		return nil, gone
	}
	if s.site.Results() != pl.Many {
		return p, current
	}
	if !p.attemptBy {
		p.attemptBy, p.attempt = true, f.attempt
	}
	switch {
	case p.attempt != f.attempt:
		s.figures.duplicates++
		return p, repeated
	case f.part <= p.part:
		return p, repeated // what the answer says of stopping is set right there
	case f.part > p.part+1:
		return p, early
	}
	return p, current
}

// reply answers to a frame that wants an answer.
func (s *stage[A, B, R]) reply(msg *nats.Msg, f *frame, stop bool) {
	if msg.Reply == "" {
		return
	}
	if stop && !s.stopping() { // of a frame that was taken before, only that is said
		s.mu.Lock()
		p := s.parcels[f.parcel]
		stop = p == nil || p.attempt != f.attempt && p.attemptBy
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
	for i := range f.marks {
		var v *value[A]
		if at := f.first + i; at >= 0 && at < len(p.values) {
			v = p.values[at]
		}
		if v != nil && (v.in != p || v.over) {
			s.figures.duplicates++
			v = nil
		}
		if v != nil {
			v.held = true
		}
		s.named = append(s.named, v)
	}
	return s.parcels[p.id] == p
}

// settle ends the values of a frame that are done with, and lets go of the others. If nothing more comes of the parcel,
// values whose results were lost are sent again, but for those that it returns: they kill their workers.
func (s *stage[A, B, R]) settle(p *parcel[A], last bool) (poison []*value[A]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, v := range s.named {
		if v != nil {
			v.held = false
		}
	}
	for _, v := range s.done {
		s.endLocked(v, p)
	}
	clear(s.done)
	clear(s.named)
	s.done = s.done[:0]
	if last || p.dead {
		poison = s.again(p, s.withdraw(p, 0))
	}
	s.count()
	s.free()
	return poison
}

// hand hands on the results of a frame, and does what its marks say.
func (s *stage[A, B, R]) hand(p *parcel[A], f *frame) {
	r := unpacker[R]{cutter: cutter{data: f.data}, dec: s.out.Decoder()}
	atOnce := !s.boundless()
	for i, m := range f.marks {
		v := s.named[i]
		if v != nil && i == 0 {
			s.port.Measured(&v.item, f.worked/time.Duration(len(f.marks)), len(f.marks))
		}
		var why error
		for need := m.results; need > 0; {
			results, n, err := r.next(need)
			need -= n
			if err != nil {
				why = err
			} else if v != nil && why == nil {
				s.emitAll(v, results)
			}
		}
		if v != nil {
			s.conclude(v, p, m, why)
			if atOnce && len(s.done) > 0 {
				s.mu.Lock()
				s.endLocked(v, p)
				s.count()
				s.free()
				s.mu.Unlock()
				s.done = s.done[:0]
			}
		}
	}
}
