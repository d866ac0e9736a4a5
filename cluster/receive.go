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
	p, late := s.find(f)
	if p == nil {
		if late {
			s.reply(msg, f, true)
		}
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
	s.hand(p, f)
	s.reply(msg, f, s.stopping())
	if f.flags&flagLast != 0 {
		s.concludeParcel(p, f)
	}
}

// guard makes an error of the run of a panic.
func (s *stage[A, B, R]) guard() {
	if r := recover(); r != nil {
		s.site.Fail(&pl.StageError{Stage: s.site.Name(), Worker: -1, Err: &pl.PanicError{Value: r, Stack: debug.Stack()}})
	}
}

// find returns the parcel that a frame speaks of. If there is none, late reports that the sender should hear of it.
func (s *stage[A, B, R]) find(f *frame) (p *parcel[A], late bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p = s.parcels[f.parcel]
	if p == nil {
		s.figures.duplicates++
		return nil, true
	}
	if s.site.Results() != pl.Many {
		return p, false
	}
	if !p.attemptBy {
		p.attemptBy, p.attempt = true, f.attempt
	}
	switch {
	case p.attempt != f.attempt:
		s.figures.duplicates++
		return nil, true
	case f.part <= p.part:
		return nil, true // taken already; what the answer says of stopping is set right below
	case f.part > p.part+1:
		return nil, false // it will be sent again, after the one before
	}
	p.part = f.part
	return p, false
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

// hand hands on the results of a frame, and does what its marks say.
func (s *stage[A, B, R]) hand(p *parcel[A], f *frame) {
	c := cutter{data: f.data}
	dec := s.out.Decoder()
	var results []R // decoded
	var left int    // results of a chunk that could not be decoded
	var broken error
	for i, m := range f.marks {
		v := s.valueOf(p, f.first+i)
		var why error
		for need := m.results; need > 0; {
			if len(results) == 0 && left == 0 {
				n, data := c.chunk()
				n = max(1, n)
				batch, err := dec.Decode(data, n)
				if c.err != nil {
					err = c.err
				}
				if err != nil {
					left, broken = n, crossing.Explained("cannot decode the result", err)
				} else {
					results = batch
				}
			}
			if left > 0 {
				n := min(left, need)
				left, need = left-n, need-n
				why = broken
				continue
			}
			n := min(len(results), need)
			if v != nil && why == nil {
				s.emitAll(v, results[:n])
			}
			results, need = results[n:], need-n
		}
		if v != nil {
			s.conclude(v, p, m, why)
		}
	}
}

// valueOf returns a value of p, unless it has ended or is elsewhere.
func (s *stage[A, B, R]) valueOf(p *parcel[A], i int) *value[A] {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i < 0 || i >= len(p.values) {
		return nil
	}
	v := p.values[i]
	if v.in != p || v.over {
		s.figures.duplicates++
		return nil
	}
	return v
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
		s.mu.Lock()
		s.reserved = max(0, s.reserved-1)
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
		s.fail(v, p, m.failure.err())
	case v.broken != nil:
		err := v.broken
		v.broken = nil
		s.fail(v, p, err)
	default:
		s.port.Done(&v.item)
		s.end(v, p)
	}
}

// err is the failure as the stage's policy sees it.
func (f *failure) err() error {
	if f.TimedOut {
		return pl.ErrTimeout
	}
	return crossing.Framed(f.Where+": ", f.Failure.Err())
}

// end counts a value as ended.
func (s *stage[A, B, R]) end(v *value[A], p *parcel[A]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.endLocked(v, p)
}

func (s *stage[A, B, R]) endLocked(v *value[A], p *parcel[A]) {
	v.over = true
	v.item = pl.Item[A]{}
	s.flying--
	s.over++
	s.leaveParcel(v, p)
	s.count()
	s.free()
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
	if !d.Again {
		s.endLocked(v, p)
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

// concludeParcel ends a parcel of which nothing more comes. Values whose results were lost are sent again.
func (s *stage[A, B, R]) concludeParcel(p *parcel[A], f *frame) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if values := s.withdraw(p, 0); len(values) > 0 {
		s.figures.resubmitted += len(values)
		s.adopt(values...)
	}
	s.ack(f.ack)
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
			p.began = true
		}
		s.mu.Unlock()
	case r.OnStart != nil && !s.stopping():
		s.site.Fail(&pl.StageError{Stage: s.site.Name(), Worker: -1, Err: crossing.Framed("host "+r.Host+": ", r.OnStart.Err())})
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
	p := s.parcels[b.Parcel]
	if p == nil {
		s.mu.Unlock()
		s.ack(b.Ack)
		return
	}
	values := s.withdraw(p, b.From)
	if b.Ack != "" {
		s.ack(b.Ack)
	}
	var poison []*value[A]
	if b.Delivered > 1 {
		s.figures.redelivered += len(values)
		s.log.Info("cluster: a worker was lost, or its lease was over", "values", len(values))
		values, poison = s.suspect(p, values)
	}
	s.adopt(values...)
	s.mu.Unlock()
	for _, v := range poison {
		s.finishing.Lock()
		began := v.began
		v.began = 0
		s.fail(v, nil, &PoisonError{Deliveries: began})
		s.finishing.Unlock()
	}
}
