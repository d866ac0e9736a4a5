//go:build unix

package process_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/process"
)

// observed returns a context whose run's figures stats returns.
func observed(t *testing.T) (ctx context.Context, stats func() pl.Stats) {
	var info *pl.RunInfo
	ctx = pl.Observe(t.Context(), func(run *pl.RunInfo) func(error) {
		info = run
		return nil
	})
	return ctx, func() pl.Stats { return info.Stats() }
}

var (
	briskly = process.Map(func(_ context.Context, n int) (int, error) {
		if n == 20_000 {
			return int(slept()), nil // one long call among short ones
		}
		return 0, nil
	}, pl.Name("briskly"))
	diesSlowly = process.Map(func(_ context.Context, n int) (int, error) {
		if n == 3 {
			fmt.Fprintln(os.Stderr, slept())
			os.Exit(3)
		}
		return n, nil
	}, pl.Name("diesSlowly"), pl.OnError(pl.Skip))
	tooSlow = process.Map(func(ctx context.Context, n int) (int, error) {
		if n == 3 {
			time.Sleep(time.Hour)
		}
		return n, nil
	}, pl.Name("tooSlow"), pl.OnError(pl.Skip), pl.Timeout(100*time.Millisecond))
)

// slept sleeps a while and returns for how long.
func slept() time.Duration {
	began := time.Now()
	time.Sleep(100 * time.Millisecond)
	return time.Since(began)
}

// oneIsRight calls run, which returns how long a call took by the figures and by its own clock,
// until they agree: glances at a worker may come late on a busy machine, but not each time.
func oneIsRight(t *testing.T, run func() (figure, own time.Duration)) {
	t.Helper()
	var figure, own time.Duration
	for range 10 {
		figure, own = run()
		if (figure - own).Abs() <= own/20 {
			return
		}
	}
	t.Errorf("the last of the calls took %v, and %v by the figures", own, figure)
}

func TestCallsAreSampledInTheWorker(t *testing.T) {
	const n = 40_000
	oneIsRight(t, func() (figure, own time.Duration) {
		ctx, stats := observed(t)
		got, err := briskly(pl.Range(n)).Collect(ctx)
		require.NoError(t, err)
		s := stats().Stages[1]
		assert.InDelta(t, n, s.Calls.Count(), 200)
		assert.Less(t, s.Calls.Quantile(0.5), 50*time.Microsecond)
		assert.GreaterOrEqual(t, s.Calls.Sum(), s.Slowest[0].Took, "the long call is noticed, sampled or not")
		assert.Equal(t, -1, s.Slowest[0].Index, "the values have no numbers")
		assert.Greater(t, s.Busy, s.Calls.Sum())
		return s.Slowest[0].Took, time.Duration(got[20_000])
	})
}

// A call that a worker has not survived is one too: else its time would seem to be the pipe's.
func TestCallsThatEndTheirWorkerCount(t *testing.T) {
	slowest := func(s pl.Stage[int]) time.Duration {
		ctx, stats := observed(t)
		require.NoError(t, pl.Ordered(s).Run(ctx))
		f := stats().Stages[1]
		require.NotEmpty(t, f.Slowest)
		assert.Equal(t, 3, f.Slowest[0].Index)
		return f.Slowest[0].Took
	}
	oneIsRight(t, func() (figure, own time.Duration) {
		var l lines
		figure = slowest(diesSlowly(pl.Range(6)).With(process.Stderr(&l)))
		own, err := time.ParseDuration(strings.TrimSpace(l.text()))
		require.NoError(t, err)
		return figure, own
	})
	assert.GreaterOrEqual(t, slowest(tooSlow(pl.Range(6))), 100*time.Millisecond, "it was killed for that")
}

func TestTheTimesOfAWorkerThatIsReplacedAreThoseOfItsLife(t *testing.T) {
	const n = 1000
	ctx, stats := observed(t)
	last := make(chan struct{})
	var first, end time.Time // between them the worker, or the next one in its place, lives for certain
	s := diesSlowly(pl.FromFunc(func(_ context.Context, yield func(int) bool) error {
		for i := range n {
			yield(i)
		}
		<-last
		end = time.Now()
		return nil
	})).With(process.Stderr(io.Discard))
	for v, err := range s.All(ctx) {
		require.NoError(t, err)
		switch v {
		case 0:
			first = time.Now()
		case n - 1:
			close(last)
		}
	}
	f := stats()
	w := f.Stages[1]
	sum := w.Busy + w.Starved + w.Blocked + w.Limited + w.Retrying
	assert.LessOrEqual(t, sum, f.Elapsed)
	assert.GreaterOrEqual(t, sum, end.Sub(first), "%v", f)
}
