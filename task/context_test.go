package task_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/task"
	"github.com/gopeln/pl/thread"
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

// A deadline that yield moves would be wrong in the hands of a client that has copied it.
func TestADeadlineThatMovesIsNotTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		for _, outer := range []context.Context{t.Context(), ctx} {
			want, limited := outer.Deadline()
			f := func(ctx context.Context, x int, yield func(int) bool) error {
				got, ok := ctx.Deadline()
				assert.Equal(t, limited, ok)
				assert.WithinDuration(t, want, got, 0)
				yield(x)
				return nil
			}
			require.NoError(t, task.FlatMap(f, pl.Timeout(time.Minute))(pl.From(1)).Run(outer))
		}
	})
}

func TestDerivedContextsStartNoGoroutine(t *testing.T) {
	for _, timeout := range []time.Duration{0, time.Minute} {
		inTask(t, func(ctx context.Context) error {
			before := goroutines(t)
			for range 100 {
				ctx, cancel := context.WithCancel(ctx)
				defer cancel()
				_, cancel = context.WithTimeout(ctx, time.Hour)
				defer cancel()
			}
			assert.LessOrEqual(t, goroutines(t), before+10, "goroutines of the run's start may still end")
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

// A run that a task's function consumes is not the task: its goroutines must not switch in the
// task's name.
func TestARunInsideATaskIsOutsideIt(t *testing.T) {
	nap := func(ctx context.Context, n int) (int, error) { return n, task.Sleep(ctx, time.Millisecond) }
	inner := map[string]pl.Stage[int]{
		"in a thread": thread.Map(nap)(pl.Range(1)),
		"in a source": thread.Map(pl.Lift(func(n int) int { return n }))(
			pl.FromFunc(func(ctx context.Context, yield func(int) bool) error {
				err := task.Sleep(ctx, time.Millisecond)
				yield(0)
				return err
			})),
		"in OnError": thread.Map(func(context.Context, int) (int, error) { return 0, errors.New("as asked") },
			pl.OnError(func(ctx context.Context, _ *pl.StageError) error {
				_, err := nap(ctx, 0)
				return err
			}))(pl.Range(1)),
	}
	for name, stage := range inner {
		running := 0
		err := task.Each(func(ctx context.Context, _ int) error {
			running++
			defer func() { running-- }()
			require.Equal(t, 1, running, name)
			return stage.Run(ctx)
		}, pl.Workers(2))(pl.Range(2)).Run(t.Context())
		require.NoError(t, err, name)
	}
}

func TestTimesThatNeverComeAreNotOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		forever := func(ctx context.Context, n int) (int, error) {
			if err := task.Sleep(ctx, time.Millisecond); err != nil {
				return 0, err
			}
			return n, task.Sleep(ctx, math.MaxInt64)
		}
		start := time.Now()
		err := task.Map(forever, pl.Timeout(time.Second))(pl.Range(1)).Run(t.Context())
		require.ErrorIs(t, err, pl.ErrTimeout)
		require.Equal(t, time.Second, time.Since(start))
		nap := func(ctx context.Context, n int) (int, error) { return n, task.Sleep(ctx, time.Millisecond) }
		require.NoError(t, task.Map(nap, pl.Timeout(math.MaxInt64))(pl.Range(3)).Run(t.Context()))
	})
}

// Such contexts carry a trace, for example. They end with the task's own, so nobody needs to watch
// them.
func TestAContextWithAValueStartsNoGoroutineUnderTimeout(t *testing.T) {
	const n = 100
	most := 0
	err := task.Each(func(ctx context.Context, _ int) error {
		type key struct{}
		err := task.Sleep(context.WithValue(ctx, key{}, 1), 20*time.Millisecond)
		most = max(most, goroutines(t))
		return err
	}, pl.Workers(n), pl.Timeout(time.Minute))(pl.Range(n)).Run(t.Context())
	require.NoError(t, err)
	require.Less(t, most, n+n/2)
}

func TestTheCauseOfATimeoutIsErrTimeout(t *testing.T) {
	inTask(t, func(ctx context.Context) error {
		type key struct{}
		step := task.Each(func(ctx context.Context, _ int) error {
			type own struct{}
			child, cancel := context.WithCancel(context.WithValue(ctx, own{}, ctx))
			defer cancel()
			require.NoError(t, context.Cause(ctx))
			_ = task.Sleep(ctx, time.Hour)
			synctest.Wait()
			late, cancel := context.WithCancel(ctx)
			defer cancel()
			for _, c := range []context.Context{ctx, child, late} {
				require.Equal(t, context.DeadlineExceeded, c.Err())
				require.Equal(t, pl.ErrTimeout, context.Cause(c))
			}
			require.Equal(t, "value", ctx.Value(key{}))
			require.Equal(t, ctx, child.Value(own{}))
			return nil
		}, pl.Timeout(time.Second), pl.OnError(pl.Skip))
		return step(pl.Range(2)).Run(context.WithValue(ctx, key{}, "value"))
	})
	inTask(t, func(ctx context.Context) error {
		boom := errors.New("boom")
		outer, cancel := context.WithCancelCause(ctx)
		step := task.Each(func(ctx context.Context, _ int) error {
			cancel(boom)
			_ = task.Sleep(ctx, time.Hour)
			require.Equal(t, context.Canceled, ctx.Err())
			require.Equal(t, boom, context.Cause(ctx))
			return nil
		}, pl.Timeout(time.Minute))
		require.ErrorIs(t, step(pl.Range(1)).Run(outer), boom)
		return nil
	})
}
