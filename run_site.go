package pl

import (
	"context"
	"runtime/pprof"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/gopeln/pl/internal/queue"
)

// Site is one stage in one run, as a [Backend] sees it. Its methods are safe for concurrent use.
type Site struct {
	run    *run
	op     *base
	ctx    context.Context
	cancel context.CancelCauseFunc
	waiter *queue.Waiter // an inline chain's goroutine

	stopped      atomic.Bool
	holds        atomic.Int32 // holds; the last to be released ends the stage
	workers      atomic.Int32 // workers that have not ended
	results      Results
	check        func(*Site) error // reports why the stage cannot run; nil: it always can
	startWorkers func()
	newWorker    func(index int) Worker
	endOutput    func()                // passes the end on to the consumers
	toStop       []interface{ Stop() } // queues, and parts
	closedGates  atomic.Int32          // those that the start still waits for
	opens        []*gate               // those that the stage opens as it goes on
}

func (r *run) site(of *base) *Site {
	s := &Site{run: r, op: of, waiter: &queue.NewGoroutine().Waiter}
	s.ctx, s.cancel = context.WithCancelCause(r.ctx)
	r.sites = append(r.sites, s)
	return s
}

// newPart is a part of s, on the same goroutine, that can be stopped on its own: what is upstream of a Take.
func (s *Site) newPart() *Site {
	part := &Site{run: s.run, op: s.op, waiter: s.waiter}
	part.ctx, part.cancel = context.WithCancelCause(s.ctx)
	s.toStop = append(s.toStop, part)
	return part
}

// Context ends when the stage shall stop: with the run, or when nobody wants its results any more.
func (s *Site) Context() context.Context { return s.ctx }

// Name is the stage's name.
func (s *Site) Name() string { return s.op.cfg.name }

// Workers is how many workers the stage shall have.
func (s *Site) Workers() int { return s.op.cfg.workers }

// MaxSize is the bound of the stage's input queue; 0 is none.
func (s *Site) MaxSize() int { return s.op.cfg.maxSize }

// Timeout is how long the function may take for one value; 0 is no bound.
func (s *Site) Timeout() time.Duration { return s.op.cfg.timeout }

// Results is how many results the stage makes of a value. Where that is Many, the function can wait in the middle of a
// call, which Timeout does not count, so that nobody knows beforehand when its time will be over.
func (s *Site) Results() Results { return s.results }

// Attempts is how often a value may be tried in all.
func (s *Site) Attempts() int { return max(1, s.op.cfg.policy.attempts) }

// Tolerant tells whether the stage has an OnError, so that the run may outlive a value's failure.
func (s *Site) Tolerant() bool { return s.op.cfg.policy.onError != nil }

// Setting is the value of the stage's last [Attach] option with that key, or nil.
func (s *Site) Setting(key any) any { return s.op.cfg.setting(key) }

// Stopping tells whether the stage shall stop, at the price of one atomic load.
func (s *Site) Stopping() bool { return s.stopped.Load() }

// Stop lets the stage end, without an error, as when nobody wants its results any more. So do the stages upstream that
// have no other consumer.
func (s *Site) Stop() {
	if s.stopped.Swap(true) {
		return
	}
	s.cancel(errStopped)
	for _, q := range s.toStop {
		q.Stop()
	}
}

// Fail fails the run with err, unless it has failed before or the stage is stopping anyway.
func (s *Site) Fail(err error) {
	if !s.stopped.Load() {
		s.run.fail(err)
	}
}

// Shared returns the run's object for key, which make makes when it is asked for first. An event loop that serves
// several stages of a run is one.
func (s *Site) Shared(key any, make func() any) any {
	s.run.sharedMu.Lock()
	defer s.run.sharedMu.Unlock()
	if _, ok := s.run.shared[key]; !ok {
		s.run.shared[key] = make()
	}
	return s.run.shared[key]
}

// Worker makes a worker. A backend makes all of a stage's workers before the first of them serves, so that
// [StatusFrom] counts right.
func (s *Site) Worker(index int) Worker { return s.newWorker(index) }

// Go runs f in a goroutine that belongs to the stage: the stage ends when all of them have returned, and the run waits
// for it. It must be called from Backend.Start or while the stage is held. A panic in f, or its end by Goexit, fails
// the run.
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

// Release takes back one Hold. With the last one the stage ends, and its consumers see the end of their input.
func (s *Site) Release() {
	if s.holds.Add(-1) == 0 {
		s.endOutput()
		s.Stop()
		s.run.stages.Done()
	}
}

// failGoroutine takes in the end of a goroutine by a panic, or by Goexit where value is nil.
func (s *Site) failGoroutine(value any) {
	err := ErrGoexit
	if value != nil {
		err = recovered(value)
	}
	s.Fail(&StageError{Stage: s.Name(), Worker: -1, Err: err})
}

func (s *Site) bringUp() {
	if s.startWorkers != nil {
		s.run.stages.Add(1)
		s.Hold()
		defer s.Release()
		s.startWorkers()
	}
}

// workerContext is the context of one worker of stage of, with what [WorkerFrom] and a profile show.
func (s *Site) workerContext(of *base, index int) context.Context {
	ctx := WithWorker(context.WithValue(s.ctx, siteKey{}, s), WorkerInfo{Stage: of.cfg.name, Index: index})
	return pprof.WithLabels(ctx, pprof.Labels("stage", of.cfg.name, "worker", strconv.Itoa(index)))
}

type siteKey struct{}

// SiteFrom tells which stage opens a worker, in an [Opener]: what it opens may depend on the stage's settings. Where the
// context is not a worker's it is nil.
func SiteFrom(ctx context.Context) *Site {
	s, _ := ctx.Value(siteKey{}).(*Site)
	return s
}
