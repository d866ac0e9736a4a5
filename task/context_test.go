package task_test

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/task"
)

func TestTimeoutWakesAParkedTaskAtOnceAndSparesTheOthers(t *testing.T) {
	hour := func(ctx context.Context) (int, error) { return 0, task.Sleep(ctx, time.Hour) }
	for name, wait := range map[string]func(ctx context.Context) error{
		"sleep":  func(ctx context.Context) error { return task.Sleep(ctx, time.Hour) },
		"await":  func(ctx context.Context) error { _, err := task.Await(ctx, hour); return err },
		"gather": func(ctx context.Context) error { _, err := task.Gather(ctx, hour, hour); return err },
		"derived": func(ctx context.Context) error {
			ctx, cancel := context.WithCancel(ctx)
			defer cancel()
			return task.Sleep(ctx, time.Hour)
		},
		"done": func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				f := func(ctx context.Context, x int) (int, error) {
					if x%2 == 1 {
						err := wait(ctx)
						assert.ErrorIs(t, err, context.DeadlineExceeded)
						assert.Equal(t, context.DeadlineExceeded, ctx.Err())
						return 0, err
					}
					return x, nil
				}
				failures := 0
				got, err := task.Map(f, pl.Timeout(50*time.Millisecond), pl.OnError(func(_ context.Context, e *pl.StageError) error {
					assert.ErrorIs(t, e, pl.ErrTimeout)
					failures++
					return nil
				}))(pl.Range(6)).Collect(t.Context())
				require.NoError(t, err)
				require.Equal(t, []int{0, 2, 4}, got)
				require.Equal(t, 3, failures)
				require.Equal(t, 150*time.Millisecond, time.Since(start), "again and again on the same worker")
			})
		})
	}
}

func TestTimeoutDropsTheResultOfAFunctionThatIgnoredIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := func(_ context.Context, x int) (int, error) {
			time.Sleep(20 * time.Millisecond)
			return x, nil
		}
		got, err := task.Map(f, pl.Timeout(10*time.Millisecond), pl.OnError(pl.Skip))(pl.Range(3)).Collect(t.Context())
		require.NoError(t, err)
		require.Empty(t, got)
	})
}

func TestTimeoutDoesNotCountTheWaitInYield(t *testing.T) {
	for _, listen := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			f := func(ctx context.Context, x int, yield func(int) bool) error {
				if listen {
					_ = ctx.Done()
				}
				for i := range 4 {
					if err := task.Sleep(ctx, 20*time.Millisecond); err != nil {
						return err
					}
					if !yield(i) {
						return nil
					}
				}
				return nil
			}
			n := 0
			for _, err := range task.FlatMap(f, pl.MaxSize(1), pl.Timeout(100*time.Millisecond))(pl.Range(5)).All(t.Context()) {
				require.NoError(t, err)
				n++
				time.Sleep(time.Second)
			}
			require.Equal(t, 20, n)
		})
	}
}

func TestTheContextIsLikeAnyOther(t *testing.T) {
	for _, timeout := range []time.Duration{0, time.Minute} {
		t.Run(fmt.Sprint(timeout), func(t *testing.T) {
			type key struct{}
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(context.WithValue(t.Context(), key{}, "value"), time.Hour)
				defer cancel()
				start := time.Now()
				require.NoError(t, once(ctx, func(ctx context.Context) error {
					assert.Equal(t, "value", ctx.Value(key{}))
					assert.NotEmpty(t, pl.WorkerFrom(ctx).Stage)
					due, ok := ctx.Deadline()
					assert.True(t, ok)
					if timeout > 0 {
						assert.WithinDuration(t, start.Add(timeout), due, 0)
					} else {
						assert.WithinDuration(t, start.Add(time.Hour), due, 0)
					}
					assert.NotPanics(t, func() { _ = fmt.Sprintf("%v %+v", ctx, ctx) })
					assert.NoError(t, ctx.Err())
					assert.NoError(t, context.Cause(ctx))
					stop := context.AfterFunc(ctx, func() { t.Error("it was stopped") })
					assert.True(t, stop())
					assert.False(t, stop())
					select {
					case <-ctx.Done():
						t.Error("done early")
					default:
					}
					return nil
				}, pl.Timeout(timeout)))
			})
		})
	}
}

func TestDerivedContextsStartNoGoroutine(t *testing.T) {
	for _, timeout := range []time.Duration{0, time.Minute} {
		inTask(t, func(ctx context.Context) error {
			before := runtime.NumGoroutine()
			for range 100 {
				ctx, cancel := context.WithCancel(ctx)
				defer cancel()
				_, cancel = context.WithTimeout(ctx, time.Hour)
				defer cancel()
			}
			assert.LessOrEqual(t, runtime.NumGoroutine(), before+10, "goroutines of the run's start may still end")
			return nil
		}, pl.Timeout(timeout))
	}
}

func TestUnderTimeoutTheContextEndsWithTheFunction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		called := make(chan error, 1)
		var done <-chan struct{}
		require.NoError(t, once(t.Context(), func(ctx context.Context) error {
			done = ctx.Done()
			context.AfterFunc(ctx, func() { called <- ctx.Err() })
			return nil
		}, pl.Timeout(time.Minute)))
		<-done
		require.ErrorIs(t, <-called, context.Canceled)
	})
}

func TestAContextThatIsKeptNeverSpeaksForAnotherValue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kept := map[context.Context]int{}
		f := func(ctx context.Context, x int) (int, error) {
			_, used := kept[ctx]
			assert.False(t, used)
			kept[ctx] = x
			return x, nil
		}
		require.NoError(t, task.Map(f)(pl.Range(1000)).Run(t.Context()))
		require.Len(t, kept, 1000)
	})
}

func TestCancellingTheRunReachesTheFunctionThatHoldsTheLoop(t *testing.T) {
	for _, timeout := range []time.Duration{0, time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errBoom)
			defer cancel()
			err := once(ctx, func(ctx context.Context) error {
				<-ctx.Done()
				assert.ErrorIs(t, ctx.Err(), context.DeadlineExceeded)
				assert.ErrorIs(t, context.Cause(ctx), errBoom)
				return ctx.Err()
			}, pl.Timeout(timeout))
			require.ErrorIs(t, err, errBoom)
			require.NotErrorIs(t, err, pl.ErrTimeout)
		})
	}
}
