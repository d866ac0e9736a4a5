package task_test

import (
	"context"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/task"
)

func TestBlockingRunsUpToWorkersAtOnceOffTheLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var inside, most atomic.Int32
		f := func(_ context.Context, x int) (int, error) {
			n := inside.Add(1)
			defer inside.Add(-1)
			for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
			}
			time.Sleep(time.Second)
			return x, nil
		}
		ticks := 0
		other := func(ctx context.Context, x int) (int, error) { ticks++; return x, nil }
		start := time.Now()
		got, err := pl.Pipe2(pl.Range(100), task.Map(f, task.Blocking(), pl.Workers(10)), task.Map(other)).Collect(t.Context())
		require.NoError(t, err)
		require.ElementsMatch(t, count(100), got)
		require.Equal(t, 10*time.Second, time.Since(start))
		require.EqualValues(t, 10, most.Load())
		require.Equal(t, 100, ticks)
	})
}

func TestBlockingFunctionsAreOutsideTheTask(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := func(ctx context.Context, x int) (int, error) {
			if err := task.Sleep(ctx, time.Second); err != nil {
				return 0, err
			}
			got, err := task.Gather(ctx, func(ctx context.Context) (int, error) { return x, task.Yield(ctx) })
			return got[0], err
		}
		start := time.Now()
		got, err := task.Map(f, task.Blocking(), pl.Workers(50))(pl.Range(50)).Collect(t.Context())
		require.NoError(t, err)
		require.ElementsMatch(t, count(50), got)
		require.Equal(t, time.Second, time.Since(start))
	})
}

func TestBlockingWorksWithEveryOperator(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		blocks := task.Blocking()
		thrice := func(_ context.Context, x int, yield func(int) bool) error {
			for range 3 {
				if !yield(x) {
					return nil
				}
			}
			return nil
		}
		odd := func(_ context.Context, x int) (bool, error) { return x%2 == 1, nil }
		got, err := pl.Pipe2(pl.Range(4), task.FlatMap(thrice, blocks), task.Filter(odd, blocks)).Collect(t.Context())
		require.NoError(t, err)
		require.Equal(t, []int{1, 1, 1, 3, 3, 3}, got)

		r := pl.OnStart(func(context.Context) (int, error) { return 10, nil })
		var sum atomic.Int64
		add := func(_ context.Context, r, x int) error { sum.Add(int64(r * x)); return nil }
		require.NoError(t, task.EachWith(r, add, blocks, pl.Workers(3))(pl.Range(5)).Run(t.Context()))
		require.EqualValues(t, 100, sum.Load())
	})
}

// Each result is there before the function goes on: it may wait for what becomes of it.
func TestBlockingFlatMapStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seen := make(chan int)
		f := func(_ context.Context, x int, yield func(int) bool) error {
			for i := range 3 {
				if !yield(i) {
					return nil
				}
				assert.Equal(t, i, <-seen)
			}
			return nil
		}
		for v, err := range task.FlatMap(f, task.Blocking())(pl.Range(5)).All(t.Context()) {
			require.NoError(t, err)
			seen <- v
		}
	})
}

func TestABlockingFunctionLearnsThatNobodyWantsMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refused := make(chan bool, 1)
		endless := func(_ context.Context, _ int, yield func(int) bool) error {
			for yield(1) {
			}
			refused <- true
			return nil
		}
		for _, err := range task.FlatMap(endless, task.Blocking(), pl.MaxSize(2))(pl.Range(1)).All(t.Context()) {
			require.NoError(t, err)
			break
		}
		require.True(t, <-refused)
	})
}

func TestBlockingFailuresAreThoseOfTheValue(t *testing.T) {
	for want, f := range map[string]func(){
		"ouch":   func() { panic("ouch") },
		"Goexit": runtime.Goexit,
	} {
		synctest.Test(t, func(t *testing.T) {
			bad := func(_ context.Context, x int) (int, error) {
				if x == 3 {
					f()
				}
				return x, nil
			}
			var failed []any
			got, err := task.Map(bad, task.Blocking(), pl.OnError(func(_ context.Context, e *pl.StageError) error {
				assert.ErrorContains(t, e, want)
				failed = append(failed, e.Item)
				return nil
			}))(pl.Range(6)).Collect(t.Context())
			require.NoError(t, err)
			require.Equal(t, []int{0, 1, 2, 4, 5}, got)
			require.Equal(t, []any{3}, failed)
		})
	}
}

func TestTimeoutAbandonsABlockingFunction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		late := make(chan bool, 1)
		f := func(_ context.Context, x int, yield func(int) bool) error {
			if x == 1 {
				time.Sleep(time.Hour)
				first := yield(x)
				late <- first || yield(x+1)
				return nil
			}
			yield(x)
			return nil
		}
		start := time.Now()
		got, err := task.FlatMap(f, task.Blocking(), pl.Timeout(time.Second), pl.OnError(pl.Skip))(pl.Range(3)).Collect(t.Context())
		require.NoError(t, err)
		require.Equal(t, []int{0, 2}, got)
		require.Equal(t, time.Second, time.Since(start))
		require.False(t, <-late, "what it yields late is refused")
	})
}

// While other tasks hold the loop, a function off the loop that has returned, or waits in yield, is
// not running.
func TestTimeoutOfABlockingFunctionDoesNotCountTheLoop(t *testing.T) {
	quick := task.Map(func(_ context.Context, n int) (int, error) {
		time.Sleep(5 * time.Millisecond)
		return n, nil
	}, task.Blocking(), pl.Timeout(100*time.Millisecond))(pl.Range(10))
	many := task.FlatMap(func(_ context.Context, n int, yield func(int) bool) error {
		for i := range 5 {
			yield(i)
		}
		return nil
	}, task.Blocking(), pl.Timeout(100*time.Millisecond))(pl.Range(1))
	hog := task.Each(func(ctx context.Context, _ int) error {
		err := task.Sleep(ctx, 2*time.Millisecond)
		spin(150 * time.Millisecond)
		return err
	})(pl.Range(4))
	require.NoError(t, pl.Run(t.Context(), quick, many, hog))
}
