package pl

import (
	"context"
	"sync"
)

// assemble makes a stage with workers: its queue, and what its backend starts.
func assemble[A, B any](b *builder, o *operator[B], backend Backend, in node, op Operation[A, B]) {
	s := b.site(&o.base)
	input := joined[A](b, o, in, s)
	out := outletOf[B](b, o)
	out.site = s
	p := places{marks: b.marks[o], results: op.Results}
	figures := b.tallies[o]
	s.worker = func(index int) Worker {
		s.workers.Add(1)
		results := out.emitter()
		w := &worker[A, B]{
			site: s, index: index, open: op.Open, one: op.One, places: p,
			in: input.consumer(results.word()), out: results, counts: figures.add(),
		}
		w.ctx = s.workerContext(&o.base, index)
		w.flushWhenIdle()
		return w
	}
	s.start = func() { backend.Start(s) }
	s.onEnd = out.close
}

// worker is one worker of a stage: what its seats share.
type worker[A, B any] struct {
	site   *Site
	index  int
	ctx    context.Context
	open   Opener[A, B]
	one    func(context.Context, A) (B, error) // what the kernel does, if it is that simple
	in     inlet[A]
	window *inPort[A]       // in, if it is one
	direct *channelQueue[A] // in, if it is one
	out    *emitter[B]
	places places
	counts *counts
	tally  tally

	tenure[A, B]

	mu      sync.Mutex
	orphans []*handler[A, B] // with a value whose goroutine was ended by the user's function
	idle    []*handler[A, B]
}

func (w *worker[A, B]) Context() context.Context { return w.ctx }

// Serve is safe to be called again by another goroutine after one has been ended by Goexit.
func (w *worker[A, B]) Serve(seat Seat) {
	h := w.handler(seat)
	if own, ok := seat.(*goroutineSeat); ok {
		h.timed = own.arm(h.of.cfg.timeout, func() { w.replace(h, own) })
		h.attended = h.timed
		defer own.disarm()
	} else {
		h.attended, h.timed = true, h.of.cfg.timeout > 0
	}
	for w.serve(h) {
	}
	if h.left.opened { // replaced while its function was out
		w.closeTenure(h.left, w.status())
		return
	}
	w.release(h)
}

// bequeath leaves the value of a goroutine that is being ended to the next that serves.
func (w *worker[A, B]) bequeath(h *handler[A, B]) {
	if h.left.opened { // it has been replaced already
		w.closeTenure(h.left, w.status())
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.orphans = append(w.orphans, h)
}

// replace is called when the function of h ignores that its time is over: another goroutine, with a resource of its
// own, takes over the worker's place and the value that failed. The old one closes its resource when it comes back.
func (w *worker[A, B]) replace(h *handler[A, B], seat *goroutineSeat) {
	h.left, w.tenure = w.tenure, tenure[A, B]{}
	heir := w.vacant()
	heir.busy, heir.v, heir.t = true, h.v, h.t
	heir.attempt, heir.given, heir.fault = h.attempt, h.given, ErrTimeout
	w.bequeath(heir)
	w.site.employ(w, false)
	seat.token.release()
}

// handler finds work left behind by a goroutine that was ended, else makes a handler.
func (w *worker[A, B]) handler(seat Seat) *handler[A, B] {
	w.mu.Lock()
	defer w.mu.Unlock()
	h := w.orphan()
	if h == nil {
		h = w.vacant()
	}
	h.seat, h.kernel = seat, w.kernel
	return h
}

func (w *worker[A, B]) orphan() *handler[A, B] {
	if len(w.orphans) == 0 {
		return nil
	}
	h := w.orphans[len(w.orphans)-1]
	w.orphans = w.orphans[:len(w.orphans)-1]
	return h
}

func (w *worker[A, B]) vacant() *handler[A, B] {
	if n := len(w.idle); n > 0 {
		h := w.idle[n-1]
		w.idle = w.idle[:n-1]
		return h
	}
	h := &handler[A, B]{
		site: w.site, of: w.site.of, index: w.index, ctx: w.ctx, places: w.places, tally: &w.tally,
	}
	h.put = func(v B, t tag) bool { return w.out.put(h.seat, v, t) }
	h.emit = h.hand
	if len(h.marks) == 0 {
		h.port, h.channel = w.out.port, w.out.channel
	}
	return h
}

func (w *worker[A, B]) release(h *handler[A, B]) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.idle = append(w.idle, h)
}

// flush publishes the tally.
func (w *worker[A, B]) flush() { w.counts.publish(&w.tally) }

// flushWhenIdle has the tally published whenever the worker turns to the queue, so that the figures of a worker that
// waits are exact, and those of a busy one lag by a window at most.
func (w *worker[A, B]) flushWhenIdle() {
	w.direct, _ = w.in.(*channelQueue[A])
	if w.window, _ = w.in.(*inPort[A]); w.window != nil {
		w.window.onFill = w.flush
	}
}
