package pl_test

import (
	"context"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/serial"
	"github.com/gopeln/pl/thread"
)

// Law 11: what a run allocates does not grow with its values.
func TestNoAllocationPerValue(t *testing.T) { allocatesNothingPerValue(t, t.Context()) }

// Nor does it if the run is observed.
func TestNoAllocationPerValueOfAnObservedRun(t *testing.T) {
	var last pl.Stats
	allocatesNothingPerValue(t, pl.Observe(t.Context(), func(run *pl.RunInfo) func(error) {
		return func(error) { last = run.Stats() }
	}))
	assert.NotZero(t, last.Stages[0].Out)
}

func allocatesNothingPerValue(t *testing.T, ctx context.Context) {
	const few, many = 1000, 21_000
	pipelines := map[string]func(s pl.Stage[int]) pl.Stage[int]{
		"source alone":   func(s pl.Stage[int]) pl.Stage[int] { return s },
		"serial":         serial.Map(same),
		"thread":         thread.Map(same),
		"thread bounded": thread.Map(same, pl.MaxSize(64)),
		"four workers":   thread.Map(same, pl.Workers(4), pl.MaxSize(64)),
		"filter":         thread.Filter(odd, pl.MaxSize(64)),
		"flat map":       thread.FlatMap(twice, pl.MaxSize(64)),
		"three stages": func(s pl.Stage[int]) pl.Stage[int] {
			return pl.Pipe3(s, thread.Map(same, pl.MaxSize(8)), thread.Filter(odd), thread.Map(same, pl.MaxSize(8)))
		},
		"ordered": func(s pl.Stage[int]) pl.Stage[int] {
			return pl.OrderedWindow[int](64)(thread.Map(same, pl.Workers(2), pl.MaxSize(64))(s))
		},
		"broadcast": func(s pl.Stage[int]) pl.Stage[int] {
			return pl.Concat(thread.Map(same, pl.MaxSize(64))(s), thread.Map(same, pl.MaxSize(64))(s))
		},
		"timeout not used": thread.Map(same, pl.MaxSize(64), pl.OnError(pl.Skip), pl.Retry(3, nil)),
		"take":             func(s pl.Stage[int]) pl.Stage[int] { return pl.Take[int](many)(thread.Map(same, pl.MaxSize(64))(s)) },
	}
	for name, pipeline := range pipelines {
		t.Run(name, func(t *testing.T) {
			run := func(n int) float64 {
				s := pipeline(pl.Range(n))
				return testing.AllocsPerRun(2, func() { require.NoError(t, s.Run(ctx)) })
			}
			each := (run(many) - run(few)) / (many - few)
			// A worker that parks may cost one, which is far from each value costing one.
			assert.Less(t, each, 0.25, "allocations per value")
		})
	}
}

// Package serial promises no goroutine at all: not one more while its run goes on.
func TestSerialStartsNoGoroutine(t *testing.T) {
	s := pl.Pipe9(pl.Range(200), serial.Map(same, pl.Workers(8)), serial.Filter(odd, pl.MaxSize(3)), serial.FlatMap(twice),
		pl.Ordered, pl.Batch[int](3, 0), pl.Flatten, pl.Take[int](50), pl.OrderedWindow[int](2), serial.Map(same))
	before := runtime.NumGoroutine()
	for _, err := range s.All(t.Context()) {
		require.NoError(t, err)
		require.LessOrEqual(t, runtime.NumGoroutine(), before) // one of an earlier test may end meanwhile
	}
	assert.LessOrEqual(t, runtime.NumGoroutine(), before)
}
