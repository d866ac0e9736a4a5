package pl

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
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

// Stats are the figures of a run at one moment.
type Stats struct {
	Stages []StageStats // in the order of Graph.Nodes
}

// StageStats are the figures of one stage, summed over its workers. Counts only grow.
type StageStats struct {
	Node
	In      uint64 // values taken from the input; 0 for a source
	Out     uint64 // results handed on; one that several consumers get counts once
	Dropped uint64 // values ended on purpose: Filter said no, or OnError returned nil
	Failed  uint64 // values that failed in their last attempt, whether dropped or ending the run
	Queued  int    // values in the input queue
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
