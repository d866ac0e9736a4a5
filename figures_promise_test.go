package pl_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/serial"
	"github.com/gopeln/pl/task"
	"github.com/gopeln/pl/thread"
)

// Within one call of a source and one of a FlatMap, both of which go on for long, the figures lag
// at most 50 ms.
func TestFiguresDoNotLagWithinLongCalls(t *testing.T) {
	const n = 200
	each := 10 * time.Millisecond
	for name, flatMap := range map[string]func(f func(context.Context, int, func(int) bool) error, o ...pl.Option) pl.Partial[int, int]{
		"thread": thread.FlatMap[int, int], "serial": serial.FlatMap[int, int], "task": task.FlatMap[int, int],
	} {
		for _, size := range []int{0, 1, 64} {
			synctest.Test(t, func(t *testing.T) {
				var read, made atomic.Int64 // a moment before they are counted
				source := pl.FromFunc(func(_ context.Context, yield func(int) bool) error {
					for i := range n {
						time.Sleep(each)
						if read.Add(1); !yield(i) {
							break
						}
					}
					return nil
				})
				long := flatMap(func(ctx context.Context, x int, yield func(int) bool) error {
					if x > 0 {
						return nil
					}
					for i := range n {
						if name == "task" {
							_ = task.Sleep(ctx, each)
						} else {
							time.Sleep(each)
						}
						if made.Add(1); !yield(i) {
							break
						}
					}
					return nil
				}, pl.MaxSize(size), pl.Workers(2))
				ctx, stats := observed(t)
				ended := make(chan error, 1)
				go func() { _, err := long(source).Collect(ctx); ended <- err }()
				for range 30 {
					wantRead, wantMade := read.Load(), made.Load()
					time.Sleep(50 * time.Millisecond)
					f := stats()
					assert.GreaterOrEqual(t, f.Stages[0].Out, uint64(wantRead), "%s, MaxSize %d", name, size)
					assert.GreaterOrEqual(t, f.Stages[1].Out, uint64(wantMade), "%s, MaxSize %d", name, size)
				}
				require.NoError(t, <-ended)
			})
		}
	}
}

func TestTheMostThatWereQueuedIsKept(t *testing.T) {
	for backend, stage := range waiters {
		if backend == "serial" {
			continue // nothing queues
		}
		for _, size := range []int{1, 2, 7, 64} {
			synctest.Test(t, func(t *testing.T) {
				ctx, stats := observed(t)
				s := stage("slow", func(x int) time.Duration {
					if x == 0 {
						return time.Second
					}
					return time.Millisecond
				}, pl.MaxSize(size))(reading(200, time.Millisecond))
				require.NoError(t, s.Run(ctx))
				f := stats().Stages[1]
				assert.Zero(t, f.Queued)
				assert.Equal(t, size, f.QueuedMost, backend)
			})
		}
	}
}

func TestWhatBecameOfValuesIsToldApart(t *testing.T) {
	type filter = func(f func(context.Context, int) (bool, error), o ...pl.Option) pl.Partial[int, int]
	for name, f := range map[string]filter{"thread": thread.Filter[int], "serial": serial.Filter[int], "task": task.Filter[int]} {
		var tries [100]atomic.Int32
		keep := func(_ context.Context, x int) (bool, error) {
			switch {
			case x%10 == 1:
				return false, errors.New("never")
			case x%10 == 2 && tries[x].Add(1) == 1:
				return false, errors.New("not yet")
			}
			return x%2 == 0, nil
		}
		ctx, stats := observed(t)
		s := f(keep, pl.Retry(2, nil), pl.OnError(pl.Skip))(pl.Range(100))
		got, err := s.Collect(ctx)
		require.NoError(t, err)
		assert.Len(t, got, 50)
		a := stats().Stages[1]
		assert.Equal(t, []uint64{100, 50, 40, 50, 10, 20},
			[]uint64{a.In, a.Out, a.Filtered, a.Dropped, a.Failed, a.Retried}, name)
		assert.Equal(t, "never", a.Err)
	}
}
