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

// tenure is what an Opener made: it changes when a worker is replaced after a timeout.
type tenure[A, B any] struct {
	kernel Kernel[A, B]
	close  func(context.Context) error
	opened bool
}

func (w *worker[A, B]) Open() bool {
	t, err := begin(w.ctx, w.open)
	if err != nil {
		if w.site.ctx.Err() == nil {
			w.site.Fail(&StageError{Stage: w.site.Name(), Worker: w.index, Err: err})
		}
		return false
	}
	w.tenure = t
	return true
}

// begin calls an Opener, guarded.
func begin[A, B any](ctx context.Context, open Opener[A, B]) (t tenure[A, B], err error) {
	returned := false
	defer func() {
		if !returned {
			err = fault(recover())
		}
	}()
	t.kernel, t.close, err = open(ctx)
	t.opened = err == nil
	returned = true
	return t, err
}

// end calls what an Opener returned for the end, guarded.
func (t *tenure[A, B]) end(ctx context.Context) (err error) {
	if !t.opened || t.close == nil {
		return nil
	}
	returned := false
	defer func() {
		if !returned {
			err = fault(recover())
		}
	}()
	err = t.close(ctx)
	returned = true
	return err
}

// fault is the error of a function that did not return: of its panic, or of Goexit where value is nil.
func fault(value any) error {
	if value == nil {
		return ErrGoexit
	}
	return recovered(value)
}

func (w *worker[A, B]) Context() context.Context { return w.ctx }

func (w *worker[A, B]) Close() {
	w.site.workers.Add(-1)
	w.closeTenure(w.tenure, w.status())
}

func (w *worker[A, B]) status() StageStatus {
	left := int(w.site.workers.Load())
	return StageStatus{ActiveWorkers: left, Done: left == 0}
}

func (w *worker[A, B]) closeTenure(t tenure[A, B], status StageStatus) {
	err := ErrGoexit // unless end returns
	defer func() {
		if err != nil {
			w.site.run.closed(&StageError{Stage: w.site.Name(), Worker: w.index, Err: err})
		}
	}()
	err = t.end(WithStatus(context.WithoutCancel(w.ctx), status))
}

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

// serve handles values until there are no more. A panic ends it early; then it reports true, with the value under way
// marked as failed.
func (w *worker[A, B]) serve(h *handler[A, B]) (again bool) {
	returned := false
	defer func() {
		if returned || !h.mine() {
			return
		}
		value := recover()
		h.caught(value)
		if again = value != nil; !again {
			w.bequeath(h)
		}
	}()
	usual := (w.window != nil || w.direct != nil) && (h.port != nil || h.channel != nil) && !h.timed
	take := w.next
	switch {
	case usual && w.one != nil && !h.attended:
		take = w.streamOne
	case usual:
		take = w.stream
	}
	for h.busy || take(h) {
		if !h.settle() {
			break
		}
	}
	returned = true
	if !h.left.opened {
		w.flush()
	}
	return false
}

// next gives h a value to handle, from whatever queue.
func (w *worker[A, B]) next(h *handler[A, B]) (ok bool) {
	if h.attended {
		h.seat.Rest()
	}
	if h.v, h.t, ok = w.in.take(h.seat); !ok || w.site.stopped.Load() {
		return false
	}
	h.begin()
	return true
}

// stream is the loop for the usual case: the queues are known, and the function succeeds without order or Timeout. It
// reports true with a value whose first attempt failed, false at the end.
func (w *worker[A, B]) stream(h *handler[A, B]) bool {
	for {
		if h.attended {
			h.seat.Rest()
		}
		if !w.receive(h) {
			return false
		}
		var err error
		if h.attended {
			err = h.callAttended()
		} else {
			h.calling = true
			err = h.kernel(h.ctx, h.v, h.emit)
			h.calling = false
		}
		switch {
		case h.refused:
			return false
		case err != nil:
			h.fault = err
			return true
		case h.given == 0:
			h.end()
		default:
			h.busy = false
		}
	}
}

// streamOne is stream where there is one result of each value, which the function returns.
func (w *worker[A, B]) streamOne(h *handler[A, B]) bool {
	for more := w.receive(h); more; {
		h.calling = true
		out, err := w.one(h.ctx, h.v)
		h.calling = false
		if err != nil {
			h.fault = err
			return true
		}
		h.busy = false
		h.tally.out++
		more = w.exchange(h, out)
	}
	return false
}

// exchange hands a result on and receives the next value. Within a window that is one step.
func (w *worker[A, B]) exchange(h *handler[A, B], out B) bool {
	if w.window == nil || h.port == nil {
		return w.out.put(h.seat, out, tag{}) && w.receive(h)
	}
	i, claimed, ok := h.port.publish(h.seat, out, tag{}, oneClaim)
	if !ok || !claimed {
		return ok && w.receive(h)
	}
	h.v, _ = w.window.remove(i)
	h.begin()
	return !w.site.stopped.Load()
}

// receive is next for the usual queues, without calls through an interface.
func (w *worker[A, B]) receive(h *handler[A, B]) bool {
	if w.window != nil {
		i, ok := w.window.claim()
		if !ok {
			if i, ok = w.window.next(h.seat, nil); !ok {
				return false
			}
		}
		h.v, _ = w.window.remove(i)
	} else {
		if len(w.direct.values) == 0 {
			w.flush() // before it waits
		}
		v, ok := <-w.direct.values
		if !ok {
			return false
		}
		h.v = v
	}
	h.begin()
	return !w.site.stopped.Load()
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
