// Package totals adds up the figures of the runs that a monitor has watched, by pipeline and stage,
// for metrics systems. Runs that have ended stay in the sums, so that counters never fall.
package totals

import (
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/gopeln/pl"
)

// Of returns the sums of a *monitor.Monitor. Package monitor sets it: what metrics systems of
// nested modules need is nothing that a user should see.
var Of func(monitor any) *Sums

// Sums are the sums over runs. The zero Sums are empty. They are not safe for concurrent use.
type Sums struct {
	pipelines map[string]*Pipeline
	stages    map[key]*Stage
	order     []key
	names     []string // of the pipelines, in the order in which they came
}

type key struct{ pipeline, stage string }

// Pipeline is the runs of one name.
type Pipeline struct {
	Name                    string
	Active                  int
	Done, Failed, Cancelled uint64
}

// Stage is the stages of one name in pipelines of one name, their consumers included.
type Stage struct {
	Pipeline, Name string

	In, Out, Filtered, Dropped, Failed, Retried         uint64
	Busy, Starved, Blocked, Awaiting, Limited, Retrying time.Duration

	// Of stages whose workers are processes elsewhere.
	Remote                               bool
	Redelivered, Resubmitted, Duplicates uint64

	// Of runs under way.
	Workers, Queued int
	Serving         int // processes elsewhere
	Limit           int // of the queues; 0: one of them has none

	Calls Calls
}

// Calls are the calls of a stage's function, in the buckets of [pl.Histogram].
type Calls struct {
	Count   uint64
	Sum     time.Duration
	Buckets map[int]uint64
}

// Most is how many pairs of pipeline and stage, and how many pipelines, are told apart. What comes
// later counts as [Other].
const Most = 200

// Other is the name of the pipeline and stage that stand for those beyond [Most].
const Other = "other"

// Pipelines returns the pipelines, in the order in which they came.
func (t *Sums) Pipelines() []Pipeline {
	var all []Pipeline
	for _, name := range t.names {
		all = append(all, *t.pipelines[name])
	}
	return all
}

// Stages returns the stages, in the order in which they came.
func (t *Sums) Stages() []Stage {
	var all []Stage
	for _, k := range t.order {
		all = append(all, *t.stages[k])
	}
	return all
}

// Clone returns a copy that shares nothing with t.
func (t *Sums) Clone() *Sums {
	c := &Sums{
		pipelines: map[string]*Pipeline{}, stages: map[key]*Stage{},
		order: slices.Clone(t.order), names: slices.Clone(t.names),
	}
	for name, p := range t.pipelines {
		copied := *p
		c.pipelines[name] = &copied
	}
	for k, s := range t.stages {
		copied := *s
		copied.Calls.Buckets = maps.Clone(s.Calls.Buckets)
		c.stages[k] = &copied
	}
	return c
}

// Add adds a run that has ended.
func (t *Sums) Add(s pl.Stats) {
	switch p := t.pipeline(s.Name); s.State {
	case pl.Done:
		p.Done++
	case pl.Cancelled:
		p.Cancelled++
	default:
		p.Failed++
	}
	t.addStages(s, false)
}

// AddUnderWay adds a run that has not ended.
func (t *Sums) AddUnderWay(s pl.Stats) {
	t.pipeline(s.Name).Active++
	t.addStages(s, true)
}

func (t *Sums) pipeline(name string) *Pipeline {
	if t.pipelines == nil {
		t.pipelines = map[string]*Pipeline{}
	}
	name = Valid(name)
	if t.pipelines[name] == nil && len(t.pipelines) >= Most {
		name = Other
	}
	p := t.pipelines[name]
	if p == nil {
		p = &Pipeline{Name: name}
		t.pipelines[name] = p
		t.names = append(t.names, name)
	}
	return p
}

func (t *Sums) stage(pipeline, name string) *Stage {
	if t.stages == nil {
		t.stages = map[key]*Stage{}
	}
	k := key{Valid(pipeline), Valid(name)}
	if t.stages[k] == nil && len(t.stages) >= Most {
		k = key{Other, Other}
	}
	s := t.stages[k]
	if s == nil {
		s = &Stage{Pipeline: k.pipeline, Name: k.stage, Calls: Calls{Buckets: map[int]uint64{}}}
		t.stages[k] = s
		t.order = append(t.order, k)
	}
	return s
}

// Valid is a text as what takes metrics and traces has it: the protocols refuse a whole batch for the
// sake of one that is not UTF-8.
func Valid(text string) string { return strings.ToValidUTF8(text, "\ufffd") }

func (t *Sums) addStages(s pl.Stats, underWay bool) {
	for i := range s.Stages {
		t.stage(s.Name, s.Stages[i].Name).add(&s.Stages[i], underWay)
	}
	if s.Consumer.Name != "" {
		t.stage(s.Name, s.Consumer.Name).add(&s.Consumer, underWay)
	}
}

func (t *Stage) add(s *pl.StageStats, underWay bool) {
	t.In += s.In
	t.Out += s.Out
	t.Filtered += s.Filtered
	t.Dropped += s.Dropped
	t.Failed += s.Failed
	t.Retried += s.Retried
	t.Busy += s.Busy
	t.Starved += s.Starved
	t.Blocked += s.Blocked
	t.Awaiting += s.Awaiting
	t.Limited += s.Limited
	t.Retrying += s.Retrying
	t.Calls.Count += s.Calls.Count()
	t.Calls.Sum += s.Calls.Sum()
	for k, n := range s.Calls.Buckets() {
		t.Calls.Buckets[k] += n
	}
	if s.Remote != nil {
		t.Remote = true
		t.Redelivered += s.Remote.Redelivered
		t.Resubmitted += s.Remote.Resubmitted
		t.Duplicates += s.Remote.Duplicates
	}
	if underWay {
		t.addGauges(s)
	}
}

func (t *Stage) addGauges(s *pl.StageStats) {
	if unbounded := t.Workers > 0 && t.Limit == 0; unbounded || s.MaxSize == 0 {
		t.Limit = 0
	} else {
		t.Limit += s.MaxSize
	}
	t.Workers += s.Workers
	t.Queued += s.Queued
	if s.Remote == nil {
		return
	}
	for _, w := range s.Remote.Workers {
		if w.State == "serving" {
			t.Serving++
		}
	}
}

// UpTo is how many calls took at most a number of seconds, to the accuracy of the buckets.
func (c *Calls) UpTo(seconds float64) (n uint64) {
	for k, count := range c.Buckets {
		if upper := math.Exp2(float64(k+1) / 8); upper <= seconds*(1+1e-9) {
			n += count
		}
	}
	return n
}
