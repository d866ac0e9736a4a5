package pl_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/serial"
	"github.com/gopeln/pl/thread"
)

// failsAfter yields 0 … n-1 and fails.
func failsAfter(n int) pl.Stage[int] {
	return pl.FromFunc(func(_ context.Context, yield func(int) bool) error {
		for x := range n {
			if !yield(x) {
				return nil
			}
		}
		return errSource
	})
}

// The sentence of the documentation: the slices that were full before the failure come before it.
func TestFullBatchesComeBeforeTheFailureOfTheirSource(t *testing.T) {
	full := [][]int{{0, 1}, {2, 3}}
	chains := map[string]pl.Stage[int]{
		"source": failsAfter(5),
		"panic": pl.FromFunc(func(_ context.Context, yield func(int) bool) error {
			for x := range 5 {
				yield(x)
			}
			panic(errSource)
		}),
		"step": pl.Pipe(failsAfter(5), pl.Take[int](100)),
		"function": serial.Map(func(_ context.Context, x int) (int, error) {
			if x == 5 {
				return 0, errSource
			}
			return x, nil
		})(pl.Range(100)),
	}
	for name, values := range chains {
		for _, wait := range []time.Duration{0, time.Hour} {
			synctest.Test(t, func(t *testing.T) {
				got, err := pl.Pipe(values, pl.Batch[int](2, wait)).Collect(t.Context())
				require.ErrorIs(t, err, errSource, name)
				assert.Equal(t, full, got, "%s, wait %v", name, wait)

				one := func(int) int64 { return 1 }
				got, err = pl.Pipe(values, pl.BatchWeight(2, 100, one, wait)).Collect(t.Context())
				require.ErrorIs(t, err, errSource, name)
				assert.Equal(t, full, got, "%s, wait %v, by number", name, wait)
				got, err = pl.Pipe(values, pl.BatchWeight(100, 2, one, wait)).Collect(t.Context())
				require.ErrorIs(t, err, errSource, name)
				assert.Equal(t, full, got, "%s, wait %v, by weight", name, wait)

				got, err = pl.Pipe2(values, pl.Batch[int](2, wait), serial.Map(func(_ context.Context, b []int) ([]int, error) {
					return b, nil
				})).Collect(t.Context())
				require.ErrorIs(t, err, errSource, name)
				assert.Equal(t, full, got, "%s, wait %v", name, wait)
			})
		}
	}
}

func TestABatchWhoseTimeIsOverComesBeforeALaterFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := pl.FromFunc(func(_ context.Context, yield func(int) bool) error {
			yield(0)
			time.Sleep(time.Minute)
			yield(1)
			return errSource
		})
		got, err := pl.Pipe(s, pl.Batch[int](10, time.Second)).Collect(t.Context())
		require.ErrorIs(t, err, errSource)
		assert.Equal(t, [][]int{{0}}, got)
	})
}

// A slow consumer gets all full slices, and a break among them is no failure.
func TestAFailureBehindBatchesThatWaitIsNotLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := pl.Pipe(failsAfter(101), pl.Batch[int](10, time.Second))
		n := 0
		var failure error
		for batch, err := range s.All(t.Context()) {
			if failure = err; err == nil {
				assert.Len(t, batch, 10)
				time.Sleep(time.Minute)
				n++
			}
		}
		require.ErrorIs(t, failure, errSource)
		assert.Equal(t, 10, n)

		for _, err := range s.All(t.Context()) {
			require.NoError(t, err)
			break
		}
		ctx, cancel := context.WithCancel(t.Context())
		for _, err := range s.All(ctx) {
			if failure = err; err == nil {
				cancel()
			}
		}
		assert.ErrorIs(t, failure, context.Canceled)
		cancel()
	})
}

// A stage with workers in front of Batch fails the run at once, as everywhere.
func TestAFailureOfWorkersIsNotHeldByABatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := thread.Map(func(_ context.Context, x int) (int, error) {
			if x == 2 {
				return 0, errSource
			}
			return x, nil
		})(endless())
		start := time.Now()
		_, err := pl.Pipe(s, pl.Batch[int](10, time.Hour)).Collect(t.Context())
		require.ErrorIs(t, err, errSource)
		assert.Less(t, time.Since(start), time.Minute)
	})
}
