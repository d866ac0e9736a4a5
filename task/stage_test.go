package task_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/task"
)

func increment(_ context.Context, x int) (int, error) { return x + 1, nil }

func same(_ context.Context, x int) (int, error) { return x, nil }

// sleepFor makes a function that sleeps.
func sleepFor(d time.Duration) func(context.Context, int) (int, error) {
	return func(ctx context.Context, x int) (int, error) { return x, task.Sleep(ctx, d) }
}

func count(n int) []int {
	return slices.Collect(func(yield func(int) bool) {
		for i := range n {
			if !yield(i) {
				return
			}
		}
	})
}

func TestWorkersIsTheNumberOfValuesInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		got, err := task.Map(sleepFor(time.Second), pl.Workers(100))(pl.Range(1000)).Collect(t.Context())
		require.NoError(t, err)
		require.ElementsMatch(t, count(1000), got)
		require.Equal(t, 10*time.Second, time.Since(start))
	})
}

func TestAFunctionThatNeverAwaitsRunsOnOneTask(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tasks := map[any]bool{}
		f := func(ctx context.Context, x int) (int, error) {
			tasks[task.IdentityOf(ctx)] = true
			return x, nil
		}
		got, err := task.Map(f, pl.Workers(10_000))(pl.Range(10_000)).Collect(t.Context())
		require.NoError(t, err)
		require.True(t, slices.Equal(count(10_000), got), "it keeps the order")
		require.Len(t, tasks, 1)
	})
}

// Values come at random, functions take any time: each of them once, whichever task fetched them.
func TestEveryValueOnceUnderRandomAwaits(t *testing.T) {
	for _, size := range []int{0, 1, 3, 100} {
		synctest.Test(t, func(t *testing.T) {
			source := pl.FromFunc(func(ctx context.Context, yield func(int) bool) error {
				for x := range 5000 {
					if x%100 == 0 {
						time.Sleep(time.Duration(rand.IntN(100)) * time.Millisecond)
					}
					if !yield(x) {
						return nil
					}
				}
				return nil
			})
			work := func(ctx context.Context, x int) (int, error) {
				switch rand.IntN(10) {
				case 0:
					return x, task.Sleep(ctx, time.Duration(rand.IntN(30))*time.Millisecond)
				case 1:
					return x, task.Yield(ctx)
				}
				return x, nil
			}
			p := task.Map(work, pl.Workers(20), pl.MaxSize(size))
			got, err := pl.Pipe3(source, p, p, task.Map(work, pl.Workers(3), task.Loops(3))).Collect(t.Context())
			require.NoError(t, err)
			slices.Sort(got)
			require.True(t, slices.Equal(count(5000), got), "%d values, %d of them different", len(got), len(slices.Compact(got)))
		})
	}
}

func TestOneTaskRunsAtATimeOverSeveralStages(t *testing.T) {
	seen := map[int]int{}
	sum := 0
	touch := func(ctx context.Context, x int) (int, error) {
		add := func(ctx context.Context) (int, error) {
			seen[x]++
			sum++
			return 0, nil
		}
		_, _ = add(ctx)
		if err := task.Yield(ctx); err != nil {
			return x, err
		}
		_, _ = add(ctx)
		if err := task.Sleep(ctx, time.Duration(x%7)*time.Microsecond); err != nil {
			return x, err
		}
		if _, err := task.Await(ctx, func(context.Context) (int, error) { return x, nil }); err != nil {
			return x, err
		}
		_, _ = add(ctx)
		_, err := task.Gather(ctx, add, func(ctx context.Context) (int, error) {
			if err := task.Yield(ctx); err != nil {
				return 0, err
			}
			return add(ctx)
		})
		return x, err
	}
	p := task.Map(touch, pl.Workers(1000))
	require.NoError(t, pl.Pipe3(pl.Range(1000), p, p, p).Run(t.Context()))
	require.Equal(t, 1000*3*5, sum)
	for _, n := range seen {
		require.Equal(t, 15, n)
	}
}

func TestMaxSizeIsExact(t *testing.T) {
	for _, workers := range []int{1, 4} {
		synctest.Test(t, func(t *testing.T) {
			begun := 0
			f := func(_ context.Context, x int) (int, error) { begun++; return x, nil }
			for _, err := range task.Map(f, pl.Workers(workers), pl.MaxSize(3))(pl.Range(100)).All(t.Context()) {
				require.NoError(t, err)
				time.Sleep(time.Hour)
				synctest.Wait()
				require.Equal(t, 1+3+workers, begun)
				break
			}
		})
	}
}

func TestNothingIsLeftHoweverTheRunEnds(t *testing.T) {
	boom := errors.New("boom")
	slow := func(ctx context.Context, x int) (int, error) {
		if x == 50 {
			return 0, boom
		}
		return x, task.Sleep(ctx, time.Duration(1+x)*time.Second)
	}
	p := task.Map(slow, pl.Workers(200))
	t.Run("break", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			for range pl.Pipe2(pl.Range(40), p, p).All(t.Context()) {
				break
			}
		})
	})
	t.Run("error", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			err := pl.Pipe2(pl.Range(1000), p, p).Run(t.Context())
			require.ErrorIs(t, err, boom)
			var stage *pl.StageError
			require.ErrorAs(t, err, &stage)
			require.Equal(t, 50, stage.Item)
			require.Zero(t, time.Since(start), "those who sleep are woken at once")
		})
	})
	t.Run("cancelled", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second/2)
			defer cancel()
			start := time.Now()
			require.ErrorIs(t, pl.Pipe2(pl.Range(40), p, p).Run(ctx), context.DeadlineExceeded)
			require.Equal(t, time.Second/2, time.Since(start))
		})
	})
	t.Run("cancelled before", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			require.ErrorIs(t, pl.Pipe2(pl.Range(40), p, p).Run(ctx), context.Canceled)
		})
	})
	t.Run("panic in the consumer", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			require.Panics(t, func() {
				for range pl.Pipe2(pl.Range(40), p, p).All(t.Context()) {
					panic("mine")
				}
			})
		})
	})
}

func TestResourceIsOpenedOncePerLoopAndClosedBeforeTheEnd(t *testing.T) {
	for _, loops := range []int{1, 3} {
		synctest.Test(t, func(t *testing.T) {
			type resource struct{ users int }
			opened, closed := make(chan int, 10), make(chan int, 10)
			r := pl.OnStart(func(ctx context.Context) (*resource, error) {
				opened <- pl.WorkerFrom(ctx).Index
				return &resource{}, nil
			}).OnEnd(func(ctx context.Context, r *resource) error {
				assert.NoError(t, ctx.Err())
				closed <- r.users
				return nil
			})
			use := func(ctx context.Context, r *resource, x int) (int, error) {
				r.users++
				return x, task.Sleep(ctx, time.Second)
			}
			s := task.MapWith(r, use, pl.Workers(30), task.Loops(loops))(pl.Range(90))
			got, err := s.Collect(t.Context())
			require.NoError(t, err)
			require.ElementsMatch(t, count(90), got)
			require.Len(t, opened, loops)
			require.Len(t, closed, loops)
			users := 0
			for range loops {
				users += <-closed
			}
			require.Equal(t, 90, users)
			require.NoError(t, task.MapWith(r, use, task.Loops(loops), pl.Workers(loops))(pl.From[int]()).Run(t.Context()))
			require.Len(t, opened, 2*loops, "also without input")
		})
	}
}

func TestAFailedOnStartFailsTheRunAndCallsNoOnEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		boom := errors.New("boom")
		r := pl.OnStart(func(context.Context) (int, error) { return 0, boom }).
			OnEnd(func(context.Context, int) error { t.Error("called"); return nil })
		f := func(context.Context, int, int) (int, error) { t.Error("called"); return 0, nil }
		require.ErrorIs(t, task.MapWith(r, f)(pl.Range(10)).Run(t.Context()), boom)
	})
}

func TestRetryWaitsWithoutHoldingTheLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tries := map[int]int{}
		f := func(_ context.Context, x int) (int, error) {
			if tries[x]++; tries[x] < 3 {
				return 0, errors.New("not yet")
			}
			return x, nil
		}
		start := time.Now()
		got, err := task.Map(f, pl.Workers(100),
			pl.Retry(3, func(int) time.Duration { return time.Minute }))(pl.Range(100)).Collect(t.Context())
		require.NoError(t, err)
		require.ElementsMatch(t, count(100), got)
		require.Equal(t, 2*time.Minute, time.Since(start))
	})
}

func TestABusyStageLetsTheOthersRun(t *testing.T) {
	// The endless stage has input always. Only its budget lets the one after it see a value.
	endless := pl.FromFunc(func(_ context.Context, yield func(int) bool) error {
		for x := 0; yield(x); x++ {
		}
		return nil
	})
	for x, err := range pl.Pipe2(endless, task.Map(same), task.Map(same)).All(t.Context()) {
		require.NoError(t, err)
		if x == 10_000 {
			break
		}
	}
}

func TestBadOptionsFailTheRunBeforeItStarts(t *testing.T) {
	untouched := pl.FromFunc(func(context.Context, func(int) bool) error { return nil })
	for _, c := range []struct {
		opts []pl.Option
		want string
	}{
		{[]pl.Option{task.Loops(0)}, "Loops(0): must be at least 1"},
		{[]pl.Option{task.Loops(-3)}, "Loops(-3): must be at least 1"},
		{[]pl.Option{pl.Workers(0)}, "Workers(0)"},
		{[]pl.Option{task.Blocking(), task.Loops(2), pl.Workers(4)}, "Blocking() with Loops(2)"},
	} {
		err := task.Map(same, append(c.opts, pl.Name("shop"))...)(untouched).Run(t.Context())
		require.ErrorContains(t, err, c.want)
		require.ErrorContains(t, err, `"shop"`)
	}
	require.ErrorContains(t, task.Map[int, int](nil)(untouched).Run(t.Context()), "nil")
}
