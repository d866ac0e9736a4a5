package pl_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/serial"
	"github.com/gopeln/pl/thread"
)

func TestProgressWhereNoValueReachesTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stats := observed(t)
		step := thread.Each(func(context.Context, int) error { time.Sleep(time.Second); return nil })
		numbers := pl.Range(100)
		ended := make(chan error)
		go func() { ended <- pl.Merge(step(numbers), step(numbers)).Run(ctx) }()
		time.Sleep(50*time.Second + time.Millisecond)
		assert.InDelta(t, 0.5, stats().Progress, 0.03)
		require.NoError(t, <-ended)
		assert.Equal(t, 1.0, stats().Progress)
	})
}

func TestProgressFollowsWhatTheStagesMakeOfAValue(t *testing.T) {
	endless := pl.FromFunc(func(_ context.Context, yield func(int) bool) error {
		for x := 0; yield(x); x++ {
		}
		return nil
	})
	known := pl.FromFunc(func(_ context.Context, yield func(int) bool) error {
		for x := range 100 {
			if !yield(x) {
				break
			}
		}
		return nil
	})
	step := thread.Map(slow[int](time.Second))
	both := step(pl.Range(100))
	lengthOf := func(_ context.Context, batch []int) (int, error) { return len(batch), nil }
	for name, c := range map[string]struct {
		s     pl.Stage[int]
		total int
		half  int // values that the loop gets in the first half
	}{
		"range":     {pl.Pipe(pl.Range(100), step), 100, 50},
		"filter":    {pl.Pipe2(pl.Range(100), step, thread.Filter(odd)), 100, 25},
		"flat map":  {pl.Pipe2(pl.Range(100), step, thread.FlatMap(twice)), 100, 100},
		"total":     {pl.Pipe(known.With(pl.Total(100)), step), 100, 50},
		"too small": {pl.Pipe(known.With(pl.Total(1)), step), 1, 0},
		"take":      {pl.Pipe2(endless, pl.Take[int](100), step), 100, 50},
		"unknown":   {pl.Pipe(known, step), 0, -1},
		"concat":    {pl.Pipe(pl.Concat(pl.Range(40), pl.Range(60)), step), 100, 50},
		"batch":     {pl.Pipe3(pl.Range(100), step, pl.Batch[int](10, 0), thread.Map(lengthOf)), 100, 5},
		"flatten":   {pl.Pipe3(pl.Range(100), step, pl.Batch[int](10, 0), pl.Flatten), 100, 50},
		"broadcast": {pl.Concat(both, thread.Filter(odd)(both)), 100, 75},
		"at once":   {pl.Pipe(pl.Range(100), thread.Map(slow[int](4*time.Second), pl.Workers(4))), 100, 50},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, stats := observed(t)
				n, before := 0, -1.0
				for _, err := range c.s.All(ctx) {
					require.NoError(t, err)
					f := stats()
					assert.GreaterOrEqual(t, f.Progress, before)
					assert.Equal(t, c.total, f.Total)
					before = f.Progress
					if n++; n == c.half {
						assert.InDelta(t, 0.5, f.Progress, 0.03)
						assert.InDelta(t, 50, f.Left.Seconds(), 4)
					}
				}
				f := stats()
				assert.Equal(t, 1.0, f.Progress)
				assert.Zero(t, f.Left)
				if c.half < 0 {
					assert.Equal(t, -1.0, before)
				}
			})
		})
	}
}

func TestTotalIsAnOptionOfSources(t *testing.T) {
	for _, s := range []pl.Runnable{
		pl.Range(3).With(pl.Total(-1)), thread.Map(same, pl.Total(3))(pl.Range(3)), pl.Ordered(pl.Range(3)).With(pl.Total(3)),
	} {
		assert.ErrorContains(t, pl.Run(t.Context(), s), "Total(")
	}
	require.NoError(t, pl.Range(3).With(pl.Total(5)).Run(t.Context()))
}

func TestEveryObserverIsCalledWhateverAnotherDoes(t *testing.T) {
	panics := func(*pl.RunInfo) func(error) { panic("at the start") }
	panicsLater := func(*pl.RunInfo) func(error) { return func(error) { panic("at the end") } }
	for name, hostile := range map[string]pl.Observer{"at the start": panics, "at the end": panicsLater} {
		var started, ended int
		good := func(*pl.RunInfo) func(error) {
			started++
			return func(error) { ended++ }
		}
		ctx := pl.Observe(pl.Observe(pl.Observe(t.Context(), good), hostile), good)
		err := thread.Map(same)(pl.Range(10)).Run(ctx)
		var panicked *pl.PanicError
		require.ErrorAs(t, err, &panicked)
		assert.Equal(t, name, panicked.Value)
		assert.Equal(t, []int{2, 2}, []int{started, ended}, name)
	}
	ended := 0
	ctx := pl.Observe(t.Context(), func(*pl.RunInfo) func(error) { return func(error) { ended++ } })
	ctx = pl.Observe(ctx, func(*pl.RunInfo) func(error) { runtime.Goexit(); return nil })
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		_ = thread.Map(same)(pl.Range(10)).Run(ctx)
	}()
	<-gone
	assert.Equal(t, 1, ended)
}

func TestTheStateSaysHowTheRunHasEnded(t *testing.T) {
	fails := func(context.Context, int) (int, error) { return 0, errors.New("no") }
	end := func(s pl.Stage[int], consume func(context.Context, context.CancelFunc)) pl.Stats {
		ctx, stats := observed(t)
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		consume(ctx, cancel)
		return stats()
	}
	run := thread.Map(same)(pl.Range(10))
	assert.Equal(t, pl.Done, end(run, func(ctx context.Context, _ context.CancelFunc) { _ = run.Run(ctx) }).State)
	assert.Equal(t, pl.Done, end(run, func(ctx context.Context, _ context.CancelFunc) {
		for range run.All(ctx) {
			break
		}
	}).State)
	failing := thread.Map(fails)(pl.Range(10))
	f := end(failing, func(ctx context.Context, _ context.CancelFunc) { _ = failing.Run(ctx) })
	assert.Equal(t, pl.Failed, f.State)
	assert.Contains(t, f.Err, "no")
	assert.Equal(t, "no", f.Stages[1].Err)
	f = end(run, func(ctx context.Context, cancel context.CancelFunc) {
		for range run.All(ctx) {
			cancel()
		}
	})
	assert.Equal(t, pl.Cancelled, f.State)
	named := run.With(pl.Name("last"))
	assert.Equal(t, "last", end(named, func(ctx context.Context, _ context.CancelFunc) { _ = named.Run(ctx) }).Name)
}

func TestPrintedFiguresAreATableWhateverTheNames(t *testing.T) {
	ctx, stats := observed(t)
	s := pl.Pipe2(pl.Range(10), thread.Map(same, pl.Name("\x1b[31mred\nline")), thread.Map(same, pl.Name(strings.Repeat("値", 100))))
	require.NoError(t, s.Run(ctx))
	text := fmt.Sprint(stats())
	assert.NotContains(t, text, "\x1b")
	assert.Contains(t, text, `\x1b[31mred\nline`)
	assert.Contains(t, text, "値…")
	assert.Contains(t, text, "The run was too short to tell")
	assert.Len(t, strings.Split(text, "\n"), 6, text) // head, heads of columns, 3 stages, verdict
}

func TestSerialStagesAndTheLoopShareTheTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stats := observed(t)
		s := pl.Pipe2(pl.Range(10), serial.Map(slow[int](time.Second)), serial.FlatMap(twice))
		for _, err := range s.All(ctx) {
			require.NoError(t, err)
			time.Sleep(100 * time.Millisecond)
		}
		f := stats()
		assert.Equal(t, 10*time.Second, f.Stages[1].Busy)
		assert.Zero(t, f.Stages[1].Starved+f.Stages[1].Blocked)
		assert.Zero(t, f.Stages[2].Busy)
		assert.Zero(t, f.Stages[2].Calls.Sum())
		assert.Equal(t, 20*100*time.Millisecond, f.Consumer.Busy)
		assert.Equal(t, 10*time.Second, f.Consumer.Starved)
	})
}

func TestFiguresOfTwoMomentsGiveThoseOfTheTimeBetween(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stats := observed(t)
		n := 0
		var first pl.Stats
		for range thread.Map(slow[int](time.Second), pl.Retry(2, nil))(pl.Range(10)).All(ctx) {
			if n++; n == 4 {
				first = stats()
			}
		}
		d := stats().Sub(first)
		assert.Equal(t, 6*time.Second, d.Elapsed)
		assert.Equal(t, 6*time.Second, d.Stages[1].Busy)
		assert.EqualValues(t, 6, d.Consumer.In)
	})
}
