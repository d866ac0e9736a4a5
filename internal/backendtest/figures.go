package backendtest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
)

// Figures are exact when a stage waits, whatever its operator, queue and consumer are, and they do
// not stand still during a call.

var figuresChecks = []check{
	{"ExactWhenIdle", nothing, figuresIdle},
	{"ExactWhileItWaitsForRoom", queued, figuresBlocked},
	{"ExactBelowOperatorsWithoutWorkers", nothing, figuresChain},
	{"WithinOneCall", nothing, figuresWithinCall},
	{"WithinOneSource", nothing, figuresWithinSource},
	{"WhatWaitsInFrontOfTheLoopIsQueued", queued, figuresBacklog},
	{"DroppedAndFailedAtOnce", nothing, figuresOfFailures},
	{"StayAfterTheRun", nothing, figuresStay},
}

// watched returns a context, and the figures of the run that has it.
func watched(t *testing.T, api API) (ctx context.Context, stats func() pl.Stats) {
	var info *pl.RunInfo
	started := make(chan struct{})
	ctx = pl.Observe(api.context(t), func(r *pl.RunInfo) func(error) {
		info = r
		close(started)
		return nil
	})
	return ctx, func() pl.Stats {
		<-started
		return info.Stats()
	}
}

// settled checks the figures of a run that has come to rest. A subprocess may need a moment.
func (api API) settled(t *testing.T, want string, got func() string, msg ...any) {
	t.Helper()
	if api.Here {
		api.rest()
	}
	for patience := 200; !api.Here && patience > 0 && got() != want; patience-- {
		time.Sleep(api.Tick / 2)
	}
	assert.Equal(t, want, got(), msg...)
}

// consumers are the ways to consume a run.
var consumers = map[string]func(ctx context.Context, s pl.Runnable) error{
	"Run": func(ctx context.Context, s pl.Runnable) error { return pl.Run(ctx, s) },
	"All": func(ctx context.Context, s pl.Runnable) error {
		switch s := s.(type) {
		case pl.Stage[int]:
			return loop(ctx, s)
		case pl.Stage[struct{}]:
			return loop(ctx, s)
		}
		return fmt.Errorf("a %T", s)
	},
}

func loop[T any](ctx context.Context, s pl.Stage[T]) error {
	for _, err := range s.All(ctx) {
		if err != nil {
			return err
		}
	}
	return nil
}

func figuresIdle(t *testing.T, api API) {
	sizes, timeouts := []int{0, 1, 2, 7, 8, 64}, []time.Duration{0, time.Hour}
	if !api.Here {
		sizes = []int{0, 2, 64}
	}
	for way, consume := range consumers {
		for _, size := range sizes {
			for _, timeout := range timeouts {
				for _, op := range api.Obey.operators() {
					name := fmt.Sprintf("%s, %s, MaxSize(%d), Timeout(%v)", op.name, way, size, timeout)
					ch := make(chan int)
					s := op.on(pl.FromChan(ch), pl.Workers(2), pl.MaxSize(size), pl.Timeout(timeout))
					before := Hold()
					ctx, stats := watched(t, api)
					ended := make(chan error, 1)
					go func() { ended <- consume(ctx, s) }()
					const n = 100
					for x := range n {
						ch <- x
					}
					out := map[string]int{"Map": n, "Filter": n, "FlatMap": 2 * n}[op.name]
					taken := 0
					if way == "All" {
						taken = out
					}
					api.settled(t, shown(n, n, out, 0, taken, 0), func() string { return idle(stats()) }, name)
					close(ch)
					require.NoError(t, <-ended, name)
					before.Check(t)
					assert.Equal(t, shown(n, n, out, 0, taken, 0), idle(stats()), name)
				}
			}
		}
	}
}

// idle shows the figures of a source, a stage and its consumer.
func idle(s pl.Stats) string {
	source, stage := s.Stages[0], s.Stages[1]
	return shown(int(source.Out), int(stage.In), int(stage.Out), stage.Queued, int(s.Consumer.In), s.Consumer.Queued)
}

func shown(read, in, out, queued, taken, waiting int) string {
	return fmt.Sprintf("source out %d, stage in %d, out %d, queued %d, loop in %d, queued %d",
		read, in, out, queued, taken, waiting)
}

func figuresBlocked(t *testing.T, api API) {
	sizes := []int{1, 2, 7, 8, 64}
	if !api.Here {
		sizes = []int{2, 64}
	}
	for _, size := range sizes {
		hanging := pl.FromFunc(func(_ context.Context, yield func(int) bool) error {
			for i := Hang; yield(i); i++ {
			}
			return nil
		})
		before := Hold()
		ctx, stats := watched(t, api)
		ctx, cancel := context.WithCancel(ctx)
		ended := make(chan error, 1)
		go func() { ended <- api.Obey.Map(hanging).With(pl.Workers(3), pl.MaxSize(size)).Run(ctx) }()
		api.settled(t, shown(3+size, 3, 0, size, 0, 0), func() string { return idle(stats()) }, "MaxSize(%d)", size)
		cancel()
		assert.ErrorIs(t, <-ended, context.Canceled)
		before.Check(t)
	}
}

// figuresChain has operators that run in their consumer's goroutine, one of them behind a queue.
func figuresChain(t *testing.T, api API) {
	ch := make(chan int)
	s := pl.Pipe3(pl.FromChan(ch), pl.Batch[int](2, 0), pl.Flatten, api.Obey.Map).With(pl.Workers(2))
	s = pl.Pipe3(s, pl.Ordered, pl.Batch[int](4, time.Hour), pl.Flatten)
	before := Hold()
	ctx, stats := watched(t, api)
	ended := make(chan error, 1)
	go func() { ended <- loop(ctx, s) }()
	for x := range 8 {
		ch <- x
	}
	want := "[0 8 0] [8 4 0] [4 8 0] [8 8 0] [8 8 0] [8 2 0] [2 8 0] [8 0 0]"
	api.settled(t, want, func() string {
		s := stats()
		var all []string
		for _, stage := range append(s.Stages, s.Consumer) {
			all = append(all, fmt.Sprintf("[%d %d %d]", stage.In, stage.Out, stage.Queued))
		}
		return strings.Join(all, " ")
	})
	close(ch)
	require.NoError(t, <-ended)
	before.Check(t)
}

func figuresWithinCall(t *testing.T, api API) {
	ctx, stats := watched(t, api)
	before := Hold()
	n := 0
	for _, err := range api.Obey.FlatMap(pl.From(Nap + 7)).All(ctx) {
		require.NoError(t, err)
		if n++; n == 1 {
			api.settled(t, shown(1, 1, 1, 0, 1, 0), func() string { return idle(stats()) })
		}
	}
	before.Check(t)
	assert.Equal(t, shown(1, 1, 2, 0, 2, 0), idle(stats()))
}

func figuresWithinSource(t *testing.T, api API) {
	ctx, stats := watched(t, api)
	hold := make(chan struct{})
	source := pl.FromFunc(func(_ context.Context, yield func(int) bool) error {
		for x := range 10 {
			if !yield(x) {
				return nil
			}
		}
		<-hold
		return nil
	})
	before := Hold()
	n := 0
	for _, err := range api.Same(source).All(ctx) {
		require.NoError(t, err)
		if n++; n == 10 {
			api.settled(t, shown(10, 10, 10, 0, 10, 0), func() string { return idle(stats()) })
			close(hold)
		}
	}
	before.Check(t)
}

func figuresBacklog(t *testing.T, api API) {
	for _, size := range []int{0, 3, 20} {
		ctx, stats := watched(t, api)
		before := Hold()
		n := 0
		for _, err := range api.Same(pl.Range(1000)).With(pl.MaxSize(size)).All(ctx) {
			require.NoError(t, err)
			if n++; n == 5 {
				queued := func() string {
					return fmt.Sprintf("loop in %d, queued %d", stats().Consumer.In, stats().Consumer.Queued)
				}
				most := size
				if size == 0 {
					most = 995
				}
				api.settled(t, fmt.Sprintf("loop in 5, queued %d", most), queued, "MaxSize(%d)", size)
			}
		}
		before.Check(t)
	}
}

func figuresOfFailures(t *testing.T, api API) {
	ch := make(chan int)
	ctx, stats := watched(t, api)
	before := Hold()
	ended := make(chan error, 1)
	s := api.Obey.Map(pl.FromChan(ch)).With(pl.OnError(pl.Skip))
	go func() { ended <- api.Odd(s).Run(ctx) }()
	for x := range 10 {
		ch <- x
		ch <- Fail + x
	}
	api.settled(t, "in 20, out 10, dropped 10, failed 10; in 10, out 5, dropped 5, failed 0", func() string {
		var all []string
		for _, s := range stats().Stages[1:] {
			all = append(all, fmt.Sprintf("in %d, out %d, dropped %d, failed %d", s.In, s.Out, s.Dropped, s.Failed))
		}
		return strings.Join(all, "; ")
	})
	close(ch)
	require.NoError(t, <-ended)
	before.Check(t)
}

func figuresStay(t *testing.T, api API) {
	ctx, stats := watched(t, api)
	before := Hold()
	n := 0
	for range api.Same(pl.Range(100)).With(pl.MaxSize(1)).All(ctx) {
		if n++; n == 10 {
			break
		}
	}
	before.Check(t)
	s := stats()
	assert.EqualValues(t, 10, s.Consumer.In)
	assert.GreaterOrEqual(t, s.Stages[1].In, uint64(10))
	assert.Less(t, s.Stages[1].In, uint64(20))
	assert.Equal(t, s.Stages, stats().Stages)
}
