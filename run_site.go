package pl

import (
	"context"
	"iter"
	"runtime/pprof"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/gopeln/pl/internal/queue"
	"github.com/gopeln/pl/internal/timesheet"
)

// Site is one stage in one run, as a [Backend] sees it. Its methods are safe for concurrent use.
type Site struct {
	run    *run
	op     *base
	ctx    context.Context
	cancel context.CancelCauseFunc
	waiter *queue.Waiter // of the goroutine that runs the stage inline

	// Any goroutine of the run may write these.

	stopped     atomic.Bool  // set by the first Stop; workers read it for each value
	holds       atomic.Int32 // the last one to be released ends the stage
	workers     atomic.Int32 // workers that have not ended
	closedGates atomic.Int32 // gates that the start still waits for

	// These are written while the run is built, then only read.

	results      Results
	figures      *stageFigures
	tolerant     bool              // see Tolerant
	reports      bool              // see Reports
	check        func(*Site) error // returns why the stage cannot run; nil: it always can
	startWorkers func()            // nil for a stage that runs in the goroutine of another
	newWorker    func(index int) Worker
	endOutput    func()                // tells the consumers that the stage has ended
	toStop       []interface{ Stop() } // input queues and parts, which stop with the stage
	opens        []*gate               // gates that the stage opens as it goes on
	// onFailure, if it is not nil, gets the failures of the stage in place of the run.
	onFailure func(error)
}

// site makes the site of a stage in the run.
func (r *run) site(of *base) *Site {
	s := &Site{run: r, op: of, waiter: &queue.NewGoroutine().Waiter}
	if r.clock != nil {
		s.waiter.Track = new(timesheet.Track)
	}
	s.ctx, s.cancel = context.WithCancelCause(r.ctx)
	r.sites = append(r.sites, s)
	return s
}

// poll makes the goroutine that runs the stage inline wait in the system's poller, as the workers
// that wake it do: there it costs them least.
func (s *Site) poll() {
	s.waiter.Poll()
	s.run.pollers = append(s.run.pollers, s.waiter)
}

// newPart returns a part of s on the same goroutine that can be stopped alone, such as what is
// upstream of a Take.
func (s *Site) newPart() *Site {
	part := &Site{run: s.run, op: s.op, waiter: s.waiter, onFailure: s.onFailure}
	part.ctx, part.cancel = context.WithCancelCause(s.ctx)
	s.toStop = append(s.toStop, part)
	return part
}

// Context returns the stage's context. It ends when the stage must stop: with the run, or when no
// consumer wants more results.
func (s *Site) Context() context.Context { return s.ctx }

// Name returns the stage's name.
func (s *Site) Name() string { return s.op.cfg.name }

// Workers returns the number of workers that the stage must have.
func (s *Site) Workers() int { return s.op.cfg.workers }

// WorkersGiven reports whether the stage's options say how many workers it must have.
func (s *Site) WorkersGiven() bool { return s.op.cfg.staffed }

// Keyed reports whether the stage's values have keys, by [ByKey].
func (s *Site) Keyed() bool { return s.op.cfg.keys != nil }

// MaxSize returns the bound of the stage's input queue; 0 means no bound.
func (s *Site) MaxSize() int { return s.op.cfg.maxSize }

// Timeout returns how long the function may take for one value; 0 means no bound.
func (s *Site) Timeout() time.Duration { return s.op.cfg.timeout }

// Results returns how many results the stage makes of a value. If that is [Many], the function may
// block in yield. That time does not count toward Timeout, so the deadline of a call is not known
// in advance.
func (s *Site) Results() Results { return s.results }

// Attempts returns how often a value may be tried in all, at least 1.
func (s *Site) Attempts() int { return max(1, s.op.cfg.policy.attempts) }

// Tolerant reports whether the run may outlive a value's failure, by the stage's options or since
// its Failures are consumed.
func (s *Site) Tolerant() bool { return s.tolerant || s.run.calls != nil }

// Reports reports whether the stage's Failures are consumed in the run: then a value that fails has
// not ended before there was room for its error.
func (s *Site) Reports() bool { return s.reports }

// OneByOne reports whether the stage's options want each value to begin as soon as it has been
// admitted, so that a worker must have no other then; see [Port.Admit].
func (s *Site) OneByOne() bool { return s.op.cfg.oneByOne() }

// Setting returns the value of the stage's last [Attach] option with that key, or nil.
func (s *Site) Setting(key any) any { return s.op.cfg.setting(key) }

// Settings yields the keys and values of the stage's [Attach] options in the order in which they
// were given. Of options with the same key only the last counts.
func (s *Site) Settings() iter.Seq2[any, any] {
	return func(yield func(key, value any) bool) {
		all := s.op.cfg.attached
		for i, a := range all {
			later := slices.ContainsFunc(all[i+1:], func(b attachment) bool { return b.key == a.key })
			if !later && !yield(a.key, a.value) {
				return
			}
		}
	}
}

// Stopping reports whether the stage must stop. It costs one atomic load.
func (s *Site) Stopping() bool { return s.stopped.Load() }

// Stop makes the stage end without an error, as it does when no consumer wants more results. Stages
// upstream that have no other consumer end too. Stop does not wait.
func (s *Site) Stop() {
	if s.stopped.Swap(true) {
		return
	}
	s.cancel(errStopped)
	for _, q := range s.toStop {
		q.Stop()
	}
}

// Fail fails the run with err, unless the run has failed before or the stage is stopping.
func (s *Site) Fail(err error) {
	switch {
	case s.stopped.Load():
	case s.onFailure != nil && s.ctx.Err() == nil:
		s.onFailure(err)
	default:
		s.run.fail(err)
	}
}

// failValue fails the run with err, the failure of the value of tag t, and reports true. In a Func
// it is the failure of the value's caller alone.
func (s *Site) failValue(t queue.Tag, err error) bool {
	if calls := s.run.calls; calls != nil {
		calls.Fail(t, err)
		return false
	}
	s.Fail(err)
	return true
}

// Calls reports whether the values are calls of a [Func]: a value must not begin once its caller
// has left, so a worker must not take more values than it can begin.
func (s *Site) Calls() bool { return s.run.calls != nil }

// Observed reports whether the run is observed, so that its figures are wanted.
func (s *Site) Observed() bool { return s.run.clock != nil }

// Shared returns the run's object for key, such as an event loop that serves several stages. The
// first call for a key makes the object with make.
func (s *Site) Shared(key any, make func() any) any {
	s.run.sharedMu.Lock()
	defer s.run.sharedMu.Unlock()
	if _, ok := s.run.shared[key]; !ok {
		s.run.shared[key] = make()
	}
	return s.run.shared[key]
}

// Worker makes a worker. A backend must make all workers of a stage before the first of them
// serves, so that [StatusFrom] counts right.
func (s *Site) Worker(index int) Worker { return s.newWorker(index) }

// Go runs f in a goroutine that belongs to the stage: the stage ends when all such goroutines have
// returned, and the run waits for it. Go must be called from Backend.Start, or between Hold and
// Release. If f panics or calls Goexit, the run fails.
func (s *Site) Go(f func()) {
	s.Hold()
	s.Background(func() {
		defer s.Release()
		f()
	})
}

// Background runs f in a goroutine that the run waits for, but not the stage.
func (s *Site) Background(f func()) {
	s.run.goroutines.Go(func() {
		returned := false
		defer func() {
			if !returned {
				s.failGoroutine(recover())
			}
		}()
		f()
		returned = true
	})
}

// Hold keeps the stage from ending until Release.
func (s *Site) Hold() { s.holds.Add(1) }

// Release undoes one Hold. With the last one the stage ends, and its consumers see the end of their
// input.
func (s *Site) Release() {
	if s.holds.Add(-1) == 0 {
		s.endOutput()
		s.Stop()
		s.run.stages.Done()
	}
}

// failGoroutine fails the run because a goroutine of the stage has ended by a panic, or by Goexit
// if value is nil.
func (s *Site) failGoroutine(value any) {
	err := ErrGoexit
	if value != nil {
		err = recovered(value)
	}
	s.Fail(&StageError{Stage: s.Name(), Worker: -1, Err: err})
}

// bringUp starts the stage's workers. The hold keeps the stage from ending before they hold it
// themselves.
func (s *Site) bringUp() {
	if s.startWorkers != nil {
		s.run.stages.Add(1)
		s.Hold()
		defer s.Release()
		s.startWorkers()
	}
}

// workerContext returns the context of one worker of stage of, with what [WorkerFrom] and a profile
// show.
func (s *Site) workerContext(of *base, index int) context.Context {
	ctx := s.run.enclosed(s.ctx, of)
	ctx = WithWorker(context.WithValue(ctx, siteKey{}, s), WorkerInfo{Stage: of.cfg.name, Index: index})
	return pprof.WithLabels(ctx, pprof.Labels("stage", of.cfg.name, "worker", strconv.Itoa(index)))
}

type siteKey struct{}

// SiteFrom returns the stage that opens a worker, given the context of an [Opener]: what is opened
// may depend on the stage's settings. It returns nil if the context is not a worker's.
func SiteFrom(ctx context.Context) *Site {
	s, _ := ctx.Value(siteKey{}).(*Site)
	return s
}
