package pl

import (
	"context"
	"slices"
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

func (r *run) observed() bool { return len(observers(r.caller)) > 0 }

// tellObservers tells the observers of the caller's context that the run starts. ended tells them
// its end.
func (r *run) tellObservers(roots []node) (ended func(error)) {
	all := observers(r.caller)
	if len(all) == 0 {
		return func(error) {}
	}
	info := &RunInfo{graph: graphOf(roots), figures: r.figures, consumer: r.consumer}
	var after []func(error)
	for _, o := range all {
		if f := o(info); f != nil {
			after = append(after, f)
		}
	}
	return func(err error) {
		info.keep()
		for _, f := range after {
			f(err)
		}
	}
}

// RunInfo shows one run to an [Observer]. It is safe for concurrent use, also after the run.
type RunInfo struct {
	graph    Graph
	figures  []*stageFigures
	consumer *stageFigures
}

// Graph returns the stages of the run.
func (r *RunInfo) Graph() Graph { return r.graph }

// Stats returns the figures of the run so far. They do not lag: those of a stage that waits, or has
// ended, are exact, and those of a busy stage are of the moment at which Stats looks at it.
func (r *RunInfo) Stats() Stats {
	s := Stats{Consumer: r.consumer.snapshot(consumerOp.node(len(r.figures)))}
	for i, f := range r.figures {
		s.Stages = append(s.Stages, f.snapshot(r.graph.Nodes[i]))
	}
	return s
}

// keep keeps the figures at the end of the run, and nothing else of it.
func (r *RunInfo) keep() {
	r.consumer.keep()
	for _, f := range r.figures {
		f.keep()
	}
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
	Out      uint64 // results that a consumer has or can take; one that several get counts once
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
