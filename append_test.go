package pl_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/internal/backendtest"
	"github.com/gopeln/pl/serial"
	"github.com/gopeln/pl/task"
	"github.com/gopeln/pl/thread"
)

// journal notes what happens, in its order.
type journal struct {
	mu    sync.Mutex
	lines []string
}

func (j *journal) note(format string, args ...any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, fmt.Sprintf(format, args...))
}

// part is a source of n values that notes its start and its end.
func (j *journal) part(name string, n int) pl.Stage[int] {
	return pl.FromFunc(func(_ context.Context, yield func(int) bool) error {
		j.note("%s starts", name)
		defer j.note("%s ends", name)
		for i := 0; i < n && yield(i); i++ {
		}
		return nil
	})
}

func TestAppendYieldsOneStageAfterTheOther(t *testing.T) {
	for _, b := range backends {
		t.Run(b.Name, func(t *testing.T) {
			var j journal
			s := pl.Append(
				b.AddOne(j.part("a", 3)).With(pl.Workers(2)),
				j.part("b", 2),
				pl.Range(2),
				b.AddOne(j.part("c", 2)))
			for range 2 {
				j.lines = nil
				got := values(t, s)
				require.Len(t, got, 9)
				assert.ElementsMatch(t, []int{1, 2, 3}, got[:3])
				assert.Equal(t, []int{0, 1, 0, 1, 1, 2}, got[3:])
				assert.Equal(t, []string{"a starts", "a ends", "b starts", "b ends", "c starts", "c ends"}, j.lines)
			}
		})
	}
}

func TestAppendOfFewStages(t *testing.T) {
	assert.Empty(t, values(t, pl.Append[int]()))
	assert.Equal(t, []int{0, 1}, values(t, pl.Append(pl.Range(2))))
	assert.Equal(t, []int{0, 0, 1}, values(t, pl.Append(pl.Range(0), pl.Range(1), pl.Range(0), pl.Range(2), pl.Range(0))))
	assert.Equal(t, "pl.Append(range(1), range(2) → thread.Map(same))", pl.Append(pl.Range(1), thread.Map(same)(pl.Range(2))).String())
	_, err := collect(t, pl.Append(pl.Range(1), pl.Stage[int]{}))
	require.ErrorContains(t, err, "zero Stage")
}

// The later stages have workers with resources: neither these nor their sources start before their
// turn.
func TestNothingOfALaterStageStartsBeforeItsTurn(t *testing.T) {
	type mapWith = func(pl.Resource[int], func(context.Context, int, int) (int, error), ...pl.Option) pl.Partial[int, int]
	for name, mapWith := range map[string]mapWith{
		"serial": serial.MapWith[int, int, int], "thread": thread.MapWith[int, int, int], "task": task.MapWith[int, int, int],
	} {
		t.Run(name, func(t *testing.T) {
			var j journal
			resource := func(name string) pl.Resource[int] {
				return pl.OnStart(func(context.Context) (int, error) { j.note("%s opens", name); return 0, nil }).
					OnEnd(func(context.Context, int) error { j.note("%s closes", name); return nil })
			}
			keep := func(_ context.Context, _, x int) (int, error) { return x, nil }
			s := pl.Append(mapWith(resource("a"), keep)(j.part("a", 2)), mapWith(resource("b"), keep)(j.part("b", 2)))
			assert.Equal(t, []int{0, 1, 0, 1}, values(t, s))
			assert.ElementsMatch(t, []string{"a starts", "a ends", "a opens", "a closes"}, j.lines[:4])
			assert.ElementsMatch(t, []string{"b starts", "b ends", "b opens", "b closes"}, j.lines[4:])

			j.lines = nil
			assert.Equal(t, []int{0}, values(t, pl.Take[int](1)(s)))
			assert.NotContains(t, j.lines, "b starts")
			assert.NotContains(t, j.lines, "b opens")
		})
	}
}

func TestAppendInAnotherAppend(t *testing.T) {
	var j journal
	s := pl.Append(j.part("a", 1), pl.Append(j.part("b", 1), thread.Map(same)(j.part("c", 1))), thread.Map(same)(pl.Append(j.part("d", 1), j.part("e", 1))))
	assert.Equal(t, []int{0, 0, 0, 0, 0}, values(t, s))
	var starts []string
	for i, line := range j.lines {
		if i%2 == 0 {
			starts = append(starts, line)
		}
	}
	assert.Equal(t, []string{"a starts", "b starts", "c starts", "d starts", "e starts"}, starts)
}

// What is behind a gate may have other consumers, which wait for it although the Append has had
// enough.
func TestAppendThatEndsEarlyHoldsNobodyUp(t *testing.T) {
	for name, build := range map[string]func(a, b pl.Stage[int]) pl.Runnable{
		"before its turn":  func(a, b pl.Stage[int]) pl.Runnable { return pl.Take[int](1)(pl.Append(a, b)) },
		"inner, never run": func(a, b pl.Stage[int]) pl.Runnable { return pl.Take[int](1)(pl.Append(a, pl.Append(pl.Range(1), b))) },
		"inner, in workers": func(a, b pl.Stage[int]) pl.Runnable {
			return pl.Take[int](1)(pl.Append(a, thread.Map(same)(pl.Append(pl.Range(1), b))))
		},
		"before all":  func(a, b pl.Stage[int]) pl.Runnable { return pl.Take[int](0)(pl.Append(a, b)) },
		"in its turn": func(a, b pl.Stage[int]) pl.Runnable { return pl.Take[int](7)(pl.Append(a, b)) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := thread.Map(same)(pl.Range(5)), thread.Map(same, pl.MaxSize(1))(pl.Range(20))
				count := 0
				other := thread.Each(func(context.Context, int) error { count++; return nil })(b)
				require.NoError(t, pl.Run(t.Context(), build(a, b), other))
				assert.Equal(t, 20, count)
			})
		})
	}
}

func TestAppendOfStagesWithACommonPastIsRefused(t *testing.T) {
	shared := thread.Map(same)(pl.Range(3))
	for name, s := range map[string]pl.Stage[int]{
		"twice the same": pl.Append(shared, shared),
		"a branch":       pl.Append(thread.Map(same)(shared), pl.Range(1), shared),
		"below another":  thread.Map(same)(pl.Append(pl.Range(1), pl.Append(shared, serialSame(shared)))),
	} {
		started := false
		watched := pl.Concat(s, pl.FromFunc(func(context.Context, func(int) bool) error { started = true; return nil }))
		_, err := collect(t, watched)
		require.ErrorContains(t, err, `pl: stage "Append": two of its stages have a stage upstream in common`, name)
		assert.False(t, started, name)
	}
	// In one turn it may be shared, and between an Append and the rest of the run.
	assert.Len(t, values(t, pl.Append(pl.Range(1), pl.Concat(shared, shared))), 7)
	assert.Len(t, values(t, pl.Concat(pl.Append(pl.Range(1), shared), shared)), 7)
}

func serialSame(s pl.Stage[int]) pl.Stage[int] { return thread.Map(same)(s) }

func TestAppendsThatWaitForEachOtherAreRefused(t *testing.T) {
	a, b := thread.Map(same)(pl.Range(3)), thread.Map(same)(pl.Range(3))
	err := pl.Run(t.Context(), pl.Append(a, b), pl.Append(b, a))
	require.ErrorContains(t, err, "two Appends of the run wait for each other")
	require.NoError(t, pl.Run(t.Context(), pl.Append(a, b), pl.Append(a, thread.Map(same)(b))))
	require.NoError(t, pl.Run(t.Context(), pl.Append(pl.Range(4), a), pl.Append(pl.Range(5), a)))
}

func TestAppendEndsLikeAnyOtherStage(t *testing.T) {
	boom := errors.New("boom")
	bad := pl.FromFunc(func(_ context.Context, yield func(int) bool) error { yield(7); return boom })
	before := backendtest.Hold()
	var j journal
	got, err := pl.Append(pl.Range(2), thread.Map(same)(bad), thread.Map(same)(j.part("never", 1))).Collect(t.Context())
	require.ErrorIs(t, err, boom)
	assert.Subset(t, []int{0, 1, 7}, got)
	assert.Empty(t, j.lines)
	before.Check(t)

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for x, err := range pl.Append(pl.Range(2), thread.Map(same)(endless())).All(ctx) {
		if err != nil {
			require.ErrorIs(t, err, context.Canceled)
		}
		if x == 100 {
			cancel()
		}
	}
	before.Check(t)
	assert.Panics(t, func() {
		for range pl.Append(pl.Range(1), thread.Map(same)(endless())).All(t.Context()) {
			panic("in the loop")
		}
	})
	before.Check(t)
}

// The order begins anew at Append; OrderedWindow's bound holds across it.
func TestOrderedAfterAppend(t *testing.T) {
	slow := func(_ context.Context, x int) (int, error) {
		time.Sleep(time.Duration(x%3) * time.Millisecond)
		return x, nil
	}
	s := pl.Pipe2(pl.Append(pl.Range(20), pl.Range(20)), thread.Map(slow, pl.Workers(5)), pl.OrderedWindow[int](4))
	assert.Equal(t, append(numbers(20), numbers(20)...), values(t, s))
}
