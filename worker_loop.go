package pl

import (
	"context"
	"sync"

	"github.com/gopeln/pl/internal/queue"
)

// assemble makes a stage with workers: its queue, and what its backend starts.
func assemble[A, B any](b *builder, o *operator[B], backend Backend, in node, op Operation[A, B]) {
	s := b.site(&o.base)
	input := inputQueue[A](b, o, in, s)
	out := outletOf[B](b, o)
	out.site, s.results = s, op.Results
	s.check = checkOf(backend)
	p := order{trackers: b.trackers[o], results: op.Results}
	figures := b.figures[o]
	s.newWorker = func(index int) Worker {
		s.workers.Add(1)
		results := out.emitter()
		w := &worker[A, B]{
			site: s, op: &o.base, index: index, ctx: s.workerContext(&o.base, index), open: op.Open, one: op.One,
			in: input.Consumer(results.word()), put: results.put, order: p, counts: figures.addWorker(),
		}
		if len(p.trackers) == 0 {
			w.windowOut, w.channelOut = results.windowOut, results.channelOut
		}
		w.flushWhenIdle()
		return w
	}
	s.startWorkers = func() { backend.Start(s) }
	s.endOutput = out.end
}

// worker is one worker of a stage: what its seats share.
type worker[A, B any] struct {
	site  *Site
	op    *base
	index int
	ctx   context.Context
	open  Opener[A, B]
	one   func(context.Context, A) (B, error) // what the kernel does, if it is that simple

	in        queue.Inlet[A]
	windowIn  *queue.In[A]      // in, if it is one
	channelIn *queue.Channel[A] // in, if it is one

	put        func(me *queue.Waiter, v B, t queue.Tag) bool
	windowOut  *queue.Out[B]     // what put comes to in the usual case, or
	channelOut *queue.Channel[B] // this; both nil else
	order                        // of the values in the order

	opened *opened[A, B] // nil unless the worker is open
	tally  tally
	counts *counts
	// sinceRest is how many values, or attempts, there were since a seat could rest; turn is how many there may be.
	sinceRest, turn int

	mu      sync.Mutex
	pending []*valueLoop[A, B] // with a value whose goroutine was ended by the user's function
	idle    []*valueLoop[A, B]
}

func (w *worker[A, B]) Context() context.Context { return w.ctx }

// Serve is safe to be called again by another goroutine after one has been ended by Goexit.
func (w *worker[A, B]) Serve(seat Seat) {
	if own, ok := seat.(*goroutineSeat); ok {
		w.serveOwn(w.loopFor(seat), own)
	} else {
		w.serveShared(w.loopFor(seat))
	}
}

// serveShared is Serve on a seat of the backend's own, one of several.
func (w *worker[A, B]) serveShared(l *valueLoop[A, B]) {
	l.bracketed, l.timed = true, w.op.cfg.timeout > 0
	w.sinceRest = 0 // the seat has just got its turn
	for w.sharedLoop(l) {
	}
	w.putIdle(l)
}

// serveOwn is Serve if the worker has a goroutine to itself.
func (w *worker[A, B]) serveOwn(l *valueLoop[A, B], seat *goroutineSeat) {
	l.timed = seat.arm(w.op.cfg.timeout, w.results, func() { w.replace(l, seat) })
	l.bracketed = l.timed
	defer seat.disarm()
	for w.ownLoop(l) {
	}
	if l.replaced { // while its function was out
		w.closeResource(l.opened, w.status())
		return
	}
	w.putIdle(l)
}

// handBack leaves the value of a goroutine that is being ended to the next that serves.
func (w *worker[A, B]) handBack(l *valueLoop[A, B]) {
	if l.replaced {
		w.closeResource(l.opened, w.status())
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pending = append(w.pending, l)
}

// recoverValue sees to the value of l after its function has panicked, or ended the goroutine where panicked is nil. It
// reports whether the goroutine can go on with it.
func (w *worker[A, B]) recoverValue(l *valueLoop[A, B], panicked any) bool {
	l.recordPanic(panicked)
	if panicked == nil {
		w.handBack(l)
	}
	return panicked != nil
}

// replace is called when the function of l ignores that its time is over: another goroutine, with a resource of its
// own, takes over the worker's place and the value that failed. The old one closes its resource when it comes back.
func (w *worker[A, B]) replace(l *valueLoop[A, B], seat *goroutineSeat) {
	l.replaced, w.opened = true, nil
	replacement := w.takeIdle()
	replacement.busy, replacement.v, replacement.t = true, l.v, l.t
	replacement.attempt, replacement.given, replacement.fault = l.attempt, l.given, ErrTimeout
	w.handBack(replacement)
	w.site.employ(w, false)
	seat.uncount()
}

// loopFor finds work left behind by a goroutine that was ended, else makes a valueLoop.
func (w *worker[A, B]) loopFor(seat Seat) *valueLoop[A, B] {
	w.mu.Lock()
	defer w.mu.Unlock()
	l := w.takePending()
	if l == nil {
		l = w.takeIdle()
	}
	l.seat, l.opened = seat, w.opened
	if own, ok := seat.(*goroutineSeat); ok {
		l.me = &own.Waiter
	} else if !l.me.WaitsIn(seat) {
		l.me = queue.NewWaiter(seat)
	}
	return l
}

func (w *worker[A, B]) takePending() *valueLoop[A, B] {
	if len(w.pending) == 0 {
		return nil
	}
	l := w.pending[len(w.pending)-1]
	w.pending = w.pending[:len(w.pending)-1]
	return l
}

func (w *worker[A, B]) takeIdle() *valueLoop[A, B] {
	if n := len(w.idle); n > 0 {
		l := w.idle[n-1]
		w.idle = w.idle[:n-1]
		return l
	}
	l := &valueLoop[A, B]{worker: w}
	l.emit = l.handOn
	return l
}

func (w *worker[A, B]) putIdle(l *valueLoop[A, B]) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.idle = append(w.idle, l)
}

// flush publishes the tally.
func (w *worker[A, B]) flush() { w.counts.publish(&w.tally) }

// flushWhenIdle has the tally published whenever the worker turns to the queue, so that the figures of a worker that
// waits are exact, and those of a busy one lag by a window at most. The worker's turn becomes a window, too.
func (w *worker[A, B]) flushWhenIdle() {
	w.channelIn, _ = w.in.(*queue.Channel[A])
	if w.windowIn, _ = w.in.(*queue.In[A]); w.windowIn != nil {
		w.windowIn.OnFill = func() {
			w.flush()
			w.turn = max(1, min(maxTurn, w.windowIn.WindowSize()))
		}
	}
}

// opened is what an Opener made: it changes when a worker is replaced after a timeout.
type opened[A, B any] struct {
	kernel Kernel[A, B]
	onEnd  func(context.Context) error
}

func (w *worker[A, B]) Open() bool {
	err := ErrGoexit // unless callOpener returns
	defer func() {
		if err != nil && w.site.ctx.Err() == nil {
			w.site.Fail(&StageError{Stage: w.op.cfg.name, Worker: w.index, Err: err})
		}
	}()
	var t *opened[A, B]
	if t, err = callOpener(w.ctx, w.open); err == nil {
		w.opened = t
	}
	return err == nil
}

// callOpener calls an Opener, guarded.
func callOpener[A, B any](ctx context.Context, open Opener[A, B]) (t *opened[A, B], err error) {
	returned := false
	defer func() {
		if !returned {
			err = panicOrGoexit(recover())
		}
	}()
	t = new(opened[A, B])
	t.kernel, t.onEnd, err = open(ctx)
	returned = true
	return t, err
}

// callOnEnd calls what an Opener returned for the end, guarded. Where nothing is open there is nothing to end.
func (t *opened[A, B]) callOnEnd(ctx context.Context) (err error) {
	if t == nil || t.onEnd == nil {
		return nil
	}
	returned := false
	defer func() {
		if !returned {
			err = panicOrGoexit(recover())
		}
	}()
	err = t.onEnd(ctx)
	returned = true
	return err
}

// panicOrGoexit is the error of a function that did not return: of its panic, or of Goexit where value is nil.
func panicOrGoexit(value any) error {
	if value == nil {
		return ErrGoexit
	}
	return recovered(value)
}

func (w *worker[A, B]) Close() {
	w.site.workers.Add(-1)
	w.closeResource(w.opened, w.status())
}

func (w *worker[A, B]) status() StageStatus {
	active := int(w.site.workers.Load())
	return StageStatus{ActiveWorkers: active, Done: active == 0}
}

func (w *worker[A, B]) closeResource(t *opened[A, B], status StageStatus) {
	err := ErrGoexit // unless callOnEnd returns
	defer func() {
		if err != nil {
			w.site.run.addCleanup(&StageError{Stage: w.op.cfg.name, Worker: w.index, Err: err})
		}
	}()
	err = t.callOnEnd(WithStatus(context.WithoutCancel(w.ctx), status))
}
