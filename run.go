package pl

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"

	"github.com/gopeln/pl/internal/queue"
	"github.com/gopeln/pl/internal/timesheet"
)

// run is one execution of a pipeline. It owns the sites, their goroutines and queues, and the first
// failure.
type run struct {
	calls callTable // of the Func whose calls the values are; else nil. Set before the run starts

	caller context.Context // given by the consumer
	ctx    context.Context // the run's own; ends with it
	cancel context.CancelCauseFunc

	goroutines sync.WaitGroup // of all sites; finish waits for them, after stop, when no more can start
	stages     sync.WaitGroup // the stages with goroutines that have not ended

	sites    []*Site          // added while the run is built, then only read
	pollers  []*queue.Waiter  // those that wait in the system's poller
	clock    *timesheet.Clock // nil if the run is not observed
	figures  []*stageFigures  // by stage; empty if the run is not observed
	consumer *stageFigures    // of the loop over All; nil in Run
	roots    []node
	failed   setAside  // the values that KeepGoing drops
	draining *draining // nil: the context has no Drain

	mu       sync.Mutex // guards what follows, which any goroutine of the run may write
	err      error      // the first failure
	cleanup  []error    // from OnEnd
	leavers  []*base    // stages that have left what is upstream before its end
	stopped  bool
	detached bool // finish has taken the errors; a later one can only be logged

	sharedMu sync.Mutex
	shared   map[any]any        // guarded by sharedMu; see Site.Shared
	loops    []*timesheet.Sheet // guarded by sharedMu; see Site.LoopTime

	info *RunInfo // nil if the run is not observed; set before it starts
}

// errStopped is the cause of contexts that end because the run has ended, or because no consumer
// wants more results.
var errStopped = errors.New("pl: the run has ended")

func newRun(caller context.Context) *run {
	r := &run{caller: caller, shared: map[any]any{}}
	if len(observers(caller)) > 0 {
		r.clock = timesheet.NewClock()
	}
	// The caller may be a worker of another run: its site must not be found in this one.
	ctx := context.WithValue(caller, siteKey{}, (*Site)(nil))
	if drainsOf(caller) != nil { // a run that a function starts must not drain: its value has been read already
		ctx = context.WithValue(ctx, drainKey{}, []drain(nil))
	}
	r.ctx, r.cancel = context.WithCancelCause(ctx)
	return r
}

// check asks every site whether it can run, before any of them starts.
func (r *run) check() error {
	var errs []error
	for _, s := range r.sites {
		if s.check == nil {
			continue
		}
		if err := s.check(s); err != nil {
			errs = append(errs, &StageError{Stage: s.Name(), Worker: -1, Err: err})
		}
	}
	switch {
	case len(errs) > 0 && r.caller.Err() != nil:
		return context.Cause(r.caller)
	case len(errs) == 1:
		return errs[0]
	}
	return errors.Join(errs...)
}

// start starts the workers of all sites that are behind no closed gate. From then on the end of the
// caller's context fails the run, until release is called. release waits for a failure that is
// being recorded.
func (r *run) start() (release func()) {
	followed := make(chan struct{})
	unfollow := context.AfterFunc(r.caller, func() {
		defer close(followed)
		r.fail(context.Cause(r.caller))
	})
	if r.clock != nil {
		r.goroutines.Go(func() { r.clock.Run(r.ctx.Done(), r.look) })
	}
	undrain := r.draining.follow() // before any source reads
	gated := func(s *Site) bool { return s.closedGates.Load() > 0 }
	for _, s := range slices.DeleteFunc(slices.Clone(r.sites), gated) { // all are chosen before one can open a gate
		s.bringUp()
	}
	return func() {
		if !unfollow() {
			<-followed
		}
		undrain()
	}
}

// fail records err if it is the first failure, and stops the run. If the caller's context has
// ended, its cause is recorded instead, since err may be what a function made of that end.
func (r *run) fail(err error) {
	r.mu.Lock()
	if r.err == nil && !r.stopped {
		if r.caller.Err() != nil {
			err = context.Cause(r.caller)
		}
		r.err = err
	}
	r.mu.Unlock()
	r.stop()
}

// stop makes everything end: contexts, workers, queues. It does not wait for them.
func (r *run) stop() {
	r.mu.Lock()
	again := r.stopped
	r.stopped = true
	r.mu.Unlock()
	if again {
		return
	}
	r.cancel(errStopped)
	for _, s := range r.sites {
		s.Stop()
	}
}

// finish stops the run, waits until nothing of it is left, and returns its error. told reports
// whether the consumer will see that error; if not, the errors of OnEnd are logged.
func (r *run) finish(release func(), told bool) error {
	r.stop()
	release()
	r.goroutines.Wait()
	for _, w := range r.pollers {
		w.Close()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.detached = true
	if r.err == nil && r.caller.Err() != nil {
		// A source or a function may have seen the context end, and ended the values, before the
		// run did.
		r.err = context.Cause(r.caller)
	}
	if r.err == nil || any(r.err) == any(errTooMany) {
		r.err = r.failed.of(r.roots, r.leavers)
	}
	if !told {
		for _, err := range r.cleanup {
			slog.Warn("pl: a resource could not be closed after the consumer had left", "err", err)
		}
		return nil
	}
	if len(r.cleanup) == 0 {
		return r.err // as it is: a caller may compare it with ==
	}
	return errors.Join(append([]error{r.err}, r.cleanup...)...)
}

// leave records that op wants no more values from upstream, before these have ended.
func (r *run) leave(op *base) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.leavers = append(r.leavers, op)
}

// addCleanup adds an error of OnEnd to the run's, or logs it if the run has ended.
func (r *run) addCleanup(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.detached { // a worker that was abandoned after its Timeout has returned late
		slog.Warn("pl: a resource could not be closed after the run had ended", "err", err)
		return
	}
	r.cleanup = append(r.cleanup, err)
}

// execute makes a run: it plans, builds, starts and consumes, and in any case stops the run and
// waits for it. prepare makes the consumer's part, before the rest is built. left, read at the end,
// reports whether the consumer has left its loop, and so gets no error.
func execute(ctx context.Context, roots []node, prepare func(*builder) (consume func()), left *bool) (err error) {
	if ctx == nil {
		ctx = context.Background()
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	r := newRun(ctx)
	r.roots = roots
	defer r.cancel(errStopped)
	if err := r.mayDrain(); err != nil {
		return err
	}
	b, err := plan(r, roots)
	if err != nil {
		return err
	}
	consume := prepare(b)
	b.build()
	if err := r.check(); err != nil {
		return err
	}
	var w watch
	release, finished := func() {}, false
	defer func() {
		told := finished && !*left
		if !told {
			w.left()
		}
		err = w.end(r, r.finish(release, told))
		if err != nil && !told {
			slog.Warn("pl: an observer failed after the consumer had left", "err", err)
			err = nil
		}
	}()
	if w.start(r, roots) {
		release = r.start()
		consume()
	}
	finished = true
	return nil
}
