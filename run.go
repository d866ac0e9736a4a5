package pl

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
)

// run is one execution of a pipeline: it owns the sites, their goroutines and queues, and the first failure.
type run struct {
	caller context.Context // what the consumer gave
	ctx    context.Context // of the run; ends with it
	cancel context.CancelCauseFunc

	goroutines sync.WaitGroup // waited for when nothing can start one any more
	stages     sync.WaitGroup // those with goroutines that have not ended

	mu       sync.Mutex
	sites    []*Site
	err      error   // the first failure
	cleanup  []error // of OnEnd
	stopped  bool
	detached bool // nobody is left to be told of errors
	figures  []*stageFigures

	sharedMu sync.Mutex
	shared   map[any]any
}

// errStopped is the cause of the contexts of a run that has ended or whose results nobody wants any more.
var errStopped = errors.New("pl: the run has ended")

func newRun(caller context.Context) *run {
	r := &run{caller: caller, shared: map[any]any{}}
	// A worker that consumes a run does not run its stages.
	r.ctx, r.cancel = context.WithCancelCause(context.WithValue(caller, siteKey{}, (*Site)(nil)))
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

// start brings all sites up, and makes the run end with the caller's context. release ends that.
func (r *run) start() (release func()) {
	followed := make(chan struct{})
	unfollow := context.AfterFunc(r.caller, func() {
		defer close(followed)
		r.fail(context.Cause(r.caller))
	})
	gated := func(s *Site) bool { return s.closedGates.Load() > 0 }
	for _, s := range slices.DeleteFunc(slices.Clone(r.sites), gated) { // before one of them can open a gate
		s.bringUp()
	}
	return func() {
		if !unfollow() {
			<-followed
		}
	}
}

// fail records the first failure and stops the run. Where the caller's context has ended, that is the failure,
// whatever a function made of it.
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

// stop lets everything end: contexts, workers, queues. It does not wait.
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

// finish stops the run, waits until nothing of it is left, and returns what went wrong. told says that somebody will
// hear of it; else what OnEnd reports is logged.
func (r *run) finish(release func(), told bool) error {
	r.stop()
	release()
	r.goroutines.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.detached = true
	if r.err == nil && r.caller.Err() != nil {
		// The values may have ended because a source or a function heard of it before the run did.
		r.err = context.Cause(r.caller)
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

// addCleanup takes in an error of OnEnd.
func (r *run) addCleanup(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.detached { // a worker abandoned after its timeout, coming back after the run
		slog.Warn("pl: a resource could not be closed after the run had ended", "err", err)
		return
	}
	r.cleanup = append(r.cleanup, err)
}

// execute is a run: plan, build, start, consume, and, whatever happens, stop and wait.
func execute(ctx context.Context, roots []node, prepare func(*builder) (consume func()), left *bool) (err error) {
	if ctx == nil {
		ctx = context.Background()
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	r := newRun(ctx)
	defer r.cancel(errStopped)
	b, err := plan(r, roots)
	if err != nil {
		return err
	}
	consume := prepare(b)
	b.build()
	if err := r.check(); err != nil {
		return err
	}
	ended := r.tellObservers(roots)
	release := r.start()
	finished := false
	defer func() {
		err = r.finish(release, finished && !*left)
		ended(err)
	}()
	consume()
	finished = true
	return nil
}
