package task_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/task"
	"github.com/gopeln/pl/thread"
)

// spin holds the loop for d.
func spin(d time.Duration) {
	for start := time.Now(); time.Since(start) < d; {
	}
}

// Timers that wait for 64 values of each of 64 workers would be late by most of a second.
func TestTimersAreInTimeBesideABusyStage(t *testing.T) {
	for workers, each := range map[int]time.Duration{1: 2 * time.Millisecond, 64: 200 * time.Microsecond} {
		synctest.Test(t, func(t *testing.T) {
			late := lateness(t, workers, each, 8000)
			require.LessOrEqual(t, late, time.Duration(workers+1)*each, "%d workers", workers)
		})
	}
}

// lateness returns how late a task wakes, at the median, while another stage has workers that never
// await once they have begun. It is measured in virtual time.
func lateness(t *testing.T, workers int, each time.Duration, values int) time.Duration {
	t.Helper()
	over := false
	var late []time.Duration
	busy := func(ctx context.Context, n int) (int, error) {
		if n < workers { // so that all of them take part
			return n, task.Sleep(ctx, 5*time.Millisecond)
		}
		time.Sleep(each) // it holds the loop
		over = over || n == values-1
		return n, nil
	}
	tick := func(ctx context.Context, _ int) error {
		for !over {
			start := time.Now()
			if err := task.Sleep(ctx, time.Millisecond); err != nil {
				return err
			}
			late = append(late, time.Since(start)-time.Millisecond)
		}
		return nil
	}
	require.NoError(t, pl.Run(t.Context(), task.Map(busy, pl.Workers(workers))(pl.Range(values)), task.Each(tick)(pl.Range(1))))
	slices.Sort(late)
	return late[len(late)/2]
}

// The first value waits in yield, for the second to begin, while another stage never lets the loop
// rest.
func TestAValueBeginsThoughTheLoopIsNeverIdle(t *testing.T) {
	begun, over := make(chan struct{}), false
	first := task.FlatMap(func(_ context.Context, n int, yield func(int) bool) error {
		if n == 1 {
			close(begun)
			over = true
		}
		for i := range 10 {
			yield(i)
		}
		return nil
	}, pl.Workers(2))(pl.Range(2))
	sink := thread.Each(func(context.Context, int) error { <-begun; return nil }, pl.MaxSize(1))(first)
	busy := task.Each(func(context.Context, int) error {
		if !over {
			spin(time.Millisecond)
		}
		return nil
	})(pl.Range(20_000))
	start := time.Now()
	require.NoError(t, pl.Run(t.Context(), sink, busy))
	require.Less(t, time.Since(start), 10*time.Second, "the second value began only when the other stage had ended")
}

func TestFailuresLetOthersRun(t *testing.T) {
	for name, fail := range map[string]func() error{
		"errors": func() error { return errors.New("not yet") },
		"panics": func() error { panic("not yet") },
	} {
		t.Run("attempts that end in "+name, func(t *testing.T) {
			flag, attempts := false, 0
			poll := func(_ context.Context, n int) error {
				if n < 1000 || flag { // cheap values first: the worker's turns are long by then
					return nil
				}
				attempts++
				return fail()
			}
			set := func(ctx context.Context, _ int) (err error) {
				for attempts == 0 && err == nil {
					err = task.Yield(ctx)
				}
				flag = true
				return err
			}
			const most = 100_000
			require.NoError(t, pl.Run(t.Context(),
				task.Each(poll, pl.Retry(most, nil), pl.OnError(pl.Skip))(pl.Range(1001)), task.Each(set)(pl.Range(1))))
			require.Less(t, attempts, most)
		})
		t.Run("values that end in "+name, func(t *testing.T) {
			const cheap, bad = 5000, 5000
			failed, between := 0, 0
			work := func(_ context.Context, n int) error {
				if n < cheap {
					return nil
				}
				failed++
				return fail()
			}
			tick := func(ctx context.Context, _ int) error {
				for failed < bad {
					before := failed
					if err := task.Yield(ctx); err != nil {
						return err
					}
					if before > 0 {
						between = max(between, failed-before)
					}
				}
				return nil
			}
			require.NoError(t, pl.Run(t.Context(),
				task.Each(work, pl.OnError(pl.Skip))(pl.Range(cheap+bad)), task.Each(tick)(pl.Range(1))))
			require.LessOrEqual(t, between, 64)
		})
	}
}

func TestAValueThatIsTriedAgainDoesNotHoldUpItsSibling(t *testing.T) {
	done := false
	f := func(_ context.Context, n int) error {
		if done = done || n == 1; done {
			return nil
		}
		return errors.New("not yet")
	}
	require.NoError(t, task.Each(f, pl.Workers(2), pl.Retry(300_000, nil))(pl.Range(2)).Run(t.Context()))
}

func TestAFunctionThatYieldsHoldsNothing(t *testing.T) {
	out := logged(t, func(t *testing.T) {
		require.NoError(t, once(t.Context(), func(ctx context.Context) error {
			for range 300 {
				time.Sleep(time.Millisecond) // it holds the loop
				if err := task.Yield(ctx); err != nil {
					return err
				}
			}
			return nil
		}))
	})
	require.NotContains(t, out, "holds")
}

// Each value polls until all have begun. If a value began only once per turn of those that poll,
// nearly all would begin late.
func TestValuesBeginWhileManyTasksPoll(t *testing.T) {
	const values = 1000
	polls := map[string]func(ctx context.Context) error{
		"Yield": task.Yield,
		"Sleep": func(ctx context.Context) error { return task.Sleep(ctx, time.Nanosecond) },
		"Await": func(ctx context.Context) error {
			_, err := task.Await(ctx, func(context.Context) (int, error) { return 0, nil })
			return err
		},
	}
	for name, poll := range polls {
		for _, stages := range []int{1, 3} {
			t.Run(fmt.Sprintf("%s in %d stages", name, stages), func(t *testing.T) {
				begun, between, late := 0, 0, 0
				f := func(ctx context.Context, x int) (int, error) {
					begun++
					between = 0
					for begun < stages*values {
						if between++; between == 65 {
							late++
						}
						if err := poll(ctx); err != nil {
							return 0, err
						}
					}
					return x, nil
				}
				var all []pl.Runnable
				for range stages {
					all = append(all, task.Map(f, pl.Workers(values))(pl.Range(values)))
				}
				require.NoError(t, pl.Run(t.Context(), all...))
				require.Equal(t, stages*values, begun)
				// A source's goroutine that the system does not run hands over nothing for a while.
				require.Less(t, late, stages*values/50, "values that begin more than 64 turns after the one before")
			})
		}
	}
}

// A stage of trivial values rests now and then, beside a thousand tasks that poll.
func TestTrivialValuesPassWhileManyTasksPoll(t *testing.T) {
	// A turn of the trivial stage lasts for a time, in which the race detector lets less happen.
	// One value in 64 polls is certain.
	const pollers = 1000
	values, most := 100_000, 64/8
	if raceDetector {
		values, most = 3_000, 64
	}
	turns, over := 0, false
	poll := func(ctx context.Context, _ int) (err error) {
		for !over && err == nil {
			turns++
			err = task.Yield(ctx)
		}
		return err
	}
	trivial := func(_ context.Context, x int) error {
		over = over || x == values-1
		return nil
	}
	for _, workers := range []int{1, 10} {
		turns, over = 0, false
		require.NoError(t, pl.Run(t.Context(), task.Each(poll, pl.Workers(pollers))(pl.Range(pollers)),
			task.Each(trivial, pl.Workers(workers), pl.MaxSize(64))(pl.Range(values))))
		require.Less(t, turns, most*values)
	}
}
