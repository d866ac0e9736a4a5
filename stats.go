package pl

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Observe returns a context in which every run reports to o. The run calls o when it starts. When
// it has ended, and before All, Collect or Run return, it calls the function that o returned, if
// that is not nil, with its error. Observers of ctx itself are called too, before o.
func Observe(ctx context.Context, o Observer) context.Context {
	outer := observers(ctx)
	return context.WithValue(ctx, observerKey{}, append(slices.Clip(outer), o))
}

// Observer watches runs; see [Observe].
type Observer func(run *RunInfo) (ended func(err error))

type observerKey struct{}

func observers(ctx context.Context) []Observer {
	all, _ := ctx.Value(observerKey{}).([]Observer)
	return all
}

// tellObservers tells the observers of the caller's context that the run starts. ended tells them
// its end.
func (r *run) tellObservers(roots []node) (ended func(error)) {
	all := observers(r.caller)
	if len(all) == 0 {
		return func(error) {}
	}
	info := &RunInfo{graph: graphOf(roots), figures: r.figures}
	var after []func(error)
	for _, o := range all {
		if f := o(info); f != nil {
			after = append(after, f)
		}
	}
	return func(err error) {
		for _, f := range after {
			f(err)
		}
	}
}

// RunInfo shows one run to an [Observer]. It is safe for concurrent use, also after the run.
type RunInfo struct {
	graph   Graph
	figures []*stageFigures
}

// Graph returns the stages of the run.
func (r *RunInfo) Graph() Graph { return r.graph }

// Stats returns the figures of the run so far. Those of a stage that waits for input, or has ended,
// are exact; those of a busy stage may lag by some values.
func (r *RunInfo) Stats() Stats {
	var s Stats
	for i, f := range r.figures {
		s.Stages = append(s.Stages, f.snapshot(r.graph.Nodes[i]))
	}
	return s
}

// Stats are the figures of a run at one moment. They are plain data: JSON has them under the same names, states and kinds
// by name, and durations in nanoseconds.
type Stats struct {
	Name    string   // the pl.Name of the last stage, else the calling function's
	State   RunState // Done after a break too
	Err     string   // of a run that has failed or was cancelled
	Started time.Time
	Elapsed time.Duration // since Started, until the end

	Total    int           // source values expected; 0: unknown
	Progress float64       // from 0 to 1, never falling; -1: unknown
	Left     time.Duration // an estimate; 0: unknown
	CPU      time.Duration // processor time of the whole program since Started

	Stages   []StageStats    // as Graph.Nodes
	Edges    []Edge          // as Graph.Edges
	Consumer StageStats      // the loop over All, and what waits in front of it; zero in Run
	Loops    []time.Duration // busy time of each of task's loops
}

// StageStats are the figures of one stage, summed over its workers. Counts and times only grow.
type StageStats struct {
	Node
	In       uint64 // values taken from the input; a source has none
	Out      uint64 // results handed on; one for several consumers counts once
	Filtered uint64 // those of Dropped to which Filter said no
	Dropped  uint64 // values ended on purpose: Filter said no, or OnError returned nil
	Failed   uint64 // values that failed in their last attempt, whether dropped or ending the run
	Retried  uint64 // attempts beyond a value's first

	Queued     int // values in the input queue
	QueuedMost int // the most that were in it

	// What the workers did with their time, all of them together, waits under way included. Awaiting is of task's: the
	// time of values whose function waits off the loop.
	Busy, Starved, Blocked, Awaiting, Limited, Retrying time.Duration

	Calls   Histogram  // of the function's time, sampled; without the waits in yield and for room
	Slowest []Call     // the five longest calls, the longest first
	Active  []Activity // what each worker does now, at most 64, the longest first; empty after the end
	Waiting string     // of an Ordered: for which value, and in which stage that is
	Err     string     // the last error of a value

	worked []time.Duration // busy time of each worker
}

// Call is one call of a stage's function.
type Call struct {
	Index  int // the number of its source value, from 0; -1: unknown
	Worker int
	Took   time.Duration
	Value  string // only if the observer asked for values
}

// Activity is what a worker does, and for how long it has done so.
type Activity struct {
	Worker int
	State  string // "busy", "starved", "blocked", "awaiting", "limited" or "retrying"
	For    time.Duration
}

// stageFigures collects the figures of one stage in one run.
type stageFigures struct {
	op    *base
	queue func() int

	mu      sync.Mutex
	workers []*counts
}

// counts are the published figures of one worker, which it alone writes. They have cache lines of
// their own: a line shared by two workers would cost several times as much as the counting.
type counts struct {
	in, out, dropped, failed atomic.Uint64
	_                        [96]byte
}

// tally holds the same figures, up to date but private to the worker.
type tally struct{ in, out, dropped, failed uint64 }

// publish stores t for Stats to read. Only the worker calls it. It skips figures that have not
// changed, since a store costs more than a load.
func (c *counts) publish(t *tally) {
	set(&c.in, t.in)
	set(&c.out, t.out)
	set(&c.dropped, t.dropped)
	set(&c.failed, t.failed)
}

func set(published *atomic.Uint64, n uint64) {
	if published.Load() != n {
		published.Store(n)
	}
}

// addWorker returns the counts of one more worker.
func (f *stageFigures) addWorker() *counts {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := new(counts)
	f.workers = append(f.workers, c)
	return c
}

func (f *stageFigures) snapshot(n Node) StageStats {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := StageStats{Node: n}
	for _, c := range f.workers {
		s.In += c.in.Load()
		s.Out += c.out.Load()
		s.Dropped += c.dropped.Load()
		s.Failed += c.failed.Load()
	}
	if f.queue != nil {
		s.Queued = f.queue()
	}
	return s
}
