//go:build unix

package process_test

import (
	"context"
	"os"
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
			time.Sleep(100 * time.Millisecond) // one long call among short ones
		}
		return n, nil
	}, pl.Name("briskly"))
	diesSlowly = process.Map(func(_ context.Context, n int) (int, error) {
		if n == 3 {
			time.Sleep(100 * time.Millisecond)
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

func TestCallsAreSampledInTheWorker(t *testing.T) {
	const n = 40_000
	ctx, stats := observed(t)
	require.NoError(t, briskly(pl.Range(n)).Run(ctx))
	s := stats().Stages[1]
	assert.InDelta(t, n, s.Calls.Count(), 200)
	assert.Less(t, s.Calls.Quantile(0.5), 50*time.Microsecond)
	assert.GreaterOrEqual(t, s.Calls.Sum(), 50*time.Millisecond, "the long call is noticed, sampled or not")
	assert.GreaterOrEqual(t, s.Slowest[0].Took, 50*time.Millisecond)
	assert.Equal(t, -1, s.Slowest[0].Index, "the values have no numbers")
	assert.Greater(t, s.Busy, s.Calls.Sum())
}

// A call that a worker has not survived is one too: else its time would seem to be the pipe's.
func TestCallsThatEndTheirWorkerCount(t *testing.T) {
	for _, s := range []pl.Stage[int]{diesSlowly(pl.Range(6)), tooSlow(pl.Range(6))} {
		ctx, stats := observed(t)
		require.NoError(t, pl.Ordered(s).Run(ctx))
		f := stats().Stages[1]
		if assert.NotEmpty(t, f.Slowest) {
			assert.Equal(t, 3, f.Slowest[0].Index)
			assert.GreaterOrEqual(t, f.Slowest[0].Took, 10*time.Millisecond, "what the program has seen of it, on a busy machine")
		}
	}
}

func TestTheTimesOfAWorkerThatIsReplacedAreThoseOfItsLife(t *testing.T) {
	ctx, stats := observed(t)
	require.NoError(t, diesSlowly(pl.Range(1000)).With(pl.Workers(2)).Run(ctx))
	f := stats()
	s := f.Stages[1]
	sum := s.Busy + s.Starved + s.Blocked + s.Limited + s.Retrying
	assert.LessOrEqual(t, sum, 2*f.Elapsed)
	assert.Greater(t, sum, f.Elapsed/2, "%v", f)
}
