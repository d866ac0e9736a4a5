package pl

import (
	"encoding/json"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// pipelineOf makes the figures of a run of 10 s whose stages follow each other, the consumer last.
func pipelineOf(consumer StageStats, stages ...StageStats) Stats {
	s := Stats{State: Running, Elapsed: 10 * time.Second, Stages: stages, Consumer: consumer}
	for i := range stages {
		stages[i].ID = i
		if i > 0 {
			s.Edges = append(s.Edges, Edge{i - 1, i})
		}
	}
	return s
}

// worked makes the figures of a stage that had n values, by the shares of its workers' time.
func worked(name string, workers, n int, busy, starved, blocked float64) StageStats {
	part := func(share float64) time.Duration {
		return time.Duration(share * float64(workers) * float64(10*time.Second))
	}
	return StageStats{
		Node: Node{Name: name, Backend: "thread", Workers: workers, MaxSize: 64}, In: uint64(n), Out: uint64(n),
		Busy: part(busy), Starved: part(starved), Blocked: part(blocked),
	}
}

func sourceOf(name string, n int, busy, blocked float64) StageStats {
	s := worked(name, 1, n, busy, 0, blocked)
	s.In, s.Backend, s.MaxSize = 0, "source", 0
	return s
}

// with changes one of the stages.
func with(s Stats, i int, change func(*StageStats)) Stats {
	change(&s.Stages[i])
	return s
}

func TestTheVerdictNamesWhatLimitsTheRun(t *testing.T) {
	loop := func(busy float64) StageStats { return worked("loop", 1, 1000, busy, 1-busy, 0) }
	usual := func() Stats {
		return pipelineOf(loop(0.1), sourceOf("read", 1000, 0.1, 0.9), worked("parse", 4, 1000, 0.2, 0, 0.8),
			worked("score", 4, 1000, 0.98, 0.02, 0), worked("write", 2, 1000, 0.3, 0.7, 0))
	}
	idle := func() Stats {
		return pipelineOf(loop(0.1), sourceOf("read", 1000, 0.4, 0.6), worked("fetch", 4, 1000, 0.61, 0.2, 0.19))
	}
	longAgo := func(state string, d time.Duration) func(*StageStats) {
		return func(s *StageStats) { s.Active = append(s.Active, Activity{Worker: 2, State: state, For: d}) }
	}
	for name, c := range map[string]struct {
		stats Stats
		want  VerdictKind
		stage string
		text  string // part of what String gives
	}{
		"young": {func() Stats { s := usual(); s.Elapsed = time.Second; return s }(), WarmingUp, "", "Warming up"},
		"few values": {pipelineOf(worked("loop", 1, 9, 0, 1, 0), sourceOf("read", 9, 1, 0)), WarmingUp, "",
			"Too few values to tell: 9 values in 10s"},
		"idle": {with(with(usual(), 0, longAgo("busy", 41*time.Second)), 2, longAgo("starved", 41*time.Second)),
			SourceBound, "read", "Everything waits for the source read: it has yielded nothing for 41s"},
		"stuck": {with(with(usual(), 2, longAgo("busy", 41*time.Second)), 3, longAgo("starved", 12*time.Second)),
			Stuck, "score", "score is stuck: worker 2 has been in its function for 41s. A Timeout"},
		"stuck, several": {with(with(usual(), 2, longAgo("busy", 41*time.Second)), 2, func(s *StageStats) {
			s.Queued, s.Active = 7, append(s.Active, Activity{Worker: 0, State: "busy", For: 20 * time.Second})
		}), Stuck, "score", "for 41s, the longest of 2; 7 values wait before it. A Timeout would end such a call"},
		"not stuck, since another moves": {with(with(usual(), 2, longAgo("busy", 41*time.Second)), 3, longAgo("busy", time.Second)),
			StageBound, "score", ""},
		"the processors": {func() Stats {
			s := usual()
			s.CPU = time.Duration(runtime.GOMAXPROCS(0)) * 95 * s.Elapsed / 100
			return s
		}(), CPUBound, "score", "More workers cannot help"},
		"the event loop": {func() Stats {
			s := with(usual(), 1, func(s *StageStats) { s.Backend = "task" })
			s.Loops = []time.Duration{time.Second, 9 * time.Second}
			return s
		}(), LoopBound, "parse", "task.Blocking()"},
		"the pipe": {with(usual(), 2, func(s *StageStats) {
			s.Backend, s.Calls = "process", histogramOf(time.Second, 5*time.Second)
		}), PipeBound, "score", "score spends 85 % of its time on the pipe"},
		"a process stage that computes": {with(usual(), 2, func(s *StageStats) {
			s.Backend, s.Calls = "process", histogramOf(30*time.Second)
		}), StageBound, "score", ""},
		"the source": {pipelineOf(loop(0.1), sourceOf("read", 1000, 1, 0), worked("score", 4, 1000, 0.2, 0.8, 0)),
			SourceBound, "read", "The source read is the bottleneck: it is busy 100 % of the time, score after it starves 80 %"},
		"the consumer": {pipelineOf(loop(1), sourceOf("read", 1000, 0.1, 0.9), worked("score", 4, 1000, 0.2, 0, 0.8)),
			ConsumerBound, "loop", "Your own loop is the bottleneck: its body takes 100 % of the time, score before it is blocked 80 %"},
		"an Ordered": {func() Stats {
			s := pipelineOf(loop(0.1), sourceOf("read", 1000, 0.1, 0.9), worked("fetch", 4, 1000, 0.3, 0.7, 0), StageStats{
				Node: Node{Name: "Ordered", Backend: "pl", Workers: 1, MaxSize: 16}, In: 900, Out: 900, Queued: 15,
				Waiting: "#1234, for 12s in fetch",
			})
			return s
		}(), OrderBound, "fetch", "Ordered waits for #1234, for 12s in fetch"},
		"a stage": {usual(), StageBound, "score",
			"score is the bottleneck: its 4 workers are busy 98 % of the time, parse before it is blocked 80 %, write after it starves 70 %. More workers help up to ×3.3, then write limits"},
		"a stage of few values, behind a filter": {pipelineOf(loop(0), sourceOf("read", 1000, 0, 0),
			with(pipelineOf(StageStats{}, worked("filter", 1, 1000, 0.5, 0, 0.5)), 0, func(s *StageStats) { s.Out = 100 }).Stages[0],
			worked("score", 1, 100, 0.99, 0, 0)), StageBound, "score", ""},
		// The source and the first stage read ahead, since nothing bounds them; the queue in front
		// of score grows.
		"queues without a bound": {with(pipelineOf(loop(0.1), sourceOf("read", 90_000, 1, 0), worked("parse", 1, 90_000, 1, 0, 0),
			worked("score", 1, 1000, 0.9, 0, 0)), 2, func(s *StageStats) { s.MaxSize, s.Queued = 0, 89_000 }),
			StageBound, "score", "89000 values wait before it, and no MaxSize bounds them"},
		"many failures": {with(usual(), 2, func(s *StageStats) { s.Failed, s.Err = 80, "dial tcp: refused" }),
			StageBound, "score", "8 % of its values fail (last: dial tcp: refused)"},
		"uneven work": {with(usual(), 2, func(s *StageStats) {
			s.worked = []time.Duration{70 * time.Second, 10 * time.Second, 10 * time.Second, 10 * time.Second}
		}), StageBound, "score", "One of its 4 workers does 70 % of the work"},
		"nothing in particular": {idle(), Balanced, "fetch", "No stage is full: fetch, with the largest demand, works 61 % of the time"},
	} {
		t.Run(name, func(t *testing.T) {
			v := c.stats.Verdict()
			assert.Equal(t, c.want, v.Kind, "%v", v)
			assert.Equal(t, c.stage, v.Stage, "%v", v)
			assert.Contains(t, v.String(), c.text)
			assert.NotContains(t, v.String(), "NaN")
			assert.NotContains(t, v.String(), "%!")
		})
	}
}

func TestTheVerdictOfARunThatHasEndedIsToldInThePast(t *testing.T) {
	s := pipelineOf(StageStats{}, sourceOf("read", 1000, 0.1, 0.9), worked("score", 4, 1000, 0.99, 0, 0))
	s.State = Done
	assert.Equal(t, "score was the bottleneck", s.Verdict().Text)
}

func TestTheVerdictOfNothingDoesNotPanic(t *testing.T) {
	assert.Equal(t, WarmingUp, Stats{}.Verdict().Kind)
	s := Stats{Elapsed: time.Minute, Stages: make([]StageStats, 3), Edges: []Edge{{7, 8}}, Loops: []time.Duration{0}}
	s.Stages[0].Out = 1000
	assert.Equal(t, Balanced, s.Verdict().Kind)
}

// Joined branches: each source's share of the values counts.
func TestDemandFollowsBranchesAndJoins(t *testing.T) {
	s := Stats{Elapsed: 10 * time.Second, Stages: []StageStats{
		sourceOf("many", 1000, 0, 0), sourceOf("few", 10, 0, 0), worked("light", 1, 1000, 0.9, 0, 0),
		worked("heavy", 1, 10, 0.5, 0, 0), worked("join", 1, 1010, 0.1, 0, 0),
	}, Edges: []Edge{{0, 2}, {1, 3}, {2, 4}, {3, 4}}}
	for i := range s.Stages {
		s.Stages[i].ID = i
	}
	assert.Equal(t, "light", s.Verdict().Stage)
}

func TestStatesAndKindsTravelByName(t *testing.T) {
	text, err := json.Marshal(map[string]any{"State": Draining, "Kind": ConsumerBound})
	require.NoError(t, err)
	assert.JSONEq(t, `{"State": "Draining", "Kind": "ConsumerBound"}`, string(text))
	var got struct {
		State RunState
		Kind  VerdictKind
	}
	require.NoError(t, json.Unmarshal(text, &got))
	assert.Equal(t, Draining, got.State)
	assert.Equal(t, ConsumerBound, got.Kind)
	require.Error(t, json.Unmarshal([]byte(`{"State": "asleep"}`), &got))
	assert.Equal(t, "RunState(9)", RunState(9).String())
}
