package pl

import (
	"context"
	"runtime/pprof"
	"sync"
	"time"

	"github.com/gopeln/pl/internal/queue"
	"github.com/gopeln/pl/internal/stopwatch"
	"github.com/gopeln/pl/internal/timesheet"
)

// Employ runs all workers of the stage, each on a goroutine of its own from Open to Close. A
// backend of goroutines needs nothing else in its Start. A worker whose function ignores the
// stage's Timeout is abandoned and replaced.
func (s *Site) Employ() {
	workers := make([]Worker, s.Workers())
	for i := range workers {
		workers[i] = s.Worker(i)
	}
	for _, w := range workers {
		s.employ(w, false)
	}
}

// employ runs one worker on a new goroutine, from Open on, or from Serve on if it is open already.
func (s *Site) employ(w Worker, open bool) {
	s.Hold()
	s.run.goroutines.Add(1)
	uncount := sync.OnceFunc(func() {
		s.Release()
		s.run.goroutines.Done()
	})
	go func() {
		defer uncount()
		g := goroutineWorker{site: s, worker: w, seat: newGoroutineSeat(), open: open}
		g.seat.uncount = uncount
		if s.op.polls {
			g.seat.Poll()
			defer g.seat.Close()
		}
		g.observe()
		defer g.afterRun()
		g.run()
	}()
}

// goroutineWorker runs a worker on one goroutine, which alone uses it.
type goroutineWorker struct {
	site     *Site
	worker   Worker
	seat     *goroutineSeat
	sheet    *timesheet.Sheet // nil if the run is not observed
	open     bool
	serving  bool
	closing  bool
	returned bool
}

// observe makes the goroutine record the worker's time, if the run is observed. All goroutines of a
// worker, one after the other, write to the same sheet.
func (g *goroutineWorker) observe() {
	w, ok := g.worker.(interface{ timesheet() *timesheet.Sheet })
	if !ok || w.timesheet() == nil {
		return
	}
	g.sheet = w.timesheet()
	g.seat.Track = new(timesheet.Track)
	g.seat.Track.Enter(g.sheet)
}

// run opens the worker unless it is open, serves it and closes it.
func (g *goroutineWorker) run() {
	pprof.SetGoroutineLabels(g.worker.Context())
	g.open = g.open || g.worker.Open()
	if g.open {
		g.serving = true
		g.worker.Serve(g.seat)
		g.serving = false
	}
	if !g.seat.abandoned() {
		g.closing = true
		g.worker.Close()
		g.seat.Track.Enter(nil)
	}
	g.returned = true
}

// afterRun is deferred. If run has not returned, the goroutine is being ended by Goexit: a new one
// goes on serving, or, if the worker was opening, the run fails.
func (g *goroutineWorker) afterRun() {
	switch {
	case g.returned, g.closing, g.seat.abandoned(): // Close itself reports an OnEnd that does not return
	case g.serving:
		g.site.employ(g.worker, true)
	default:
		g.site.Fail(&StageError{Stage: g.site.Name(), Worker: -1, Err: ErrGoexit})
		g.worker.Close()
	}
}

// goroutineSeat is the seat of a worker that has a goroutine to itself, and of inline operators.
type goroutineSeat struct {
	*queue.Goroutine
	watch   *stopwatch.Watch // nil without Timeout
	uncount func()           // ends the goroutine's hold on its stage and run: when it ends, or is abandoned
}

// newGoroutineSeat makes the seat of the goroutine that will park in it.
func newGoroutineSeat() *goroutineSeat { return &goroutineSeat{Goroutine: queue.NewGoroutine()} }

// Rest implements Seat.
func (*goroutineSeat) Rest(bool) {}

// Block implements Seat.
func (*goroutineSeat) Block(_ bool, f func()) { f() }

// Sleep implements Seat.
func (*goroutineSeat) Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// abandoned reports whether another goroutine has taken the worker over.
func (s *goroutineSeat) abandoned() bool { return s.watch != nil && s.watch.Abandoned() }

// Enter ignores its argument: it is the worker's context, which the watch has.
func (s *goroutineSeat) Enter(context.Context) context.Context { return s.watch.Enter() }
func (s *goroutineSeat) Leave(err error) error                 { return s.watch.Leave(err) }
func (s *goroutineSeat) Pause() bool                           { return s.watch.Pause() }
func (s *goroutineSeat) Resume()                               { s.watch.Resume() }
