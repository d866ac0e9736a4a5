package pl_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/internal/backendtest"
	"github.com/gopeln/pl/process"
	"github.com/gopeln/pl/serial"
	"github.com/gopeln/pl/task"
	"github.com/gopeln/pl/thread"
)

// What a Func does in every backend is in internal/backendtest; here are operators without one, and
// mixtures.

// standing makes a Func that is stopped at the test's end.
func standing[A, B any](t *testing.T, p pl.Partial[A, B]) func(A) (B, error) {
	t.Helper()
	before := backendtest.Hold()
	call, stop := pl.Func(context.Background(), p)
	t.Cleanup(func() {
		assert.NoError(t, stop())
		before.Check(t)
	})
	return func(in A) (B, error) { return call(context.Background(), in) }
}

func TestAFuncOfOperatorsWithoutABackend(t *testing.T) {
	first := standing(t, pl.Flatten[int])
	got, err := first([]int{7, 8})
	require.NoError(t, err)
	assert.Equal(t, 7, got)
	_, err = first(nil)
	require.ErrorIs(t, err, pl.ErrNoResult)

	once := standing(t, pl.Distinct(func(x int) int { return x }, 0))
	_, err = once(3)
	require.NoError(t, err)
	_, err = once(3)
	require.ErrorIs(t, err, pl.ErrNoResult)

	numbered := standing(t, pl.Enumerate[string])
	for i := range 3 {
		got, err := numbered("x")
		require.NoError(t, err)
		assert.Equal(t, pl.Indexed[string]{Index: i, Value: "x"}, got)
	}

	small := standing(t, pl.TakeWhile(func(x int) bool { return x < 10 }))
	_, err = small(3)
	require.NoError(t, err)
	for _, x := range []int{10, 3} {
		_, err = small(x)
		require.ErrorIs(t, err, pl.ErrNoResult)
	}
	for _, n := range []int{0, 1} {
		some := standing(t, pl.Take[int](n))
		for range 3 {
			if _, err = some(1); n == 0 {
				require.ErrorIs(t, err, pl.ErrNoResult)
			}
		}
		require.ErrorIs(t, err, pl.ErrNoResult)
	}

	for want, side := range map[int]func(yes, no pl.Stage[int]) pl.Stage[int]{
		2: func(yes, _ pl.Stage[int]) pl.Stage[int] { return yes },
		3: func(_, no pl.Stage[int]) pl.Stage[int] { return no },
	} {
		half := standing(t, func(s pl.Stage[int]) pl.Stage[int] {
			return side(pl.Split(s, func(x int) bool { return x%2 == 0 }))
		})
		for x := range 6 {
			if got, err := half(x); x%2 == want%2 {
				require.NoError(t, err)
				assert.Equal(t, x, got)
			} else {
				require.ErrorIs(t, err, pl.ErrNoResult)
			}
		}
	}
}

func TestAFuncRefusesBranchesThatComeTogether(t *testing.T) {
	for name, p := range map[string]pl.Partial[int, int]{
		"sides": func(s pl.Stage[int]) pl.Stage[int] {
			return pl.Merge(pl.Split(s, func(int) bool { return true }))
		},
		"letters": func(s pl.Stage[int]) pl.Stage[int] {
			item := func(_ context.Context, e *pl.StageError) (int, error) { return e.Item.(int), nil }
			return serial.Map(item)(pl.Failures(thread.Map(same)(s)))
		},
		"in turn": func(s pl.Stage[int]) pl.Stage[int] { return pl.Append(s, pl.Range(2)) },
		"weighed": func(s pl.Stage[int]) pl.Stage[int] {
			return pl.Flatten(pl.BatchWeight(3, 9, func(int) int64 { return 1 }, 0)(s))
		},
	} {
		call, stop := pl.Func(t.Context(), p)
		_, err := call(t.Context(), 1)
		require.ErrorContains(t, err, "belongs to no single call", name)
		require.Equal(t, 1, strings.Count(err.Error(), "pl: "), "%s: %v", name, err)
		require.Error(t, stop(), name)
	}
}

func TestStopOfAFuncReturnsWhatOnEndDoes(t *testing.T) {
	errClose := errors.New("it cannot be closed")
	r := pl.OnStart(func(context.Context) (int, error) { return 1, nil }).
		OnEnd(func(context.Context, int) error { return errClose })
	add := func(_ context.Context, r, x int) (int, error) { return x + r, nil }
	for name, p := range map[string]pl.Partial[int, int]{
		"thread": thread.MapWith(r, add, pl.Workers(2)), "task": task.MapWith(r, add), "serial": serial.MapWith(r, add),
	} {
		call, stop := pl.Func(t.Context(), p)
		got, err := call(t.Context(), 1)
		require.NoError(t, err, name)
		assert.Equal(t, 2, got, name)
		for range 2 {
			require.ErrorIs(t, stop(), errClose, name)
		}
		_, err = call(t.Context(), 1)
		require.ErrorIs(t, err, errClose, name)
	}
}

func TestAFuncWhoseOnStartFailsRefusesItsCalls(t *testing.T) {
	errOpen := errors.New("it cannot be opened")
	r := pl.OnStart(func(context.Context) (int, error) { return 0, errOpen })
	f := func(_ context.Context, _, x int) (int, error) { return x, nil }
	for name, p := range map[string]pl.Partial[int, int]{
		"thread": thread.MapWith(r, f, pl.Workers(2)), "task": task.MapWith(r, f), "serial": serial.MapWith(r, f),
	} {
		before := backendtest.Hold()
		call, stop := pl.Func(t.Context(), p)
		var all sync.WaitGroup
		for range 5 {
			all.Go(func() {
				_, err := call(t.Context(), 1)
				assert.ErrorIs(t, err, errOpen, name)
			})
		}
		all.Wait()
		require.ErrorIs(t, stop(), errOpen, name)
		before.Check(t)
	}
}

// Calls that are past a Take when stop is called have begun before it.
func TestStopDoesNotChangeTheAnswersOfCallsUnderWay(t *testing.T) {
	for range 50 {
		call, stop := pl.Func(t.Context(), thread.Map(same, pl.Workers(2)).Then(pl.Take[int](1)))
		var all sync.WaitGroup
		for range 4 {
			begun := make(chan bool)
			all.Go(func() {
				close(begun)
				_, err := call(t.Context(), 1)
				if err != nil && !errors.Is(err, pl.ErrNoResult) {
					assert.ErrorContains(t, err, "stopped", "it came after stop")
				}
			})
			<-begun
		}
		require.NoError(t, stop())
		all.Wait()
	}
}

func TestAFuncDrains(t *testing.T) {
	for _, b := range here() {
		t.Run(b.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				drain, end := context.WithCancel(t.Context())
				call, stop := pl.Func(pl.Drain(context.Background(), drain, time.Hour), b.Obey.Map)
				answered := make(chan error)
				go func() {
					_, err := call(context.Background(), backendtest.Nap+3)
					answered <- err
				}()
				synctest.Wait()
				end()
				require.NoError(t, <-answered, "it was under way")
				_, err := call(context.Background(), 1)
				require.ErrorIs(t, err, pl.ErrDrain)
				require.NoError(t, stop())

				call, stop = pl.Func(pl.Drain(context.Background(), drain, time.Hour), b.Obey.Map)
				_, err = call(context.Background(), 1)
				require.ErrorIs(t, err, pl.ErrDrain)
				require.NoError(t, stop())
			})
		})
	}
}

var (
	dies = process.Map(func(_ context.Context, x int) (int, error) {
		if x%10 == 0 {
			panic("a round number")
		}
		return x + 1, nil
	}, pl.Workers(2), pl.Name("dies"))
	exits = process.Map(func(_ context.Context, x int) (int, error) {
		if x%10 == 5 {
			os.Exit(3)
		}
		return x + 1, nil
	}, pl.Workers(2), pl.Name("exits"), process.Recycle(7))
)

// Workers that die in a mixture of backends cost the calls that they were at.
func TestAFuncOutlivesTheDeathsOfItsWorkers(t *testing.T) {
	call := standing(t, pl.Compose5(thread.Map(same, pl.Workers(3)), dies, task.Map(same, pl.Workers(9)), exits, pl.Ordered[int]))
	var all sync.WaitGroup
	for caller := range 4 {
		all.Go(func() {
			for x := caller; x < 60; x += 4 {
				got, err := call(x)
				switch x % 10 {
				case 0:
					var p *pl.PanicError
					assert.ErrorAs(t, err, &p, "of %d", x)
				case 4: // 5, by then
					var crash *process.CrashError
					assert.ErrorAs(t, err, &crash, "of %d", x)
				default:
					assert.NoError(t, err, "of %d", x)
					assert.Equal(t, x+2, got)
				}
			}
		})
	}
	all.Wait()
}
