package pl

import (
	"context"
	"sync"

	"github.com/gopeln/pl/internal/queue"
	"github.com/gopeln/pl/internal/stopwatch"
	"github.com/gopeln/pl/internal/timesheet"
)

// assemble makes a stage with workers: its queue, and what its backend starts.
func assemble[A, B any](b *builder, o *operator[B], backend Backend, in node, op Operation[A, B]) {
	s := b.site(o)
	decider, turnstile := b.decider(o, s), b.turnstile(&o.base, s)
	input := inputQueue(b, o, in, s, newAdmission(b, o, s, op, decider))
	out := outletOf[B](b, o)
	out.audience.attend(s)
	s.results, s.figures = op.Results, b.planned[o].figures
	s.check = checkOf(backend)
	p := order{trackers: b.planned[o].trackers, results: op.Results}
	s.newWorker = func(index int) Worker {
		s.workers.Add(1)
		results := out.emitter()
		sheet, sampler := s.figures.addSheet(index, b.run.showOf())
		w := &worker[A, B]{
			site: s, op: &o.base, index: index, ctx: s.workerContext(&o.base, index), open: op.Open,
			one: measureOne(sampler, op.One), figures: s.figures, sampler: sampler, sheet: sheet,
			item: op.Item,
			in:   input.Consumer(results.word()), put: results.put, order: p, decider: decider.forWorker(), turnstile: turnstile,
			calls:  b.run.calls,
			counts: results.counts,
		}
		if len(p.trackers) == 0 {
			w.windowOut, w.channelOut = results.windowOut, results.channelOut
		}
		sampler.configure(o.cfg.timeout > 0, len(p.trackers) > 0, b.findersOf(o))
		w.knowInput()
		return w
	}
	s.startWorkers = func() { backend.Start(s) }
}

// worker is one worker of a stage. Several seats may serve it, but no two of them run at once, so
// only the lists under mu need a lock. The fields before entering are set when the worker is made,
// and then only read.
type worker[A, B any] struct {
	site  *Site
	op    *base
	index int
	ctx   context.Context
	open  Opener[A, B]
	one   func(context.Context, A) (B, error) // Operation.One; may be nil
	item  func(A) any                         // Operation.Item; may be nil

	in        queue.Inlet[A]
	windowIn  *queue.In[A]          // in, if it is of that type; else nil
	channelIn *queue.Channel[A]     // in, if it is of that type; else nil
	holdingIn queue.HoldingInlet[A] // in, if it is of that type; else nil

	put        func(me *queue.Waiter, v B, t queue.Tag) bool
	windowOut  *queue.Out[B]     // if it is not nil, put does no more than its Put
	channelOut *queue.Channel[B] // if it is not nil, put does no more than its Put
	order                        // what Ordered stages downstream are told
	decider    *decider
	calls      callTable  // of a Func; else nil
	turnstile  *turnstile // nil: attempts need not pass one
	entering   bool       // a value waits in the turnstile for its first attempt

	opened  *opened[A, B] // nil unless the worker is open
	counts  *counts
	figures *stageFigures
	// These are nil if the run is not observed.
	sampler *sampler
	sheet   *timesheet.Sheet
	// sinceRest counts the attempts since the last rest of a seat; after restAfter of them the next
	// is due.
	sinceRest, restAfter int

	mu      sync.Mutex         // guards what follows
	pending []*valueLoop[A, B] // each has a value under way, and lost its goroutine to Goexit or a Timeout
	idle    []*valueLoop[A, B] // to be used again
}

// Context implements Worker.
func (w *worker[A, B]) Context() context.Context { return w.ctx }

// timesheet returns the worker's sheet, or nil.
func (w *worker[A, B]) timesheet() *timesheet.Sheet { return w.sheet }

// itemOf returns the Item of an error about v. item may be nil.
func itemOf[A any](item func(A) any, v A) any {
	if item == nil {
		return v
	}
	return item(v)
}

// Serve implements Worker. Another goroutine may call it after the function has ended one by
// Goexit.
func (w *worker[A, B]) Serve(seat Seat) {
	l := w.loopFor(seat)
	if own, ok := seat.(*goroutineSeat); ok {
		w.serveOwn(l, own)
		return
	}
	l.bracketed, l.timed = true, w.op.cfg.timeout > 0
	w.sinceRest = 0 // the seat has just begun to run
	for w.bracketedLoop(l) {
	}
	w.putIdle(l)
}

// serveOwn is Serve if the worker has a goroutine to itself.
func (w *worker[A, B]) serveOwn(l *valueLoop[A, B], seat *goroutineSeat) {
	w.sampler.next(&l.t)
	if l.timed = w.op.cfg.timeout > 0; l.timed {
		seat.watch = stopwatch.New(w.timeout(func() { w.replace(l, seat) }))
		defer seat.watch.Stop()
	}
	l.bracketed, l.exchanges = l.timed, true
	loop := w.ownLoop
	if l.bracketed {
		loop = w.bracketedLoop
	}
	for loop(l) {
	}
	if l.replaced { // while its function ran
		l.hold.Release()
		w.closeResource(l.opened, w.status())
		return
	}
	w.putIdle(l)
}

// timeout returns what a watch needs to know. replace is called when a function ignores that its
// time is over; if it is nil, the function is waited for.
func (w *worker[A, B]) timeout(replace func()) stopwatch.Settings {
	return stopwatch.Settings{
		Context: w.ctx, Timeout: w.op.cfg.timeout, Cause: ErrTimeout, Moves: w.results == Many, Replace: replace,
	}
}

// handBack leaves the value of l, whose goroutine is being ended, to the next call of Serve.
func (w *worker[A, B]) handBack(l *valueLoop[A, B]) {
	if l.replaced {
		l.hold.Release()
		w.closeResource(l.opened, w.status())
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pending = append(w.pending, l)
}

// recoverValue is called after the function has panicked, or, if panicked is nil, is ending the
// goroutine. It makes that the fault of l's value, and reports whether this goroutine goes on with
// the value. If not, the next Serve does.
func (w *worker[A, B]) recoverValue(l *valueLoop[A, B], panicked any) bool {
	l.recordPanic(panicked)
	if panicked == nil {
		w.handBack(l)
	}
	return panicked != nil && !l.replaced
}

// replace is called by the timer's goroutine when the function of l ignores that its time is over.
// It hands the value, which has failed, to a new goroutine, which opens the worker anew. The old
// goroutine closes its resource when its function returns. It cannot do so before replace has
// returned: the seat's Leave waits for the watch's lock, which the timer's goroutine holds.
func (w *worker[A, B]) replace(l *valueLoop[A, B], seat *goroutineSeat) {
	l.replaced, w.opened = true, nil
	replacement := w.takeIdle()
	replacement.busy, replacement.v, replacement.t = true, l.v, l.t
	replacement.attempt, replacement.given, replacement.fault = l.attempt, l.given, ErrTimeout
	replacement.hold = l.hold.Share()
	w.handBack(replacement)
	w.site.employ(w, false)
	seat.uncount()
}

// loopFor returns a valueLoop for seat: one with a value that was handed back, if there is one.
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

// takePending returns a valueLoop with a value that was handed back, or nil. The caller must hold
// w.mu.
func (w *worker[A, B]) takePending() *valueLoop[A, B] {
	if len(w.pending) == 0 {
		return nil
	}
	l := w.pending[len(w.pending)-1]
	w.pending = w.pending[:len(w.pending)-1]
	return l
}

// takeIdle returns a valueLoop without a value.
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

// putIdle keeps l for another seat.
func (w *worker[A, B]) putIdle(l *valueLoop[A, B]) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.idle = append(w.idle, l)
}

// knowInput records which type of queue the worker's values come from. restAfter follows the size
// of its windows.
func (w *worker[A, B]) knowInput() {
	w.channelIn, _ = w.in.(*queue.Channel[A])
	w.holdingIn, _ = w.in.(queue.HoldingInlet[A])
	if w.windowIn, _ = w.in.(*queue.In[A]); w.windowIn != nil {
		w.windowIn.OnFill = func() {
			w.restAfter = max(1, min(maxRestAfter, w.windowIn.WindowSize()))
		}
	}
}

// opened is what an Opener made. A worker that is replaced after a timeout gets another one.
type opened[A, B any] struct {
	kernel Kernel[A, B]
	onEnd  func(context.Context) error
}

// Open implements Worker.
func (w *worker[A, B]) Open() bool {
	err := ErrGoexit // unless callOpener returns
	defer func() {
		if err != nil && w.site.ctx.Err() == nil {
			w.site.Fail(&StageError{Stage: w.op.cfg.name, Worker: w.index, Err: err})
		}
	}()
	var t *opened[A, B]
	if t, err = callOpener(w.ctx, w.open); err == nil {
		t.kernel = measureKernel(w.sampler, t.kernel)
		w.opened = t
	}
	return err == nil
}

// callOpener calls an Opener. A panic or Goexit in it becomes the error.
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

// callOnEnd calls the function that the Opener returned for the end, if there is one. A panic or
// Goexit in it becomes the error.
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

// panicOrGoexit returns the error of a function that did not return: of a panic with value, or of
// Goexit if value is nil.
func panicOrGoexit(value any) error {
	if value == nil {
		return ErrGoexit
	}
	return recovered(value)
}

// Close implements Worker.
func (w *worker[A, B]) Close() {
	w.site.workers.Add(-1)
	w.closeResource(w.opened, w.status())
}

// status returns the state of the stage as the worker's OnEnd sees it.
func (w *worker[A, B]) status() StageStatus {
	active := int(w.site.workers.Load())
	return StageStatus{ActiveWorkers: active, Done: active == 0}
}

// closeResource runs the OnEnd of t, whose error joins the run's.
func (w *worker[A, B]) closeResource(t *opened[A, B], status StageStatus) {
	err := ErrGoexit // unless callOnEnd returns
	defer func() {
		if err != nil {
			w.site.run.addCleanup(&StageError{Stage: w.op.cfg.name, Worker: w.index, Err: err})
		}
	}()
	err = t.callOnEnd(WithStatus(context.WithoutCancel(w.ctx), status))
}
