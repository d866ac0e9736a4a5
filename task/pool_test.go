package task_test

import (
	"context"
	"runtime"
	"runtime/pprof"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/task"
)

func TestNoAwaitedFunctionWaitsForAnother(t *testing.T) {
	const n = 500
	synctest.Test(t, func(t *testing.T) {
		var all sync.WaitGroup
		all.Add(n - (n+2)/3)
		meet := func(_ context.Context, x int) (int, error) {
			if x%3 > 0 { // the others are over at once, and their goroutines are used again
				all.Done()
				all.Wait()
			}
			return x, nil
		}
		f := func(ctx context.Context, x int) (int, error) {
			return task.Await(ctx, func(ctx context.Context) (int, error) { return meet(ctx, x) })
		}
		require.NoError(t, task.Map(f, pl.Workers(n))(pl.Range(n)).Run(t.Context()))
	})
}

func TestAFunctionThatBlocksLetsThoseAwaitedWithItRun(t *testing.T) {
	inTask(t, func(ctx context.Context) error {
		passed := make(chan int)
		pass := func(context.Context) (int, error) { passed <- 1; return 0, nil }
		take := func(context.Context) (int, error) { return <-passed, nil }
		for range 100 {
			_, err := task.Gather(ctx, awaited(take), awaited(pass), awaited(pass), awaited(take))
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func awaited(f func(context.Context) (int, error)) func(context.Context) (int, error) {
	return func(ctx context.Context) (int, error) { return task.Await(ctx, f) }
}

func TestGoexitAndPanicsOfAwaitedFunctionsHarmNoOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := func(ctx context.Context, x int) (int, error) {
			return task.Await(ctx, func(context.Context) (int, error) {
				switch x % 3 {
				case 0:
					runtime.Goexit()
				case 1:
					panic(x)
				}
				return x, nil
			})
		}
		got, err := task.Map(f, pl.Workers(50), pl.OnError(pl.Skip))(pl.Range(1000)).Collect(t.Context())
		require.NoError(t, err)
		require.Len(t, got, 333)
	})
}

func TestAwaitUsesAFewGoroutinesWhereItsFunctionsAreShort(t *testing.T) {
	started := map[string]bool{}
	f := func(ctx context.Context, x int) (int, error) {
		name, err := task.Await(ctx, func(context.Context) (string, error) { return goroutineName(), nil })
		started[name] = true
		return x, err
	}
	require.NoError(t, task.Map(f, pl.Workers(100))(pl.Range(10_000)).Run(t.Context()))
	require.Less(t, len(started), 5_000)
}

// goroutineName tells goroutines apart: it is the first line of the stack up to the state.
func goroutineName() string {
	stack := make([]byte, 64)
	name, _, _ := strings.Cut(string(stack[:runtime.Stack(stack, false)]), " [")
	return name
}

func TestManyIdleGoroutinesAreNotKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		before := runtime.NumGoroutine()
		step := task.Each(func(ctx context.Context, x int) error {
			if x == 1000 { // by then the others have ended, and their goroutines have nothing to do
				_ = task.Sleep(ctx, time.Minute)
				assert.Less(t, runtime.NumGoroutine()-before, 1001+200, "the tasks and some more")
				return nil
			}
			_, err := task.Await(ctx, func(context.Context) (int, error) { time.Sleep(time.Second); return 0, nil })
			return err
		}, pl.Workers(1001))
		require.NoError(t, step(pl.Range(1001)).Run(t.Context()))
	})
}

func TestAwaitedFunctionsHaveTheStagesLabels(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := func(ctx context.Context, x int) (int, error) {
			return task.Await(ctx, func(context.Context) (int, error) {
				var profile strings.Builder
				assert.NoError(t, pprof.Lookup("goroutine").WriteTo(&profile, 1))
				for record := range strings.SplitSeq(profile.String(), "\n\n") {
					if strings.Contains(record, "WriteTo") {
						assert.Contains(t, record, `"stage":"shop"`)
					}
				}
				return x, nil
			})
		}
		require.NoError(t, task.Map(f, pl.Name("shop"))(pl.Range(3)).Run(t.Context()))
	})
}

func TestNoGoroutineOfAwaitedFunctionsIsLeft(t *testing.T) {
	before := goroutines(t)
	for range 20 {
		err := task.Each(func(ctx context.Context, _ int) error {
			_, err := task.Await(ctx, func(context.Context) (int, error) {
				time.Sleep(time.Millisecond)
				return 0, nil
			})
			return err
		}, pl.Workers(64))(pl.Range(200)).Run(t.Context())
		left := goroutines(t) - before
		require.NoError(t, err)
		require.LessOrEqual(t, left, 2, "goroutines when Run has returned") // which may be in their last instructions
	}
}

// goroutines counts the goroutines. NumGoroutine reads several counters while others change them:
// when a goroutine ends at that moment, it can be wrong by 32, the number of dead goroutines that a
// processor passes on at a time.
func goroutines(t *testing.T) int {
	t.Helper()
	n, ok := runtime.GoroutineProfile(make([]runtime.StackRecord, 1000)) // stops the world
	require.True(t, ok, "%d goroutines", n)
	return n
}
