package monitor_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/monitor"
	"github.com/gopeln/pl/pltest"
	"github.com/gopeln/pl/thread"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// named is a pipeline whose run has that name.
func named(name string, n int) pl.Stage[int] {
	return thread.Map(pl.Lift(func(v int) int { return v }), pl.Name(name))(pl.Range(n))
}

func names(runs []pl.Stats) (all []string) {
	for _, s := range runs {
		all = append(all, s.Name)
	}
	return all
}

func TestAMonitorKeepsTheLastTwentyRuns(t *testing.T) {
	m := monitor.New()
	ctx := m.Watch(t.Context())
	for i := range 25 {
		require.NoError(t, named(fmt.Sprint("run ", i), 3).Run(ctx))
	}
	all := names(m.Stats())
	require.Len(t, all, 20)
	assert.Equal(t, "run 24", all[0])
	assert.Equal(t, "run 5", all[19])
}

func TestRunsUnderWayComeFirst(t *testing.T) {
	m := monitor.New()
	ctx := m.Watch(t.Context())
	for range named("outer", 1).All(ctx) {
		require.NoError(t, named("inner", 1).Run(ctx))
		assert.Equal(t, []string{"outer", "inner"}, names(m.Stats()))
		assert.Equal(t, pl.Running, m.Stats()[0].State)
	}
	assert.Equal(t, []string{"outer", "inner"}, names(m.Stats()), "outer has ended last")
}

// The runs of two hundred pipelines at once end while others look.
func TestLooksAtRunsThatComeAndGo(t *testing.T) {
	m := monitor.New()
	ctx := m.Watch(t.Context())
	var runs sync.WaitGroup
	for i := range 8 {
		runs.Go(func() {
			for range 25 {
				assert.NoError(t, named(fmt.Sprint("run ", i), 50).Run(ctx))
			}
		})
	}
	ended := make(chan struct{})
	go func() {
		runs.Wait()
		close(ended)
	}()
	for done := false; !done; {
		select {
		case <-ended:
			done = true
		default:
		}
		for _, path := range []string{"/", "/json", "/metrics", "/json?page"} {
			require.Equal(t, 200, get(m, path).Code)
		}
	}
	assert.Len(t, m.Stats(), 20)
	has(t, get(m, "/metrics").Body.String(), `gopeln_runs_total{pipeline="run 7",outcome="done"} 25`)
}

func TestOnlyAViewThatAskedForValuesShowsThem(t *testing.T) {
	with := monitor.New(monitor.Values(func(any) string { return "secret" }))
	without := monitor.New()
	require.NoError(t, named("stage", 3).Run(without.Watch(with.Watch(t.Context()))))
	assert.Equal(t, "secret", with.Stats()[0].Stages[1].Slowest[0].Value)
	assert.Empty(t, without.Stats()[0].Stages[1].Slowest[0].Value)
	hasNot(t, get(without, "/").Body.String(), "secret")
	has(t, get(with, "/").Body.String(), "secret")
}

func TestWhatStatsReturnsIsTheCallers(t *testing.T) {
	m := monitor.New()
	require.NoError(t, named("stage", 3).Run(m.Watch(t.Context())))
	s := m.Stats()[0]
	s.Stages[1].Name, s.Stages[1].Slowest[0].Took = "changed", 0
	assert.Equal(t, "stage", m.Stats()[0].Stages[1].Name)
	assert.NotZero(t, m.Stats()[0].Stages[1].Slowest[0].Took)
}

// What looks at a run belongs to it: it is in its bubble, sees its time, and has ended when the run
// returns.
func TestAWatchedRunInABubble(t *testing.T) {
	pltest.LeakCheck(t)
	synctest.Test(t, func(t *testing.T) {
		m := monitor.New()
		slow := thread.Map(func(ctx context.Context, v int) (int, error) {
			time.Sleep(time.Second)
			return v, nil
		}, pl.Name("slow"))
		n := 0
		for _, err := range slow(pl.Range(200)).All(m.Watch(t.Context())) {
			require.NoError(t, err)
			if n++; n == 150 {
				has(t, get(m, "/").Body.String(), `data-kind="StageBound"`)
			}
		}
		assert.Equal(t, 200*time.Second, m.Stats()[0].Elapsed)
	})
}

func TestAWatchedRunHasTheSameEnd(t *testing.T) {
	ctx := monitor.New().Watch(t.Context())
	bad := errors.New("bad")
	err := thread.Map(func(context.Context, int) (int, error) { return 0, bad })(pl.Range(3)).Run(ctx)
	require.ErrorIs(t, err, bad)

	m := monitor.New()
	cancelled, cancel := context.WithCancel(t.Context())
	defer cancel()
	for range named("stage", 1000).All(m.Watch(cancelled)) {
		cancel()
	}
	assert.Equal(t, pl.Cancelled, m.Stats()[0].State)
}

func TestNoContextAndNoOptionAreFine(t *testing.T) {
	m := monitor.New(monitor.Option{}, monitor.Values(nil), monitor.Every(-1), monitor.Writer(nil))
	var none context.Context
	require.NoError(t, named("stage", 1).Run(m.Watch(none)))
	assert.Len(t, m.Stats(), 1)
	has(t, get(monitor.New(monitor.Every(-1)), "/").Body.String(), `data-refresh="1000"`)
	has(t, get(monitor.New(monitor.Every(3*time.Second)), "/").Body.String(), `data-refresh="3000"`)
}
