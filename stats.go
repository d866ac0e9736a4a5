package pl

import (
	"time"

	"github.com/gopeln/pl/internal/observe"
)

// Stats are the figures of a run at one moment. They are plain data: JSON has them under the same
// names, states and kinds by name, and durations in nanoseconds.
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

	waits coreWaits // since Started
	cut   observe.Cut
}

// StageStats are the figures of one stage, summed over its workers. Counts and times only grow.
type StageStats struct {
	Node
	In       uint64 // values taken from the input; a source has none
	Out      uint64 // results that a consumer has or can take; one that several get counts once
	Filtered uint64 // the part of Dropped to which Filter said no
	Dropped  uint64 // values ended on purpose: Filter said no, or OnError returned nil
	Failed   uint64 // values that failed in their last attempt, whether dropped or ending the run
	Retried  uint64 // attempts beyond a value's first

	Queued     int // values in the input queue
	QueuedMost int // the most that were in it

	// What the workers did with their time, in sum, waits under way included. Awaiting is for
	// stages of package task: the time of values whose functions wait off the loop.
	Busy, Starved, Blocked, Awaiting, Limited, Retrying time.Duration

	Calls   Histogram  // of the function's time, sampled; without the waits in yield and for room
	Slowest []Call     // the five longest calls, the longest first
	Active  []Activity // what each worker does now, at most 64, the longest first; empty after the end
	Waiting string     // of an Ordered: for which value, and in which stage that is
	Err     string     // the last error of a value

	// Of a stage whose workers are processes elsewhere; nil else. Without [Workers] the stage's are all
	// slots of these.
	Remote *Remote `json:",omitempty"`

	worked   []time.Duration // busy time of each worker
	underWay int             // values taken and not done

	held   time.Duration // of an Ordered: how long its window has held up the source
	holder string        // and the stage that had the value meanwhile
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
