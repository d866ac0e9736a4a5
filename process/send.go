package process

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"github.com/gopeln/pl/internal/child"
	"github.com/gopeln/pl/internal/crossing"
	"github.com/gopeln/pl/internal/guard"
	"github.com/gopeln/pl/internal/wire"
)

// start starts a worker and says hello to it.
func (s *slot[A, B, R]) start(prompt bool) (*remote[A, R], error) {
	proc, err := s.starter.Start(s.environment())
	if err != nil {
		return nil, fmt.Errorf("cannot start a worker process: %w", err)
	}
	w := &remote[A, R]{
		proc: proc, stderr: s.stderr.read(proc), page: pageOf(proc.Shared), began: time.Now(), ended: make(chan struct{}),
		out: wire.NewWriter(proc.In, wire.MaxFrame), enc: s.in.Encoder(), sizing: sizing{1},
		frames: wire.NewReader(proc.Out, wire.MaxFrame), dec: s.out.Decoder(),
		freed: make(chan struct{}, 1), window: s.firstWindow(prompt), oneByOne: s.site.OneByOne() || s.site.Calls(), budget: math.MaxInt,
	}
	values, results := arenasOf(proc.Shared)
	w.out.Share(values)
	w.frames.Share(results)
	if s.settings.recycle > 0 {
		w.budget = s.settings.recycle
	}
	if s.port.Boundless() {
		w.granted = unlimited
		w.page.granted.Store(unlimited)
	}
	w.ctx, w.cancel = context.WithCancel(s.site.Context())
	s.mu.Lock()
	s.remote = w
	s.mu.Unlock()
	s.stir()
	return w, w.out.Append(frameHello, jsonPayload(s.hello(s.index, prompt)))
}

// send sends values to w while it is to have more, first those in next. It reports whether the
// input has ended or the stage stops.
func (s *slot[A, B, R]) send(w *remote[A, R], next []*flight[A]) (ended bool) {
	s.dispatch(w, next) // with the hello, also if there are none
	for {
		n := w.credit()
		if n <= 0 {
			return s.stopping()
		}
		next, ok := s.next(w.ctx, n)
		if !ok {
			return s.stopping() || w.ctx.Err() == nil
		}
		s.dispatch(w, next)
	}
}

// dispatch sends values. What may wait for as long as a function takes comes last: a write to a
// full pipe, and the verdict on a value that cannot be encoded. Values that are left by then become
// the slot's own, so that others can have them.
func (s *slot[A, B, R]) dispatch(w *remote[A, R], values []*flight[A]) {
	const full = 4 * frameSize
	single := s.in.Single
	var bad *flight[A]
	var err error
	if s.site.OneByOne() && !s.admit(w, values) {
		return
	}
	for len(values) > 0 && bad == nil && w.out.Buffered() < full && !w.out.Tailed() {
		n := min(len(values), w.sizing.batch)
		if single {
			n = 1
		}
		switch err = s.pack(w, values[:n]); {
		case err != nil && n > 1:
			single = true // and try again
			continue
		case err != nil:
			bad = values[0]
		}
		values = values[n:]
	}
	if len(values) > 0 {
		s.adopt(values...)
	}
	if err := w.out.Flush(); child.IsGone(err) {
		w.kill() // it is dead, or would never read
	}
	if bad != nil {
		s.unsendable(bad, err)
	}
}

// admit waits until the values may be tried, as a stage wants it whose values go one by one; the
// worker gets ready meanwhile. It reports false where the stage stops.
func (s *slot[A, B, R]) admit(w *remote[A, R], values []*flight[A]) bool {
	if err := w.out.Flush(); child.IsGone(err) {
		w.kill()
	}
	for _, f := range values {
		if !s.port.Admit(&f.item) {
			return false
		}
	}
	return true
}

// pack appends a batch as one frame and counts it as sent.
func (s *slot[A, B, R]) pack(w *remote[A, R], batch []*flight[A]) error {
	for _, f := range batch {
		s.values = append(s.values, f.item.Value)
	}
	defer func() {
		clear(s.values)
		s.values = s.values[:0]
	}()
	w.mu.Lock()
	seq := w.first + uint64(len(w.flights))
	w.mu.Unlock()
	err := w.out.Append(frameValues, func(buf []byte) ([]byte, error) {
		buf = binary.AppendUvarint(buf, seq)
		buf = binary.AppendUvarint(buf, uint64(len(batch)))
		buf, size, err := wire.Encode(w.out, w.enc, buf, s.values)
		w.sizing.saw(size, len(batch))
		return buf, err
	})
	if err != nil {
		return err
	}
	w.budget -= len(batch)
	s.sent(w, batch)
	s.stir() // before a write that may wait for a function that never returns
	return nil
}

// unsendable asks the stage's policy about a value that could not be encoded.
func (s *slot[A, B, R]) unsendable(f *flight[A], err error) {
	if large, ok := guard.As[*wire.TooLargeError](err); ok {
		err = large
	}
	s.finishing.Lock()
	verdict := s.judge(f, crossing.Explained("cannot encode the value", err))
	s.finishing.Unlock() // results go on meanwhile
	if s.again(f, verdict) {
		s.adopt(f)
	}
}

// sent counts values as being with w. If w's values have just been taken back, it will skip these
// too.
func (s *slot[A, B, R]) sent(w *remote[A, R], batch []*flight[A]) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.add(batch)
	s.port.Team().Hold(len(batch))
	if s.observed {
		w.page.now.Store(int64(time.Since(w.began))) // before the worker begins with them
	}
	if w.revoking {
		s.adopt(retake(batch)...)
	}
	if w.welcomed && !w.handing { // one that is still starting would keep the room from the others
		s.reserve(w)
	}
}

// retake gives up flights that their worker will skip, and returns others in their place.
func retake[A any](flights []*flight[A]) []*flight[A] {
	others := make([]*flight[A], len(flights))
	for i, f := range flights {
		others[i] = &flight[A]{item: f.item, begun: f.begun, open: f.open}
		f.taken, f.open = true, false
	}
	return others
}

// sizing finds how many values make a frame.
type sizing struct{ batch int }

func (z *sizing) saw(bytes, values int) {
	z.batch = max(1, min(maxBatch, frameSize/max(1, bytes/values)))
}
