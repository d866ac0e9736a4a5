package backendtest

import (
	"context"
	"errors"
	"iter"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
)

// Laws 1 and 2: nothing runs before it is asked to, and nothing is left when the run is over,
// however it ended. Every collect, run and first of the suite checks the second, so that what is
// here are the ways out.

var stopChecks = []check{
	{"BuildingStartsNothing", nothing, buildingStartsNothing},
	{"BreakEndsAnEndlessSource", nothing, breakEndsEndless},
	{"BreakCancelsFunctionsAtWork", nothing, breakCancels},
	{"BreakIsPrompt", here, breakIsPrompt},
	{"PanicOfTheLoopPasses", nothing, loopPanics},
	{"GoexitOfTheLoopPasses", here, loopGoexit},
	{"ReturnOutOfTheLoop", nothing, loopReturns},
	{"PulledIteratorIsStopped", here, pulledStops},
	{"AgainAndAgain", nothing, runsAgain},
	{"ManyStagesDeep", nothing, deepPipelineStops},
}

var cancelChecks = []check{
	{"WhileTheLoopWaits", nothing, cancelWhileWaiting},
	{"WhileTheSourceWaits", nothing, cancelWhileSourceWaits},
	{"BeforeTheRun", nothing, cancelledBefore},
	{"CauseIsWhatTheConsumerGets", nothing, cancelCause},
	{"DeadlineIsExact", here, cancelDeadline},
	{"InTheMiddleOfTheLoop", nothing, cancelInLoop},
	{"AfterTheLastValueChangesNothing", nothing, cancelAfterEnd},
}

func buildingStartsNothing(t *testing.T, api API) {
	started := false
	before := Hold()
	s := pl.FromFunc(func(context.Context, func(int) bool) error { started = true; return nil })
	s = api.ObeyWith.Map(api.Odd(api.Triple(s))).With(pl.Workers(4), pl.MaxSize(2))
	all := pl.Ordered(s).All(api.context(t)) // not even the iterator does anything, until it is ranged over
	_ = s.Graph()
	_ = s.String()
	before.Check(t)
	assert.False(t, started)
	for range all {
		t.Error("a value out of nothing")
	}
	assert.True(t, started)
}

// breakEndsEndless is pypeln's B7: break hung, or left workers behind.
func breakEndsEndless(t *testing.T, api API) {
	for _, size := range []int{0, 1, 2, 4} {
		for _, workers := range []int{1, 2} {
			s := api.Same(endless()).With(pl.Workers(workers), pl.MaxSize(size))
			assert.Len(t, first(t, api, 3, s), 3, "MaxSize(%d), %d workers", size, workers)
		}
	}
	assert.Len(t, first(t, api, 1, api.Triple(endless()).With(pl.MaxSize(1))), 1)
}

func breakCancels(t *testing.T, api API) {
	journal := Keep(t)
	start := time.Now()
	first(t, api, 1, api.ObeyWith.Map(pl.From(0, Hang, Hang+1, Hang+2)).With(pl.Workers(3)))
	journal.closed(0)
	assert.Less(t, time.Since(start), Deadline)
}

func breakIsPrompt(t *testing.T, api API) {
	start := time.Now()
	first(t, api, 1, api.Obey.Map(pl.From(0, Hang, Hang+1)).With(pl.Workers(2)))
	assert.Zero(t, time.Since(start))
}

func loopPanics(t *testing.T, api API) {
	before := Hold()
	assert.PanicsWithValue(t, "body", func() {
		for range api.Same(endless()).With(pl.Workers(2), pl.MaxSize(2)).All(api.context(t)) {
			panic("body")
		}
	})
	before.Check(t)
}

// loopGoexit is what a failed require in the body of the loop does.
func loopGoexit(t *testing.T, api API) {
	before := Hold()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range api.Same(endless()).With(pl.Workers(2), pl.MaxSize(2)).All(api.base(t)) {
			runtime.Goexit()
		}
	}()
	<-done
	before.Check(t)
}

func loopReturns(t *testing.T, api API) {
	before := Hold()
	got := func() int {
		for x := range api.Same(endless()).With(pl.MaxSize(1)).All(api.context(t)) {
			return x
		}
		return -1
	}()
	before.Check(t)
	assert.Zero(t, got)
}

func pulledStops(t *testing.T, api API) {
	before := Hold()
	next, stop := iter.Pull2(api.Same(endless()).With(pl.MaxSize(2)).All(api.base(t)))
	for i := range 3 {
		x, err, ok := next()
		require.True(t, ok)
		require.NoError(t, err)
		assert.Equal(t, i, x)
	}
	stop()
	before.Check(t)
}

// runsAgain looks for what only many runs show.
func runsAgain(t *testing.T, api API) {
	s := api.Same(api.Odd(pl.Range(20)).With(pl.MaxSize(2))).With(pl.Workers(2))
	before := Hold()
	for range api.rounds(20) {
		got, err := s.Collect(api.context(t))
		require.NoError(t, err)
		require.Len(t, got, 10)
		for range s.All(api.context(t)) {
			break
		}
	}
	before.Check(t)
}

func deepPipelineStops(t *testing.T, api API) {
	s := endless()
	for range 8 {
		s = api.Same(s).With(pl.Workers(2), pl.MaxSize(1))
	}
	assert.Len(t, first(t, api, 5, s), 5)
	ctx, cancel := context.WithCancel(api.context(t))
	defer cancel()
	before := Hold()
	n := 0
	for _, err := range s.All(ctx) {
		if n++; n == 5 {
			cancel()
		}
		if err != nil {
			assert.ErrorIs(t, err, context.Canceled)
		}
	}
	before.Check(t)
}

func cancelWhileWaiting(t *testing.T, api API) {
	before := Hold()
	ctx, cancel := context.WithTimeout(api.base(t), 4*api.Tick)
	defer cancel()
	err := api.ObeyWith.Map(pl.From(Hang, Hang+1)).With(pl.Workers(2)).Run(ctx)
	assert.ErrorIs(t, err, context.DeadlineExceeded)
	assert.NotErrorIs(t, err, pl.ErrTimeout, "that is the caller's deadline, not a Timeout")
	before.Check(t)
}

func cancelWhileSourceWaits(t *testing.T, api API) {
	sources := map[string]pl.Stage[int]{
		"channel": pl.FromChan(make(chan int)),
		"function": pl.FromFunc(func(ctx context.Context, yield func(int) bool) error {
			yield(1)
			<-ctx.Done()
			return ctx.Err()
		}),
	}
	for name, source := range sources {
		before := Hold()
		ctx, cancel := context.WithTimeout(api.base(t), 4*api.Tick)
		err := api.Same(source).With(pl.Workers(2)).Run(ctx)
		assert.ErrorIs(t, err, context.DeadlineExceeded, name)
		cancel()
		before.Check(t)
	}
}

func cancelledBefore(t *testing.T, api API) {
	journal := Keep(t)
	ctx, cancel := context.WithCancel(api.base(t))
	cancel()
	before := Hold()
	got, err := api.Obey.Map(pl.Range(10)).With(pl.Workers(3)).Collect(ctx)
	before.Check(t)
	require.ErrorIs(t, err, context.Canceled)
	assert.Empty(t, got)
	assert.Zero(t, journal.Count("begin"), "no value is begun in a run that is over before it starts")
}

func cancelCause(t *testing.T, api API) {
	errCause := errors.New("the lights went out")
	ctx, cancel := context.WithCancelCause(api.context(t))
	defer cancel(nil)
	var last error
	for _, err := range api.Obey.Map(pl.From(0, Hang)).All(ctx) {
		cancel(errCause)
		last = err
	}
	assert.ErrorIs(t, last, errCause)
}

func cancelDeadline(t *testing.T, api API) {
	start := time.Now()
	ctx, cancel := context.WithTimeout(api.base(t), 3*api.Tick)
	defer cancel()
	got, err := api.Obey.Map(pl.From(Nap, Nap+4)).Collect(ctx)
	assert.Equal(t, []int{Nap}, got)
	assert.ErrorIs(t, err, context.DeadlineExceeded)
	assert.Equal(t, 3*api.Tick, time.Since(start))
}

func cancelInLoop(t *testing.T, api API) {
	for _, size := range []int{0, 1, 4} {
		before := Hold()
		ctx, cancel := context.WithCancel(api.context(t))
		pairs, last := 0, error(nil)
		for _, err := range api.Same(endless()).With(pl.MaxSize(size), pl.Workers(2)).All(ctx) {
			if pairs++; pairs == 3 {
				cancel()
			}
			last = err
		}
		cancel()
		assert.ErrorIs(t, last, context.Canceled)
		before.Check(t)
	}
}

func cancelAfterEnd(t *testing.T, api API) {
	ctx, cancel := context.WithCancel(api.context(t))
	got, err := api.Same(pl.Range(5)).Collect(ctx)
	cancel()
	require.NoError(t, err)
	assert.Equal(t, numbers(5), got)
}
