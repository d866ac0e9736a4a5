package cluster

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"runtime/debug"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/internal/crossing"
	"github.com/gopeln/pl/internal/wire"
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

// unpacker takes results out of a frame.
type unpacker[R any] struct {
	cutter
	dec    wire.Decoder[R]
	values []R   // decoded
	lost   int   // results of a chunk that could not be decoded
	why    error // why
}

// next returns up to n results, and how many they are, also if they could not be decoded.
func (u *unpacker[R]) next(n int) (results []R, got int, err error) {
	if len(u.values) == 0 && u.lost == 0 {
		size, data := u.chunk()
		size = max(size, 1)
		u.values, err = u.dec.Decode(data, size)
		if u.err != nil {
			err = u.err
		}
		if err != nil {
			u.values, u.lost, u.why = nil, size, crossing.Explained("cannot decode the result", err)
		}
	}
	if u.lost > 0 {
		got = min(n, u.lost)
		u.lost -= got
		return nil, got, u.why
	}
	got = min(n, len(u.values))
	results = u.values[:got]
	u.values = u.values[got:]
	return results, got, nil
}

// emitAll hands on results of v.
func (s *stage[A, B, R]) emitAll(v *value[A], results []R) {
	if v.stale {
		v.stale = false
		s.port.Restart(&v.item)
	}
	for _, r := range results {
		if !s.lift(s.port, &v.item, r) {
			return
		}
	}
	if s.reserves() {
		s.mu.Lock()
		s.reserved = max(0, s.reserved-len(results))
		s.mu.Unlock()
	}
}

// conclude does what a mark says. why is why the results could not be decoded, if so.
func (s *stage[A, B, R]) conclude(v *value[A], p *parcel[A], m mark, why error) {
	if v.stale { // it has no results, or none that could be decoded
		v.stale = false
		s.port.Restart(&v.item)
	}
	if why != nil {
		v.broken = why
	}
	switch {
	case m.fate == fateOpen:
	case m.fate == fateFailed:
		v.broken = nil
		if f := m.failure; f.Stray != 0 {
			s.workers.await(f.Worker, f.Stray, s.port.Keep(&v.item))
		}
		s.fail(v, p, m.failure.err())
	case v.broken != nil:
		err := v.broken
		v.broken = nil
		s.fail(v, p, err)
	default:
		s.port.Done(&v.item)
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

// endLocked counts a value as ended. The lock is held.
func (s *stage[A, B, R]) endLocked(v *value[A], p *parcel[A]) {
	v.over, v.held = true, false
	v.item = pl.Item[A]{}
	s.flying--
	s.over++
	if s.pulling != nil || s.ended {
		s.trim()
	}
	s.leaveParcel(v, p)
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
	d := s.port.Fail(&v.item, err)
	s.mu.Lock()
	defer s.mu.Unlock()
	v.held = false
	if !d.Again {
		s.endLocked(v, p)
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

// hear takes what a worker says beside results.
func (s *stage[A, B, R]) hear(msg *nats.Msg) {
	defer s.guard()
	var r report
	if json.Unmarshal(msg.Data, &r) != nil {
		return
	}
	s.workers.note(r)
	if !s.driven.Load() {
		return
	}
	switch {
	case r.Back != nil:
		s.takeBack(r.Back)
	case r.Began != 0:
		s.mu.Lock()
		if p := s.parcels[r.Began]; p != nil {
			p.began, p.where = true, r.where()
		}
		s.mu.Unlock()
	case r.OnStart != nil && !s.stopping():
		s.site.Fail(&pl.StageError{Stage: s.site.Name(), Worker: -1, Err: crossing.Framed(r.where()+": ", r.OnStart.Err())})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count()
	s.free()
}

// suspect decides about values whose worker was lost. Those that ran beside others may have begun, and run alone from now
// on; of one that ran alone it is known that it began, and how often. The lock is held.
func (s *stage[A, B, R]) suspect(p *parcel[A], values []*value[A]) (again, poison []*value[A]) {
	for _, v := range values {
		v.alone = true
		switch {
		case !p.alone:
			v.began = 1
		case p.began:
			v.began++
			v.where = p.where
		}
		if p.alone && v.began >= s.settings.maxDeliver {
			poison = append(poison, v)
		} else {
			again = append(again, v)
		}
	}
	return again, poison
}

// takeBack takes values back that have not begun, or whose worker was lost.
func (s *stage[A, B, R]) takeBack(b *back) {
	s.mu.Lock()
	var poison []*value[A]
	if p := s.parcels[b.Parcel]; p != nil {
		p.lost = p.lost || b.Delivered > 1
		poison = s.again(p, s.withdraw(p, b.From))
	}
	s.ack(b.Ack)
	s.mu.Unlock()
	if len(poison) > 0 {
		s.finishing.Lock()
		defer s.finishing.Unlock()
		s.fault(poison)
	}
}

// again puts values that were withdrawn from p in line again, but for those that it returns: they kill their workers. The
// lock is held.
func (s *stage[A, B, R]) again(p *parcel[A], values []*value[A]) (poison []*value[A]) {
	if p.lost && len(values) > 0 {
		s.figures.redelivered += len(values)
		s.log.Info("cluster: a worker was lost, or its lease was over", "values", len(values))
		values, poison = s.suspect(p, values)
	}
	s.adopt(values...)
	return poison
}

// fault fails values that kill their workers. finishing is held.
func (s *stage[A, B, R]) fault(poison []*value[A]) {
	for _, v := range poison {
		began := v.began
		v.began = 0
		s.fail(v, nil, crossing.Framed(v.where+": ", pl.Permanent(&PoisonError{Deliveries: began})))
	}
}
