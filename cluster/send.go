package cluster

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/internal/crossing"
)

// feed sends values until the input has ended and all are done, or the stage must stop.
func (s *stage[A, B, R]) feed() {
	for !s.stopping() {
		n, over := s.room()
		switch {
		case over:
			return
		case n == 0:
			select {
			case <-s.freed:
			case <-s.site.Context().Done():
			}
		default:
			if values := s.next(n); len(values) > 0 {
				s.dispatch(values)
			}
		}
	}
}

// room returns how many values may be sent now, in one message, and whether all is over.
func (s *stage[A, B, R]) room() (n int, over bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended && s.flying == 0 {
		return 0, true
	}
	if s.ended && len(s.own) == 0 {
		return 0, false
	}
	if len(s.parcels)+s.waiting >= s.mostParcels() || s.bytes >= s.settings.maxBytes && len(s.parcels) > 0 {
		return 0, false
	}
	n = s.batchSize()
	if len(s.own) > 0 { // they have room already
		return n, false
	}
	if s.boundless() {
		return n, false
	}
	free := s.most() + s.reserved - s.flying
	if free < n && s.site.Results() != pl.Many {
		got := s.port.Reserve(n - free)
		s.reserved += got
		free += got
	}
	return max(0, min(n, free)), false
}

// trim gives back the room that is reserved for values to come. While the stage waits for those, others must have it: what
// the stage waits for may wait for them, as where two stages of one input leave their results in one queue. The lock is
// held.
func (s *stage[A, B, R]) trim() {
	switch n := s.reserved - s.flying; {
	case s.flying == 0: // also what was reserved while a result waited for room, and is not counted
		s.reserved = 0
		s.port.Unreserve(math.MaxInt)
	case n > 0:
		s.reserved -= n
		s.port.Unreserve(n)
	}
}

// boundless reports whether results need no room.
func (s *stage[A, B, R]) boundless() bool { return s.site.Results() == pl.None || s.port.Boundless() }

// reserves reports whether room for results is reserved.
func (s *stage[A, B, R]) reserves() bool { return s.site.Results() != pl.Many && !s.boundless() }

// exact reports whether no more values must be with workers than they can begin.
func (s *stage[A, B, R]) exact() bool {
	return s.site.OneByOne() || s.site.Calls() || s.site.Attempts() > 1 || s.site.Reports() || s.site.Keyed()
}

// ordered reports whether one value is under way at a time, so that their order must be kept. Then no message is sent while
// another is out: it would overtake what is given back of that one.
func (s *stage[A, B, R]) ordered() bool { return s.site.WorkersGiven() && s.site.Workers() == 1 }

const (
	// aheadTimeServer is how much work waits at the server for workers to pull.
	aheadTimeServer = 20 * time.Millisecond
	// mostValuesAhead limits the values of that work, for each slot: more are no use, and leave the processor's cache.
	mostValuesAhead = 16384
)

// mostParcels is how many messages may be out. The lock is held.
func (s *stage[A, B, R]) mostParcels() int {
	most := s.most()
	if s.exact() || s.ordered() {
		return most
	}
	if s.site.WorkersGiven() {
		return 2 * most
	}
	ahead := 4
	if cost := s.sizing.cost() * time.Duration(s.batchSize()); cost > 0 {
		ahead = int(min(max(aheadTimeServer/cost, 2), 128))
		ahead = min(ahead, max(2, mostValuesAhead/s.batchSize()))
	}
	return most * ahead
}

// batchSize is how many values a message has. The lock is held.
func (s *stage[A, B, R]) batchSize() int {
	switch {
	case s.settings.maxDeliver == 1 || s.site.OneByOne() || s.site.Calls() || s.site.Reports() || s.exact() && s.most() == 1:
		return 1
	case s.settings.batchSize > 0:
		return s.settings.batchSize
	}
	return s.sizing.batch()
}

// next returns up to n values to send: those that wait to be sent again, else what is in the queue, for which it waits.
func (s *stage[A, B, R]) next(n int) []*value[A] {
	s.mu.Lock()
	if values := s.cut(n); len(values) > 0 {
		s.mu.Unlock()
		return values
	}
	s.clearSlab(n)
	s.mu.Unlock()
	got := s.port.TryPull(s.empty.items[:n])
	if got == 0 {
		var ok bool
		if got, ok = s.pull(n); !ok {
			return nil
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	values := s.fresh(got)
	s.flying += got
	s.count()
	if len(s.own) > 0 { // given back meanwhile, and earlier
		s.adopt(values...)
		return s.cut(n)
	}
	return values
}

// pull waits for up to n values of the queue. It reports false at the end, and where there is something else to send.
func (s *stage[A, B, R]) pull(n int) (got int, ok bool) {
	ctx, cancel := context.WithCancel(s.site.Context())
	defer cancel()
	s.mu.Lock()
	if len(s.own) > 0 {
		cancel()
	}
	s.pulling = cancel
	if s.reserves() {
		s.trim()
		n = max(1, min(n, s.most()+s.reserved-s.flying))
	}
	s.mu.Unlock()
	got, ok = s.port.Pull(ctx, s.empty.items[:n])
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pulling = nil
	if !ok {
		s.ended = s.ended || ctx.Err() == nil
	}
	return got, ok
}

// cut takes up to n of the values that wait to be sent. One that must be alone comes alone. The lock is held.
func (s *stage[A, B, R]) cut(n int) []*value[A] {
	n = min(n, len(s.own))
	for i, v := range s.own[:n] {
		if v.alone != nil {
			n = max(i, 1)
			break
		}
	}
	values := s.own[:n:n]
	s.own = s.own[n:]
	return values
}

// dispatch sends values. Those that cannot be encoded fail.
func (s *stage[A, B, R]) dispatch(values []*value[A]) {
	if s.site.OneByOne() {
		for _, v := range values {
			if !s.port.Admit(v.item) {
				return
			}
		}
	}
	for len(values) > 0 && !s.stopping() {
		n := s.sizing.fit(len(values))
		data, err := s.encode(values[:n])
		if err == nil && n > 1 && len(data) > frameSize+frameSize/4 {
			s.sizing.saw(len(data), n)
			continue
		}
		switch {
		case err != nil && n > 1 && s.ordered():
			n = 1
			s.dispatchOne(values[0])
		case err != nil && n > 1:
			for _, v := range values[:n] {
				s.dispatchOne(v)
			}
		case err != nil:
			s.refuse(values[0], err)
		default:
			s.sizing.saw(len(data), n)
			s.post(values[:n], data)
		}
		values = values[n:]
		if s.ordered() && len(values) > 0 {
			s.mu.Lock()
			s.adopt(values...)
			s.mu.Unlock()
			return
		}
	}
}

func (s *stage[A, B, R]) dispatchOne(v *value[A]) {
	data, err := s.encode([]*value[A]{v})
	if err != nil {
		s.refuse(v, err)
		return
	}
	s.post([]*value[A]{v}, data)
}

// encode encodes ids and values. What it returns is valid until the next call.
func (s *stage[A, B, R]) encode(values []*value[A]) (buf []byte, err error) {
	s.ids, s.plain = s.ids[:0], s.plain[:0]
	for _, v := range values {
		s.ids, s.plain = append(s.ids, v.id), append(s.plain, v.item.Value)
	}
	plain := s.plain
	defer func() {
		clear(plain)
		s.buf = kept(buf)
	}()
	s.enc = encoder(s.in, s.enc)
	buf = appendIDs(s.buf, s.ids)
	if !s.in.Single {
		return appendChunk(buf, s.enc, plain)
	}
	for i := range plain {
		if buf, err = appendChunk(buf, encoder(s.in, s.enc), plain[i:i+1]); err != nil {
			s.enc = nil
			return nil, err
		}
	}
	return buf, nil
}

// refuse asks the stage's policy about a value that cannot be sent.
func (s *stage[A, B, R]) refuse(v *value[A], err error) {
	s.finishing.Lock()
	defer s.finishing.Unlock()
	s.fail(v, nil, crossing.Explained("cannot encode the value", err))
}

// post makes a parcel of values, with what they are encoded as, and sends it.
func (s *stage[A, B, R]) post(values []*value[A], data []byte) {
	s.mu.Lock()
	s.last++
	p := &parcel[A]{id: s.last, values: values, left: len(values), bytes: int64(len(data)), sent: time.Now()}
	w := work{parcel: p.id, data: data}
	known := values[0].alone
	if known != nil {
		w.begun = known.began
	}
	if known != nil || s.settings.maxDeliver == 1 {
		p.alone = true
		w.flags |= flagAlone
	}
	for _, v := range values {
		v.in = p
	}
	large := len(data) > int(s.nc.MaxPayload())-overhead
	if large {
		p.sent = time.Time{}
	}
	s.parcels[p.id] = p
	s.bytes += p.bytes
	s.mu.Unlock()
	if large {
		s.sizing.large.Store(true)
		w.flags |= flagLarge
		p.object = fmt.Sprintf("%s/w/%d", s.job, p.id)
		if err := s.putLarge(s.site.Context(), p.object, data, &s.settings); err != nil {
			if s.stopping() {
				return
			}
			s.finishing.Lock()
			defer s.finishing.Unlock()
			for _, v := range values {
				s.fail(v, p, fmt.Errorf("cannot store the value, of %d encoded bytes, as an object of the cluster: %w", len(data), err))
			}
			return
		}
		w.data = []byte(p.object)
		s.mu.Lock()
		p.sent = time.Now()
		s.mu.Unlock()
	}
	message := w.append(s.message)
	err := s.nc.Publish(s.work(s.job), message)
	s.message = kept(message)
	switch {
	case err == nil:
	case errors.Is(err, nats.ErrConnectionClosed) || errors.Is(err, nats.ErrMaxPayload):
		s.site.Fail(&pl.StageError{Stage: s.site.Name(), Worker: -1, Err: fmt.Errorf("cannot send values: %w%s", err, s.Cluster.last())})
	default: // they are missed later, and sent again
		s.log.Debug("cluster: cannot send", "error", err)
	}
}

// sizing finds how many values make a message.
type sizing struct {
	each   atomic.Int64 // nanoseconds that a value takes at a worker
	weight atomic.Int64 // bytes of a value, encoded
	large  atomic.Bool  // there were objects
}

const (
	// batchTime is how much work a message has.
	batchTime  = 10 * time.Millisecond
	mostAdapts = 256
)

// took learns from what n values took.
func (z *sizing) took(worked time.Duration, n int) {
	if n == 0 {
		return
	}
	each := max(int64(worked)/int64(n), 1)
	if old := z.each.Load(); old > 0 {
		each = (7*old + each) / 8
	}
	z.each.Store(each)
}

func (z *sizing) cost() time.Duration { return time.Duration(z.each.Load()) }

// batch is how many values a message has without BatchSize: at first one.
func (z *sizing) batch() int {
	each := z.each.Load()
	if each == 0 {
		return 1
	}
	return int(min(max(int64(batchTime)/each, 1), mostAdapts))
}

// saw learns from what values weigh.
func (z *sizing) saw(bytes, n int) { z.weight.Store(int64(max(bytes/n, 1))) }

// fit is how many of n values make a message that is not too large.
func (z *sizing) fit(n int) int {
	if weight := z.weight.Load(); weight > 0 {
		return max(1, min(n, int(frameSize/weight)))
	}
	return max(1, min(n, 16))
}
