package pl

import (
	"github.com/gopeln/pl/internal/queue"
	"github.com/gopeln/pl/internal/stopwatch"
)

// composeInline makes the flow of an operator whose function runs in its consumer's goroutine: a
// worker without a queue.
func composeInline[A, B any](b *builder, o *operator[B], s *Site, in node, op Operation[A, B]) flow[B] {
	values := upstream[A](b, o, in, s)
	counts := b.planned[o].figures.addWorker()
	decider := b.decider(o, s)
	p := order{trackers: b.planned[o].trackers, results: op.Results}
	if a := newAdmission(b, o, s, op, decider); a != nil {
		values = a.flow(values)
	}
	sampler := b.planned[o].figures.inlineSampler(b.run.showOf())
	sampler.configure(o.cfg.timeout > 0, len(p.trackers) > 0, b.findersOf(o))
	return func(yield func(B, queue.Tag) bool) {
		w := &worker[A, B]{
			site: s, op: &o.base, ctx: s.workerContext(&o.base, 0), open: op.Open, item: op.Item, order: p,
			counts: counts, decider: decider.forWorker(), turnstile: b.turnstile(&o.base, s), calls: b.run.calls,
			figures: b.planned[o].figures, sampler: sampler,
			put: func(_ *queue.Waiter, v B, t queue.Tag) bool { return yield(v, t) },
		}
		if w.Open() {
			defer func() { w.closeResource(w.opened, StageStatus{Done: true}) }()
			w.serveInline(values)
		}
	}
}

// inlineLoop is the valueLoop of a worker that runs in its consumer's goroutine.
type inlineLoop[A, B any] struct{ valueLoop[A, B] }

// serveInline handles values in the caller's goroutine until they end.
func (w *worker[A, B]) serveInline(values flow[A]) {
	seat := newGoroutineSeat()
	l := &inlineLoop[A, B]{valueLoop[A, B]{worker: w, opened: w.opened, seat: seat, me: &seat.Waiter}}
	l.emit = l.handOn
	w.sampler.next(&l.t)
	seat.Track = w.site.waiter.Track
	if l.timed = w.op.cfg.timeout > 0; l.timed {
		seat.watch = stopwatch.New(w.timeout(nil))
		defer seat.watch.Stop()
	}
	l.bracketed = l.timed
	values(func(v A, t queue.Tag) bool {
		l.v, l.t = v, t
		l.begin()
		if w.calls != nil && !w.calls.Wanted(t) {
			l.drop()
			return !w.site.stopped.Load()
		}
		if !l.pass(again) {
			return false
		}
		for {
			if again, ok := l.handleGuarded(); !again {
				return ok && !w.site.stopped.Load()
			}
		}
	})
}

// handleGuarded is handle, except that a panic in the user's function is a failure of its value;
// then again is true. A panic from downstream, such as the body of the consumer's loop, goes on.
// Goexit ends the goroutine, and fails the run.
func (l *inlineLoop[A, B]) handleGuarded() (again, ok bool) {
	returned := false
	defer func() {
		if returned || !l.inFunction() {
			return
		}
		value := recover()
		l.recordPanic(value)
		if again = value != nil; !again {
			l.site.Fail(&StageError{Stage: l.op.cfg.name, Item: itemOf(l.item, l.v), Err: ErrGoexit})
		}
	}()
	ok = l.handle()
	returned = true
	return false, ok
}
