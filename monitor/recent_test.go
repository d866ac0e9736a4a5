package monitor

import (
	"testing"
	"time"

	"github.com/gopeln/pl"
	"github.com/stretchr/testify/assert"
)

// at are the figures of a run under way in which the stage a, and then b, is the bottleneck.
func at(second int, busyA, busyB time.Duration) pl.Stats {
	n := uint64(1000 * second)
	return pl.Stats{
		State: pl.Running, Elapsed: time.Duration(second) * time.Second,
		Stages: []pl.StageStats{
			{Node: pl.Node{ID: 0, Name: "source", Backend: "source", Workers: 1}, Out: n},
			{Node: pl.Node{ID: 1, Name: "a", Backend: "thread", Workers: 1}, In: n, Out: n, Busy: busyA, Starved: time.Duration(second)*time.Second - busyA},
			{Node: pl.Node{ID: 2, Name: "b", Backend: "thread", Workers: 1}, In: n, Out: n, Busy: busyB, Starved: time.Duration(second)*time.Second - busyB},
		},
		Edges: []pl.Edge{{From: 0, To: 1}, {From: 1, To: 2}},
	}
}

// The bottleneck moves from a to b after a hundred seconds. Half a minute later nothing speaks of
// a; and what is shown changes once.
func TestTheVerdictIsOfTheLastHalfMinuteAndSteady(t *testing.T) {
	var r recent
	var busyA, busyB time.Duration
	var shown []string
	changed := 0
	for second := range 140 {
		if second < 100 {
			busyA += time.Second
		} else {
			busyB += time.Second
		}
		now := at(second+1, busyA, busyB)
		v := r.verdict(now)
		r.add(now)
		if n := len(shown); v.Kind == pl.StageBound && (n == 0 || shown[n-1] != v.Stage) {
			shown, changed = append(shown, v.Stage), second
		}
	}
	assert.Equal(t, []string{"a", "b"}, shown)
	assert.Less(t, changed, 100+35)
	assert.Equal(t, "a", at(140, busyA, busyB).Verdict().Stage, "the whole run says otherwise")
	assert.Less(t, len(r.looks), 20)
}

func TestAnotherVerdictMustHoldForAWhile(t *testing.T) {
	a, b := pl.Verdict{Kind: pl.StageBound, Stage: "a"}, pl.Verdict{Kind: pl.StageBound, Stage: "b"}
	stuck := pl.Verdict{Kind: pl.Stuck, Stage: "c"}
	var r recent
	for _, c := range []struct {
		second int
		v      pl.Verdict
		shown  string
	}{
		{1, pl.Verdict{}, ""}, {2, a, "a"}, {3, b, "a"}, {4, a, "a"}, {5, b, "a"}, {7, b, "a"}, {8, b, "b"}, {9, a, "b"},
		{10, stuck, "c"}, {11, a, "a"},
	} {
		assert.Equal(t, c.shown, r.steady(c.v, time.Duration(c.second)*time.Second).Stage, "second %d", c.second)
	}
}

func TestRatesAreOfTheLastSeconds(t *testing.T) {
	var r recent
	for second := range 60 {
		r.add(at(second, 0, 0))
	}
	now := at(60, 0, 0)
	lately := r.over(rateWindow, now)
	assert.InDelta(t, 6, lately.Elapsed.Seconds(), 1)
	assert.InDelta(t, 1000, float64(lately.Stages[1].In)/lately.Elapsed.Seconds(), 1)
	now.State = pl.Done
	assert.Equal(t, now, r.over(rateWindow, now))
}
