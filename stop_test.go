package pl_test

import (
	"context"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/serial"
	"github.com/gopeln/pl/thread"
)

// The source and the worker of a branch that nobody listens to any more wait for ever if they are not told.
func TestTakeStopsItsBranchWhileTheRunGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var closed time.Duration
		start := time.Now()
		resource := pl.OnStart(func(context.Context) (int, error) { return 0, nil }).
			OnEnd(func(context.Context, int) error { closed = time.Since(start); return nil })
		silent := pl.FromFunc(func(ctx context.Context, yield func(int) bool) error {
			yield(1)
			<-ctx.Done()
			return ctx.Err()
		})
		same := func(_ context.Context, _ int, x int) (int, error) { return x, nil }
		branch := pl.Pipe2(silent, thread.MapWith(resource, same), pl.Take[int](1))
		other := thread.Each(func(ctx context.Context, _ int) error {
			time.Sleep(time.Hour)
			return nil
		})(pl.Range(2))
		require.NoError(t, pl.Run(t.Context(), branch, other))
		require.Equal(t, 2*time.Hour, time.Since(start))
		require.Zero(t, closed, "the branch ended only with the run")
	})
}

// The producer that the branch shares with the rest of the run has nothing for it, for as long as it likes.
func TestABranchEndsWhileItsProducerGoesOn(t *testing.T) {
	for _, size := range []int{0, 4, 100} {
		synctest.Test(t, func(t *testing.T) {
			var closed time.Duration
			start := time.Now()
			resource := pl.OnStart(func(context.Context) (int, error) { return 0, nil }).
				OnEnd(func(context.Context, int) error { closed = time.Since(start); return nil })
			same := func(_ context.Context, _ int, x int) (int, error) { return x, nil }
			hourly := every(time.Hour, 0, 3)
			branch := pl.Pipe2(hourly, thread.MapWith(resource, same, pl.MaxSize(size)), pl.Take[int](1))
			other := thread.Each(func(context.Context, int) error { return nil })(hourly)
			require.NoError(t, pl.Run(t.Context(), branch, other))
			require.Equal(t, 3*time.Hour, time.Since(start))
			require.Equal(t, time.Hour, closed, "MaxSize(%d)", size)
		})
	}
}

// Nothing comes to the places where a run is usually noticed to have ended.
func TestCancelEndsWhatYieldsNothing(t *testing.T) {
	never := func(context.Context, int) (bool, error) { return false, nil }
	endless := func(_ context.Context, x int, yield func(int) bool) error {
		for yield(x) {
		}
		return nil
	}
	for name, s := range map[string]pl.Runnable{
		"Filter":  serial.Filter(never)(pl.Range(math.MaxInt)),
		"Each":    serial.Each(func(context.Context, int) error { return nil })(pl.Range(math.MaxInt)),
		"FlatMap": pl.Pipe2(pl.Range(1), serial.FlatMap(endless), serial.Filter(never)),
		"Batch":   pl.Batch[struct{}](math.MaxInt, 0)(pl.FromSlice(make([]struct{}, math.MaxInt))),
		"Flatten": pl.Pipe2(pl.From(make([]struct{}, math.MaxInt)), pl.Flatten, pl.Batch[struct{}](math.MaxInt, 0)),
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		require.ErrorIs(t, pl.Run(ctx, s), context.DeadlineExceeded, name)
		cancel()
	}
}
