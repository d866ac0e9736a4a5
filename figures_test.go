package pl_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/thread"
)

func TestFiguresCountEachValueOnceHoweverManyWorkersFindNoMore(t *testing.T) {
	var stats pl.Stats
	ctx := pl.Observe(t.Context(), func(run *pl.RunInfo) func(error) {
		return func(error) { stats = run.Stats() }
	})
	some := thread.Filter(func(_ context.Context, x int) (bool, error) { return x > 0, nil },
		pl.Workers(16), pl.MaxSize(64))
	require.NoError(t, some(pl.Range(3)).Run(ctx))

	require.Len(t, stats.Stages, 2)
	assert.EqualValues(t, 3, stats.Stages[0].Out)
	assert.EqualValues(t, 3, stats.Stages[1].In)
	assert.EqualValues(t, 2, stats.Stages[1].Out)
	assert.EqualValues(t, 1, stats.Stages[1].Dropped)
}

// Values that fail, are tried again, panic, or end their goroutine, in the middle of windows whose
// other values do well.
func TestTroubleWithinAWindowIsCountedOnce(t *testing.T) {
	const n, kinds = 3000, 7
	hopeless := func(x int) bool { return x%kinds == 3 || x%kinds == 4 }
	for _, size := range []int{0, 9, 64} {
		for _, workers := range []int{1, 3} {
			var begun [n]atomic.Int32
			f := func(_ context.Context, x int) (int, error) {
				again := begun[x].Add(1) > 1
				switch {
				case x%kinds == 3:
					return 0, errors.New("never")
				case x%kinds == 4:
					panic("never")
				case x%kinds == 5 && !again:
					return 0, errors.New("not at first")
				case x == 6 && !again:
					runtime.Goexit()
				}
				return x, nil
			}
			var stats pl.Stats
			ctx := pl.Observe(t.Context(), func(run *pl.RunInfo) func(error) {
				return func(error) { stats = run.Stats() }
			})
			got, err := thread.Map(f, pl.Workers(workers), pl.MaxSize(size), pl.OnError(pl.Skip),
				pl.Retry(2, func(int) time.Duration { return 0 }))(pl.Range(n)).Collect(ctx)
			require.NoError(t, err)

			var want []int
			for x := range n {
				if !hopeless(x) {
					want = append(want, x)
				}
			}
			slices.Sort(got)
			assert.Equal(t, want, got, "MaxSize %d, %d workers", size, workers)
			s := stats.Stages[1]
			assert.EqualValues(t, n, s.In)
			assert.EqualValues(t, len(want), s.Out)
			assert.EqualValues(t, n-len(want), s.Failed)
			assert.EqualValues(t, n-len(want), s.Dropped)
		}
	}
}
