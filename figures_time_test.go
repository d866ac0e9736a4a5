package pl_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/thread"
)

// observed returns a context whose next run can be looked at, and how.
func observed(t *testing.T) (ctx context.Context, stats func() pl.Stats) {
	started := make(chan *pl.RunInfo, 1)
	ctx = pl.Observe(t.Context(), func(run *pl.RunInfo) func(error) {
		started <- run
		return nil
	})
	var info *pl.RunInfo
	return ctx, func() pl.Stats {
		if info == nil {
			info = <-started
		}
		return info.Stats()
	}
}

func slow[T any](d time.Duration) func(context.Context, T) (T, error) {
	return func(_ context.Context, v T) (T, error) {
		time.Sleep(d)
		return v, nil
	}
}

func TestTheTimesOfAThreadStageAreExact(t *testing.T) {
	for _, size := range []int{1, 64} { // a channel, a windowed queue
		synctest.Test(t, func(t *testing.T) {
			ctx, stats := observed(t)
			source := pl.FromFunc(func(_ context.Context, yield func(int) bool) error {
				for x := range 10 {
					time.Sleep(time.Second)
					if !yield(x) {
						break
					}
				}
				return nil
			})
			s := pl.Pipe(source, thread.Map(slow[int](300*time.Millisecond), pl.MaxSize(size)))
			start := time.Now()
			n := 0
			for _, err := range s.All(ctx) {
				require.NoError(t, err)
				time.Sleep(100 * time.Millisecond)
				if n++; n == 5 {
					time.Sleep(time.Millisecond) // in the middle of a wait
					f := stats()
					assert.Equal(t, pl.Running, f.State)
					assert.Equal(t, time.Since(start), f.Elapsed)
					assert.Equal(t, 5*300*time.Millisecond, f.Stages[1].Busy)
					assert.Equal(t, f.Elapsed-f.Stages[1].Busy, f.Stages[1].Starved)
					assert.Equal(t, []pl.Activity{{Worker: 0, State: "starved", For: 101 * time.Millisecond}}, f.Stages[1].Active)
				}
			}
			f := stats()
			assert.Equal(t, pl.Done, f.State)
			assert.Equal(t, 10*time.Second, f.Stages[0].Busy)
			assert.Equal(t, 3*time.Second, f.Stages[1].Busy)
			assert.EqualValues(t, 10, f.Stages[1].Calls.Count())
			assert.Equal(t, 3*time.Second, f.Stages[1].Calls.Sum())
			assert.Equal(t, 10*100*time.Millisecond+time.Millisecond, f.Consumer.Busy)
			assert.Equal(t, f.Elapsed, f.Consumer.Busy+f.Consumer.Starved)
			assert.Len(t, f.Stages[1].Slowest, 5)
			assert.Contains(t, f.Name, "TestTheTimesOfAThreadStageAreExact")
		})
	}
}
