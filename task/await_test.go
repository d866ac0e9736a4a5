package task_test

import (
	"context"
	"errors"
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

// inTask runs f in a bubble, as the function of a stage with one value, and fails t where f, or the
// run, does.
func inTask(t *testing.T, f func(ctx context.Context) error, opts ...pl.Option) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		require.NoError(t, once(t.Context(), f, opts...))
	})
}

func once(ctx context.Context, f func(ctx context.Context) error, opts ...pl.Option) error {
	return task.Each(func(ctx context.Context, _ int) error { return f(ctx) }, opts...)(pl.From(1)).Run(ctx)
}

var errBoom = errors.New("boom")

func TestTheFunctionsDoTheWorkOutsideATask(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		start := time.Now()
		require.NoError(t, task.Sleep(ctx, time.Second))
		require.NoError(t, task.Sleep(ctx, -time.Second))
		require.NoError(t, task.Yield(ctx))
		one := func(ctx context.Context) (int, error) { return 1, task.Sleep(ctx, time.Second) }
		v, err := task.Await(ctx, one)
		require.NoError(t, err)
		require.Equal(t, 1, v)
		require.Equal(t, 2*time.Second, time.Since(start))

		all, err := task.Gather(ctx, one, one)
		require.NoError(t, err)
		require.Equal(t, []int{1, 1}, all)
		require.Equal(t, 3*time.Second, time.Since(start), "both at once")
		all, err = task.Gather[int](ctx)
		require.NoError(t, err)
		require.Equal(t, []int{}, all)

		ctx, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		require.ErrorIs(t, task.Sleep(ctx, time.Hour), context.DeadlineExceeded)
		require.ErrorIs(t, task.Yield(ctx), context.DeadlineExceeded)
		require.Equal(t, 4*time.Second, time.Since(start))
	})
}

func TestGatherOutsideATaskStopsAtTheFirstError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		waits := func(ctx context.Context) (int, error) { return 0, task.Sleep(ctx, time.Hour) }
		for want, bad := range map[string]func(context.Context) (int, error){
			"boom":   func(context.Context) (int, error) { return 0, errBoom },
			"ouch":   func(context.Context) (int, error) { panic("ouch") },
			"Goexit": func(context.Context) (int, error) { runtime.Goexit(); return 0, nil },
		} {
			_, err := task.Gather(t.Context(), waits, bad)
			require.ErrorContains(t, err, want)
		}
	})
}

func TestAwaitLetsOthersRunAndComesBackWithTheResult(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		block := func(context.Context) (int, error) { time.Sleep(time.Second); return 7, nil }
		f := func(ctx context.Context, x int) (int, error) { return task.Await(ctx, block) }
		start := time.Now()
		got, err := task.Map(f, pl.Workers(500))(pl.Range(500)).Collect(t.Context())
		require.NoError(t, err)
		require.Len(t, got, 500)
		require.Equal(t, time.Second, time.Since(start))
	})
}

func TestAwaitedFunctionsAreOutsideTheTask(t *testing.T) {
	inTask(t, func(ctx context.Context) error {
		_, err := task.Await(ctx, func(ctx context.Context) (int, error) {
			if err := task.Sleep(ctx, time.Second); err != nil {
				return 0, err
			}
			info := pl.WorkerFrom(ctx)
			assert.NotEmpty(t, info.Stage, "its values are the task's")
			return task.Await(ctx, func(ctx context.Context) (int, error) { return 0, task.Yield(ctx) })
		})
		return err
	})
}

func TestAwaitAndGatherReturnPanicsAndGoexitAsErrors(t *testing.T) {
	inTask(t, func(ctx context.Context) error {
		panics := func(context.Context) (int, error) { explode(); return 0, nil }
		exits := func(context.Context) (int, error) { runtime.Goexit(); return 0, nil }
		for _, call := range []func(f func(context.Context) (int, error)) error{
			func(f func(context.Context) (int, error)) error { _, err := task.Await(ctx, f); return err },
			func(f func(context.Context) (int, error)) error { _, err := task.Gather(ctx, f); return err },
		} {
			var p *pl.PanicError
			if assert.ErrorAs(t, call(panics), &p) {
				assert.Equal(t, errBoom, p.Value)
				assert.Contains(t, string(p.Stack), "explode")
			}
			assert.ErrorIs(t, call(panics), errBoom)
			assert.ErrorContains(t, call(exits), "Goexit")
		}
		return nil
	})
}

//go:noinline
func explode() { panic(errBoom) }

func TestGatherKeepsOrderAndRunsItsChildrenTogether(t *testing.T) {
	inTask(t, func(ctx context.Context) error {
		start := time.Now()
		var fs []func(context.Context) (int, error)
		for i := range 100 {
			fs = append(fs, func(ctx context.Context) (int, error) {
				return i, task.Sleep(ctx, time.Duration(100-i)*time.Second)
			})
		}
		got, err := task.Gather(ctx, fs...)
		assert.Equal(t, count(100), got)
		assert.Equal(t, 100*time.Second, time.Since(start))
		none, err2 := task.Gather[int](ctx)
		assert.Equal(t, []int{}, none)
		return errors.Join(err, err2)
	})
}

func TestGatherCancelsTheOthersAtTheFirstErrorAndWaitsForThem(t *testing.T) {
	inTask(t, func(ctx context.Context) error {
		start := time.Now()
		cleaned := 0
		waits := func(ctx context.Context) (int, error) {
			err := task.Sleep(ctx, time.Hour)
			assert.ErrorIs(t, err, context.Canceled)
			assert.NoError(t, task.Sleep(context.WithoutCancel(ctx), time.Second), "cleaning up may await")
			cleaned++
			return 0, err
		}
		got, err := task.Gather(ctx, waits, func(ctx context.Context) (int, error) {
			return 0, errors.Join(task.Sleep(ctx, time.Minute), errBoom)
		}, waits)
		assert.Nil(t, got)
		assert.ErrorIs(t, err, errBoom)
		assert.Equal(t, 2, cleaned)
		assert.Equal(t, time.Minute+time.Second, time.Since(start))
		return nil
	})
}

func TestGatherNests(t *testing.T) {
	inTask(t, func(ctx context.Context) error {
		leaves := 0
		var tree func(depth int) func(context.Context) (int, error)
		tree = func(depth int) func(context.Context) (int, error) {
			return func(ctx context.Context) (int, error) {
				if depth == 0 {
					leaves++
					return 1, task.Sleep(ctx, time.Second)
				}
				parts, err := task.Gather(ctx, tree(depth-1), tree(depth-1))
				if err != nil {
					return 0, err
				}
				return parts[0] + parts[1], nil
			}
		}
		sum, err := tree(10)(ctx)
		assert.Equal(t, 1<<10, sum)
		assert.Equal(t, 1<<10, leaves)
		return err
	})
}

func TestDerivedContextsEndEveryAwait(t *testing.T) {
	inTask(t, func(ctx context.Context) error {
		hour := func(ctx context.Context) (int, error) { return 0, task.Sleep(ctx, time.Hour) }
		for _, wait := range []func(ctx context.Context) error{
			func(ctx context.Context) error { return task.Sleep(ctx, time.Hour) },
			func(ctx context.Context) error { _, err := task.Await(ctx, hour); return err },
			func(ctx context.Context) error { _, err := task.Gather(ctx, hour, hour); return err },
		} {
			start := time.Now()
			short, cancel := context.WithTimeout(ctx, time.Second)
			assert.ErrorIs(t, wait(short), context.DeadlineExceeded)
			assert.Equal(t, time.Second, time.Since(start))
			assert.ErrorIs(t, wait(short), context.DeadlineExceeded, "at once")
			cancel()
			assert.NoError(t, ctx.Err())
		}
		return nil
	})
}

func TestAnAwaitAfterTheFunctionReturnedIsAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var kept context.Context
		require.NoError(t, once(t.Context(), func(ctx context.Context) error {
			kept = ctx
			_, err := task.Gather(ctx, func(child context.Context) (int, error) { kept = child; return 0, nil })
			assert.ErrorContains(t, task.Yield(kept), "has returned", "a child's ends with the child")
			kept = ctx
			return err
		}))
		f := func(context.Context) (int, error) { t.Error("called"); return 0, nil }
		_, awaited := task.Await(kept, f)
		_, gathered := task.Gather(kept, f)
		for _, err := range []error{task.Sleep(kept, 1), task.Yield(kept), awaited, gathered} {
			require.ErrorContains(t, err, "has returned")
		}
	})
}

func TestAnAwaitByAnotherGoroutineIsAnErrorWhileTheTaskIsParked(t *testing.T) {
	inTask(t, func(ctx context.Context) error {
		_, err := task.Await(ctx, func(context.Context) (int, error) {
			return 0, task.Sleep(ctx, time.Second) // the task's context, not its own
		})
		assert.ErrorContains(t, err, "a goroutine that is not the task's")
		return nil
	})
}

// A run waits for what it started, also for calls that its tasks have given up.
func TestTheRunWaitsForAwaitedFunctionsThatIgnoreTheirContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var returned atomic.Bool
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := once(ctx, func(ctx context.Context) error {
			_, err := task.Await(ctx, func(context.Context) (int, error) {
				time.Sleep(time.Minute)
				returned.Store(true)
				return 0, nil
			})
			assert.Equal(t, time.Second, time.Since(start), "the task is woken at once")
			return err
		})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.True(t, returned.Load())
	})
}

func TestUnderTimeoutTheRunDoesNotWaitLongerThanThat(t *testing.T) {
	forgets := func(ctx context.Context) error {
		_, err := task.Await(ctx, func(context.Context) (int, error) { time.Sleep(time.Hour); return 0, nil })
		return err
	}
	child := func(ctx context.Context) error {
		_, err := task.Gather(ctx, func(ctx context.Context) (int, error) { return 0, forgets(ctx) })
		return err
	}
	for _, f := range []func(context.Context) error{forgets, child} {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			err := once(t.Context(), f, pl.Timeout(time.Minute))
			require.ErrorIs(t, err, pl.ErrTimeout)
			require.Equal(t, time.Minute, time.Since(start))
			time.Sleep(2 * time.Hour) // it comes back after the run, and finds nobody
		})
	}
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := once(ctx, forgets, pl.Timeout(time.Minute))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, time.Minute, time.Since(start))
		time.Sleep(2 * time.Hour)
	})
}
