package totals

import (
	"fmt"
	"testing"
	"time"

	"github.com/gopeln/pl"
	"github.com/stretchr/testify/assert"
)

func run(name string, state pl.RunState, stages ...pl.StageStats) pl.Stats {
	return pl.Stats{Name: name, State: state, Stages: stages}
}

func stage(name string, in uint64, limit int) pl.StageStats {
	return pl.StageStats{Node: pl.Node{Name: name, Workers: 2, MaxSize: limit}, In: in, Busy: time.Second, Queued: 3}
}

func TestStagesOfOneNameAreOne(t *testing.T) {
	var sums Sums
	sums.Add(run("crawl", pl.Done, stage("a", 1, 8), stage("a", 2, 8), stage("b", 4, 8)))
	sums.Add(run("crawl", pl.Failed, stage("a", 8, 8)))
	all := sums.Stages()
	assert.Len(t, all, 2)
	assert.EqualValues(t, 11, all[0].In)
	assert.Equal(t, 3*time.Second, all[0].Busy)
	assert.Equal(t, []Pipeline{{Name: "crawl", Done: 1, Failed: 1}}, sums.Pipelines())
}

// What is so now is that of runs under way; a clone of the sums takes them in and leaves the sums
// alone.
func TestRunsUnderWay(t *testing.T) {
	var sums Sums
	sums.Add(run("crawl", pl.Cancelled, stage("a", 1, 8)))
	now := sums.Clone()
	now.AddUnderWay(run("crawl", pl.Running, stage("a", 2, 8)))
	now.AddUnderWay(run("crawl", pl.Running, stage("a", 2, 16)))
	a := now.Stages()[0]
	assert.EqualValues(t, 5, a.In)
	assert.Equal(t, []int{4, 6, 24}, []int{a.Workers, a.Queued, a.Limit})
	now.AddUnderWay(run("crawl", pl.Running, stage("a", 2, 0)))
	assert.Zero(t, now.Stages()[0].Limit, "one of them has no bound")
	now.AddUnderWay(run("crawl", pl.Running, stage("a", 2, 8)))
	assert.Zero(t, now.Stages()[0].Limit)
	assert.Equal(t, Pipeline{Name: "crawl", Active: 4, Cancelled: 1}, now.Pipelines()[0])
	assert.EqualValues(t, 1, sums.Stages()[0].In)
	assert.Zero(t, sums.Pipelines()[0].Active)
}

// What is known of workers elsewhere is absent where there are none.
func TestWorkersElsewhere(t *testing.T) {
	var sums Sums
	far := stage("a", 1, 8)
	far.Remote = &pl.Remote{Redelivered: 3, Resubmitted: 2, Duplicates: 1, Workers: []pl.RemoteWorker{{State: "serving"}, {State: "lost"}}}
	sums.Add(run("crawl", pl.Done, far, stage("b", 1, 8)))
	sums.AddUnderWay(run("crawl", pl.Running, far))
	all := sums.Stages()
	values := map[string][]Value{}
	for _, m := range Metrics {
		values[m.Name] = m.Values(&all[0])
	}
	assert.Equal(t, []Value{{"redelivered", 6}, {"resubmitted", 4}}, values["gopeln_stage_reruns_total"])
	assert.Equal(t, []Value{{"", 2}}, values["gopeln_stage_duplicates_total"])
	assert.Equal(t, []Value{{"", 1}}, values["gopeln_stage_remote_workers"])
	for _, m := range Metrics[len(Metrics)-3:] {
		assert.Empty(t, m.Values(&all[1]), m.Name)
	}
}

func TestWhatComesLateIsOther(t *testing.T) {
	var sums Sums
	for i := range 500 {
		sums.Add(run(fmt.Sprint("run ", i), pl.Done, stage("a", 1, 0)))
	}
	assert.Len(t, sums.Stages(), Most+1)
	assert.Len(t, sums.Pipelines(), Most+1)
	last := sums.Stages()[Most]
	assert.Equal(t, Other, last.Name)
	assert.EqualValues(t, 300, last.In)
}

func TestCallsUpToABound(t *testing.T) {
	c := Calls{Count: 6, Buckets: map[int]uint64{-1: 1, 0: 2, 7: 3}} // up to 1 s, 2^(1/8) s, 2 s
	assert.EqualValues(t, 1, c.UpTo(1))
	assert.EqualValues(t, 3, c.UpTo(1.1))
	assert.EqualValues(t, 6, c.UpTo(2))
	assert.Zero(t, c.UpTo(0.9))
}
