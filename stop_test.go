package pl_test

import (
	"context"
	"math"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/serial"
	"github.com/gopeln/pl/thread"
)

// The source and the worker of a branch that nobody listens to any more wait for ever if they are
// not told.
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

// The producer that the branch shares with the rest of the run has nothing for it, for as long as
// it likes.
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

// produced has a goroutine of its own, which it waits for on its way out: the shape of many a
// source. That goroutine ends with the context.
func produced() pl.Stage[int] {
	return pl.FromFunc(func(ctx context.Context, yield func(int) bool) error {
		values := make(chan int)
		var producer sync.WaitGroup
		defer producer.Wait()
		producer.Go(func() {
			defer close(values)
			for i := 0; ctx.Err() == nil; i++ {
				select {
				case values <- i:
				case <-ctx.Done():
				}
			}
		})
		for v := range values {
			if !yield(v) {
				break
			}
		}
		return nil
	})
}

func TestWhoWaitsForItsContextDoesNotHoldUpTheEnd(t *testing.T) {
	plus := func(_ context.Context, n int) (int, error) { return n + 1, nil }
	many := func(ctx context.Context, n int, yield func(int) bool) error {
		for yield(n) {
		}
		<-ctx.Done()
		return nil
	}
	stages := map[string]pl.Stage[int]{
		"source":             produced(),
		"serial":             serial.Map(plus)(produced()),
		"serial FlatMap":     serial.FlatMap(many)(produced()),
		"thread":             thread.Map(plus)(produced()),
		"Take":               pl.Take[int](2)(produced()),
		"Take of a FlatMap":  pl.Take[int](2)(serial.FlatMap(many)(pl.Range(5))),
		"Take before thread": pl.Pipe2(produced(), pl.Take[int](1), thread.Map(plus)),
	}
	ends := map[string]func(*testing.T, pl.Stage[int]){
		"break": func(t *testing.T, s pl.Stage[int]) {
			for range s.All(t.Context()) {
				break
			}
		},
		"panic": func(t *testing.T, s pl.Stage[int]) {
			require.Panics(t, func() {
				for range s.All(t.Context()) {
					panic("in the body")
				}
			})
		},
		"Goexit": func(t *testing.T, s pl.Stage[int]) {
			var consumer sync.WaitGroup
			consumer.Go(func() {
				for range s.All(t.Context()) {
					runtime.Goexit()
				}
			})
			consumer.Wait()
		},
		"Take": func(t *testing.T, s pl.Stage[int]) { require.NoError(t, pl.Take[int](1)(s).Run(t.Context())) },
	}
	for name, stage := range stages {
		for end, leave := range ends {
			t.Run(name+", "+end, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { leave(t, stage) }) // which notices a deadlock
			})
		}
	}
}
