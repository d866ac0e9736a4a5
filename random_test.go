package pl_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/internal/backendtest"
)

var (
	graphs = flag.Int("graphs", 120, "how many random graphs TestRandomGraphs runs, and TestRandomFuncs")
	seed   = flag.Uint64("seed", 0, "run only the random graph of this seed")
)

// TestRandomGraphs compares random pipelines with what plain loops make of the same input: which
// values come, in which order those of a key come, and which failures are reported, also if the run
// drains at some moment. The name of a failed subtest is the seed of its graph; go test -run
// TestRandomGraphs -seed N runs it alone, and -graphs N runs more.
func TestRandomGraphs(t *testing.T) { eachSeed(t, try) }

// eachSeed tries many random seeds, or the one that was asked for.
func eachSeed(t *testing.T, try func(t *testing.T, seed uint64)) {
	if *seed != 0 {
		try(t, *seed)
		return
	}
	first := rand.Uint64() | 1
	for i := range *graphs {
		if try(t, first+uint64(i)); t.Failed() {
			return
		}
	}
}

// try makes the graph of a seed and runs it.
func try(t *testing.T, seed uint64) {
	t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) {
		g := newGrower(seed)
		m := g.grow(1 + g.IntN(6))
		n := len(m.of(nil).values)
		failing := g.backend()
		t.Logf("%s\n%v", strings.Join(m.steps, ", "), m.stage)
		g.run(t, func(t *testing.T) {
			compare(t, g, m)
			look(t, g, m)
			leave(t, m, g.IntN(n+1))
			cancel(t, g, m, time.Duration(g.IntN(2_000_000)))
			fail(t, m, failing.Brittle(m.stage))
			drain(t, g, m)
		})
	})
}

// run runs a test in virtual time if all backends that were used can.
func (g *grower) run(t *testing.T, test func(*testing.T)) {
	if slices.ContainsFunc(g.used, func(b backendtest.API) bool { return !b.Here }) {
		watchdog := time.AfterFunc(time.Minute, func() { panic(t.Name() + " hangs") })
		defer watchdog.Stop()
		test(t)
		return
	}
	synctest.Test(t, test)
}

// compare consumes a stage, and again.
func compare(t *testing.T, g *grower, m model) {
	for range 2 {
		got, err := collect(t, m.stage)
		m.of(nil).check(t, g, got, err)
	}
}

// look consumes a stage that is observed: that changes nothing, and the figures are those of what
// has happened.
func look(t *testing.T, g *grower, m model) {
	looked := false
	ctx := backendtest.Watched(t.Context(), t, 10*time.Millisecond, func(before, end pl.Stats, err error) {
		looked = true
		require.NoError(t, errors.Join(ignoring[*pl.FailedValues](err)))
		sumsUp(t, before, end)
	})
	before := backendtest.Hold()
	got, err := m.stage.Collect(ctx)
	before.Check(t)
	m.of(nil).check(t, g, got, err)
	require.True(t, looked)
}

// ignoring returns err, unless it is an E.
func ignoring[E error](err error) error {
	if _, ok := errors.AsType[E](err); ok {
		return nil
	}
	return err
}

// sumsUp checks the figures of a run that has ended well, and that those of its parts add up to
// them.
func sumsUp(t *testing.T, before, end pl.Stats) {
	t.Helper()
	if end.State == pl.Done {
		require.EqualValues(t, 1, end.Progress)
	}
	part := end.Sub(before)
	require.Equal(t, end.Elapsed, before.Elapsed+part.Elapsed)
	for i, s := range end.Stages {
		b, p := before.Stages[i], part.Stages[i]
		require.Equal(t, s.In, b.In+p.In)
		require.Equal(t, s.Out, b.Out+p.Out)
		require.Equal(t, s.Dropped, b.Dropped+p.Dropped)
		require.Equal(t, s.Busy, b.Busy+p.Busy)
		require.Equal(t, s.Starved, b.Starved+p.Starved)
		require.Equal(t, s.Calls.Count(), b.Calls.Count()+p.Calls.Count())
		require.LessOrEqual(t, s.Filtered, s.Dropped)
		require.Empty(t, s.Active)
		require.Empty(t, s.Waiting)
		if s.Backend == "thread" || s.Backend == "process" {
			lives := s.Busy + s.Starved + s.Blocked + s.Limited + s.Retrying
			require.LessOrEqual(t, lives, end.Elapsed*time.Duration(s.Workers), "%v", end)
		}
	}
}

// leave breaks out of the loop after n values, or after the first.
func leave(t *testing.T, m model, n int) {
	before := backendtest.Hold()
	for _, err := range m.stage.All(t.Context()) {
		if _, ended := errors.AsType[*pl.FailedValues](err); ended { // there were no values
			break
		}
		require.NoError(t, err)
		if n--; n <= 0 {
			break
		}
	}
	before.Check(t)
}

// cancel ends the run's context at some moment.
func cancel(t *testing.T, g *grower, m model, after time.Duration) {
	ctx, cancel := context.WithTimeout(t.Context(), after)
	defer cancel()
	before := backendtest.Hold()
	got, err := m.stage.Collect(ctx)
	before.Check(t)
	if !errors.Is(err, context.DeadlineExceeded) { // no error says that this is all
		m.of(nil).check(t, g, got, err)
	}
}

// fail puts a stage that fails for some values behind the graph.
func fail(t *testing.T, m model, s pl.Stage[int]) {
	got, err := collect(t, s.With(pl.MaxSize(1)))
	values := m.of(nil).values
	if slices.ContainsFunc(values, func(v value) bool { return v.x%5 == 0 }) {
		require.ErrorIs(t, err, backendtest.ErrBroken)
		return
	}
	if _, reported := errors.AsType[*pl.FailedValues](err); !reported {
		require.NoError(t, err)
	}
	require.Len(t, got, len(values))
}

// drain has the run stop reading at some moment: what was read by then is finished.
func drain(t *testing.T, g *grower, m model) {
	if !g.counted {
		return
	}
	stop, end := context.WithCancel(t.Context())
	defer end()
	for _, s := range g.sources {
		s.reset()
	}
	last := g.sources[g.IntN(len(g.sources))]
	if last.stopAt = g.IntN(len(last.list) + 1); last.stopAt == 0 {
		end()
	}
	last.stop = end
	before := backendtest.Hold()
	got, err := m.stage.Collect(pl.Drain(t.Context(), stop, time.Hour))
	before.Check(t)
	m.of(g.read()).check(t, g, got, err)
}
