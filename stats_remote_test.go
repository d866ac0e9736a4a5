package pl_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
)

// faraway is a backend that says of its workers that they are elsewhere.
type faraway struct{ figures func() *pl.Remote }

func (faraway) Name() string { return "faraway" }

func (f faraway) Start(s *pl.Site) {
	s.Remote(f.figures)
	s.Employ()
}

// atHost is a worker that serves.
func atHost(host string, pid int, done uint64) pl.RemoteWorker {
	return pl.RemoteWorker{Host: host, PID: pid, State: "serving", Slots: 2, Done: done}
}

func TestFiguresOfRemoteWorkersAreAskedForUntilTheEnd(t *testing.T) {
	var asked atomic.Uint64
	back := faraway{func() *pl.Remote {
		n := asked.Add(1)
		return &pl.Remote{Redelivered: n, Workers: []pl.RemoteWorker{atHost("alpha", 1, n)}}
	}}
	var info *pl.RunInfo
	ctx := pl.Observe(t.Context(), func(run *pl.RunInfo) func(error) { info = run; return nil })
	stage := pl.NewPartial(back, mapping(func(_ context.Context, n int) (int, error) { return n, nil }))
	var earlier pl.Stats
	for _, err := range stage(pl.Range(3)).All(ctx) {
		require.NoError(t, err)
		earlier = info.Stats()
	}
	assert.Nil(t, earlier.Stages[0].Remote)
	require.NotNil(t, earlier.Stages[1].Remote)

	last := asked.Load()
	end := info.Stats()
	assert.Equal(t, &pl.Remote{Redelivered: last, Workers: []pl.RemoteWorker{atHost("alpha", 1, last)}}, end.Stages[1].Remote)
	end.Stages[1].Remote.Redelivered = 0
	end.Stages[1].Remote.Workers[0].Host = "mine"
	again := info.Stats().Stages[1].Remote
	assert.Equal(t, last, again.Redelivered, "a caller changes what it has got")
	assert.Equal(t, "alpha", again.Workers[0].Host)
	assert.Equal(t, last, asked.Load(), "nothing is asked for after the end")

	text, err := json.Marshal(info.Stats())
	require.NoError(t, err)
	assert.Equal(t, 1, strings.Count(string(text), `"Remote"`), "other stages have none")
	var read pl.Stats
	require.NoError(t, json.Unmarshal(text, &read))
	assert.Equal(t, again, read.Stages[1].Remote)

	asked.Store(0)
	require.NoError(t, stage(pl.Range(3)).Run(t.Context()))
	assert.Zero(t, asked.Load(), "a run that is not observed does not ask")
}

func TestSubOfRemoteFigures(t *testing.T) {
	stats := func(r *pl.Remote) pl.Stats { return pl.Stats{Stages: []pl.StageStats{{Remote: r}}} }
	before := &pl.Remote{Redelivered: 1, Resubmitted: 2, Duplicates: 3, Workers: []pl.RemoteWorker{atHost("alpha", 1, 10), atHost("alpha", 2, 20)}}
	now := &pl.Remote{Redelivered: 5, Resubmitted: 2, Duplicates: 4, Workers: []pl.RemoteWorker{atHost("alpha", 1, 13), atHost("beta", 2, 7)}}
	kept := pl.Remote{Redelivered: 5, Resubmitted: 2, Duplicates: 4, Workers: slices.Clone(now.Workers)}
	assert.Equal(t, &pl.Remote{Redelivered: 4, Duplicates: 1, Workers: []pl.RemoteWorker{atHost("alpha", 1, 3), atHost("beta", 2, 7)}},
		stats(now).Sub(stats(before)).Stages[0].Remote)
	assert.Equal(t, &kept, now, "Sub changes nothing")
	assert.Equal(t, now, stats(now).Sub(stats(nil)).Stages[0].Remote)
	assert.Nil(t, stats(nil).Sub(stats(before)).Stages[0].Remote)
}

func TestRemoteWorkersAsText(t *testing.T) {
	gone := atHost("gamma", 9, 0)
	gone.State = "lost"
	many := &pl.Remote{}
	for i := range 300 {
		many.Workers = append(many.Workers, atHost(fmt.Sprintf("host%03d", i/3), i, 0))
	}
	for want, r := range map[string]*pl.Remote{
		"0 workers":              {},
		"0 workers, 1 lost":      {Workers: []pl.RemoteWorker{gone}},
		"1 worker on alpha":      {Workers: []pl.RemoteWorker{atHost("alpha", 1, 0)}},
		`1 worker on a\n\x1b[2J`: {Workers: []pl.RemoteWorker{atHost("a\n\x1b[2J", 1, 0)}},
		"3 workers on 2 machines (beta 2, alpha 1), 1 lost, 14 values redelivered, 3 values resubmitted, 2 duplicates dropped": {
			Redelivered: 14, Resubmitted: 3, Duplicates: 2,
			Workers: []pl.RemoteWorker{{Done: 7}, atHost("alpha", 1, 0), atHost("beta", 1, 0), atHost("beta", 2, 0), gone},
		},
		"300 workers on 100 machines (host000 3, host001 3, host002 3, host003 3, …)": many,
	} {
		assert.Equal(t, want, r.String())
	}
	s := pl.Stats{Elapsed: time.Second, Stages: []pl.StageStats{{Node: pl.Node{Name: "count"}, Remote: &pl.Remote{Redelivered: 4}}}}
	assert.Contains(t, s.String(), "\ncount: 0 workers, 4 values redelivered\n")
}

func TestMachinesOfRemoteWorkers(t *testing.T) {
	r := &pl.Remote{Workers: []pl.RemoteWorker{atHost("alpha", 1, 0), atHost("beta", 1, 0), atHost("beta", 2, 0)}}
	got := map[string]int{}
	for host, workers := range r.Machines() {
		got[host] = len(workers)
	}
	assert.Equal(t, map[string]int{"alpha": 1, "beta": 2}, got)
	for host := range r.Machines() {
		assert.Equal(t, "alpha", host)
		break
	}
}
