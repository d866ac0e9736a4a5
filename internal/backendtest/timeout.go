package backendtest

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
)

// Law 9, and pypeln's B2 and B3: Timeout counts the function only, again and again.

var timeoutChecks = []check{
	{"FailsTheRunWithErrTimeout", nothing, timeoutFails},
	{"WithSkipOnlyTheSlowValueIsLost", nothing, timeoutSkips},
	{"AgainAndAgainOnOneWorker", nothing, timeoutRepeats},
	{"EveryOperator", nothing, timeoutEverywhere},
	{"IsExact", here, timeoutIsExact},
	{"SlowConsumerCostsNothing", nothing, timeoutSlowConsumer},
	{"BlockedYieldDoesNotCount", here, timeoutBlockedYield},
	{"TimeBetweenYieldsCounts", here, timeoutBetweenYields},
	{"SlowStageDownstreamCostsNothing", here | queued, timeoutSlowDownstream},
	{"EachAttemptHasItsOwn", here, timeoutRetry},
	{"ContextSaysSo", here, timeoutContext},
	{"OpeningIsNotTimed", here, timeoutNotOnStart},
	{"FastEnoughIsKept", nothing, timeoutKeepsFast},
	{"SlowSourceCostsNothing", here, timeoutSlowSource},
}

var abandonChecks = []check{
	{"ValueThatIgnoresItsContextIsDropped", abandons, abandonDrops},
	{"WorkerIsReplacedAgainAndAgain", abandons, abandonRepeats},
	{"LateResultIsDroppedAndResourceClosed", here | abandons, abandonLate},
	{"RunEndsWithoutIt", here | abandons, abandonEnds},
	{"LateYieldIsRefused", here | abandons, abandonLateYield},
	{"LatePanicAndGoexitHarmNobody", here | abandons, abandonLatePanic},
	{"BreakDoesNotWaitForIt", here | abandons, abandonBreak},
}

// patience is a Timeout that a value that does nothing keeps easily, on a busy machine and if a
// program has to start for it.
func (api API) patience() time.Duration {
	if api.Foreign {
		return 20 * api.Tick
	}
	return 10 * api.Tick
}

func timeoutFails(t *testing.T, api API) {
	got, err := collect(t, api, api.Obey.Map(pl.From(0, 1, Hang+2, 3)).With(pl.Timeout(api.patience()), pl.Name("slow")))
	require.ErrorIs(t, err, pl.ErrTimeout)
	assert.ErrorIs(t, err, context.DeadlineExceeded)
	stageError, ok := errors.AsType[*pl.StageError](err)
	require.True(t, ok, "%v", err)
	assert.Equal(t, "slow", stageError.Stage)
	assert.Equal(t, Hang+2, stageError.Item)
	assert.NotContains(t, got, 3)
}

func timeoutSkips(t *testing.T, api API) {
	list := numbers(10)
	list[2] = Hang
	s := api.Obey.Map(pl.FromSlice(list)).With(pl.Timeout(api.patience()), pl.OnError(pl.Skip))
	assert.Equal(t, []int{0, 1, 3, 4, 5, 6, 7, 8, 9}, mustCollect(t, api, s))
}

// timeoutRepeats is pypeln's B2: the second slow value of a worker was never timed out.
func timeoutRepeats(t *testing.T, api API) {
	list := numbers(10)
	list[2], list[5], list[7] = Hang, Hang+1, Hang+2
	s := api.Obey.Map(pl.FromSlice(list)).With(pl.Timeout(api.patience()), pl.OnError(pl.Skip))
	assert.Equal(t, []int{0, 1, 3, 4, 6, 8, 9}, mustCollect(t, api, s))
}

func timeoutEverywhere(t *testing.T, api API) {
	operators := api.ObeyWith.operators()
	if api.Foreign {
		operators = operators[:1] // the others are not its own
	}
	for _, op := range operators {
		err := run(t, api, op.on(pl.From(1, Hang, 2), pl.Timeout(api.patience()), pl.Workers(2)))
		assert.ErrorIs(t, err, pl.ErrTimeout, op.name)
	}
}

func timeoutIsExact(t *testing.T, api API) {
	start := time.Now()
	s := api.Obey.Map(pl.From(Hang, 1, Hang+1)).With(pl.Timeout(3*api.Tick), pl.OnError(pl.Skip))
	assert.Equal(t, []int{1}, mustCollect(t, api, s))
	assert.Equal(t, 6*api.Tick, time.Since(start))
}

// timeoutSlowConsumer is pypeln's B3: an instant function lost values when the loop was slow. While
// the loop has the first value, the next three are in a worker, or between it and the loop.
func timeoutSlowConsumer(t *testing.T, api API) {
	var got []int
	timeout := api.patience() // less than the loop takes for a value
	s := api.Same(pl.Range(4)).With(pl.Timeout(timeout), pl.MaxSize(1), pl.Workers(2))
	for x, err := range s.All(api.context(t)) {
		require.NoError(t, err)
		got = append(got, x)
		time.Sleep(timeout + api.Tick)
	}
	assert.ElementsMatch(t, numbers(4), got)
}

func timeoutBlockedYield(t *testing.T, api API) {
	f := func(ctx context.Context, x int, yield func(int) bool) error {
		for i := range 3 {
			if err := api.Sleep(ctx, api.Tick); err != nil {
				return err
			}
			if !yield(10*x + i) {
				return errors.New("yield reported false in the middle of the run")
			}
		}
		return ctx.Err()
	}
	var got []int
	for x, err := range api.FlatMap(f, pl.Timeout(4*api.Tick), pl.MaxSize(1))(pl.Range(3)).All(api.base(t)) {
		require.NoError(t, err)
		got = append(got, x)
		time.Sleep(50 * api.Tick)
	}
	assert.Equal(t, []int{0, 1, 2, 10, 11, 12, 20, 21, 22}, got)
}

// timeoutBetweenYields adds up: each pause is short enough, all together are too long.
func timeoutBetweenYields(t *testing.T, api API) {
	f := func(ctx context.Context, x int, yield func(int) bool) error {
		for i := range 5 {
			if !yield(10*x + i) {
				return nil
			}
			if x == 1 {
				if err := api.Sleep(ctx, api.Tick); err != nil {
					return err
				}
			}
		}
		return nil
	}
	got := mustCollect(t, api, api.FlatMap(f, pl.Timeout(5*api.Tick/2), pl.OnError(pl.Skip))(pl.Range(3)))
	assert.Equal(t, []int{0, 1, 2, 3, 4, 10, 11, 12, 20, 21, 22, 23, 24}, got)
}

func timeoutSlowDownstream(t *testing.T, api API) {
	s := api.Same(pl.Range(5)).With(pl.Timeout(api.Tick))
	naps := api.Map(func(ctx context.Context, x int) (int, error) { return x, api.Sleep(ctx, 5*api.Tick) }, pl.MaxSize(1))
	assert.Equal(t, numbers(5), mustCollect(t, api, naps(s)))
}

func timeoutRetry(t *testing.T, api API) {
	tries := 0
	f := func(ctx context.Context, x int) (int, error) {
		if tries++; tries < 3 {
			return x, api.Sleep(ctx, 100*api.Tick)
		}
		return x, api.Sleep(ctx, api.Tick)
	}
	start := time.Now()
	s := api.Map(f, pl.Timeout(2*api.Tick), pl.Retry(3, nil))(pl.From(7))
	assert.Equal(t, []int{7}, mustCollect(t, api, s))
	assert.Equal(t, 5*api.Tick, time.Since(start), "two attempts to the limit, one of a tick")
}

func timeoutContext(t *testing.T, api API) {
	var err, cause error
	f := func(ctx context.Context, x int) (int, error) {
		_ = api.Sleep(ctx, 100*api.Tick)
		err, cause = ctx.Err(), context.Cause(ctx)
		return x, nil // too late to count
	}
	got := mustCollect(t, api, api.Map(f, pl.Timeout(api.Tick), pl.OnError(pl.Skip))(pl.From(7)))
	assert.Empty(t, got, "what the function still returned is dropped")
	time.Sleep(api.Tick) // an abandoned worker notes it in its own time
	assert.ErrorIs(t, err, context.DeadlineExceeded, "Err, as of any context with a deadline")
	assert.ErrorIs(t, cause, context.DeadlineExceeded, "Cause")
}

func timeoutNotOnStart(t *testing.T, api API) {
	r := pl.OnStart(func(ctx context.Context) (*Handle, error) {
		return &Handle{}, sleep(ctx, 50*api.Tick)
	}).OnEnd(func(ctx context.Context, _ *Handle) error { return sleep(ctx, 50*api.Tick) })
	assert.Equal(t, numbers(3), mustCollect(t, api, api.MapWith(r, useless, pl.Timeout(api.Tick))(pl.Range(3))))
}

func timeoutKeepsFast(t *testing.T, api API) {
	s := api.Obey.Map(pl.From(Nap, 1, Nap+1, 2)).With(pl.Timeout(2*api.patience()), pl.Workers(2))
	assert.ElementsMatch(t, []int{Nap, 1, Nap + 1, 2}, mustCollect(t, api, s))
}

func timeoutSlowSource(t *testing.T, api API) {
	slow := pl.FromFunc(func(_ context.Context, yield func(int) bool) error {
		for i := range 4 {
			time.Sleep(50 * api.Tick)
			if !yield(i) {
				return nil
			}
		}
		return nil
	})
	assert.Equal(t, numbers(4), mustCollect(t, api, api.Same(slow).With(pl.Timeout(api.Tick), pl.Workers(1))))
}

// settle lets functions that were abandoned come back, in virtual time.
func (api API) settle() {
	if api.Here {
		time.Sleep(1000 * api.Tick)
	}
}

// skimmed collects without looking for what is left: an abandoned worker is, for a while.
func skimmed(t *testing.T, api API, s pl.Stage[int]) []int {
	t.Helper()
	got, err := s.Collect(api.context(t))
	require.NoError(t, err)
	return got
}

func abandonDrops(t *testing.T, api API) {
	before := Hold()
	s := api.Obey.Map(pl.From(0, Ignore, 2, 3)).With(pl.Timeout(api.patience()), pl.OnError(pl.Skip))
	assert.Equal(t, []int{0, 2, 3}, skimmed(t, api, s))
	api.settle()
	before.Check(t)
}

func abandonRepeats(t *testing.T, api API) {
	before := Hold()
	list := []int{0, Ignore, 2, Ignore + 1, Ignore + 2, 5, Ignore + 3}
	for _, workers := range []int{1, 2} {
		s := api.Obey.Map(pl.FromSlice(list))
		got := skimmed(t, api, s.With(pl.Timeout(api.patience()), pl.OnError(pl.Skip), pl.Workers(workers)))
		assert.ElementsMatch(t, []int{0, 2, 5}, got)
	}
	api.settle()
	before.Check(t)
}

func abandonLate(t *testing.T, api API) {
	journal := Keep(t)
	s := api.ObeyWith.Map(pl.From(0, Ignore, 2)).With(pl.Timeout(api.Tick), pl.OnError(pl.Skip))
	start := time.Now()
	assert.Equal(t, []int{0, 2}, skimmed(t, api, s))
	assert.Equal(t, api.Tick, time.Since(start), "the run does not wait for the abandoned worker")
	assert.Equal(t, 2, journal.Count("open"), "the worker that replaces it opens its own resource")
	assert.Equal(t, 1, journal.Count("close"), "the abandoned one is still at work")
	api.settle()
	journal.closed(0)
}

func abandonEnds(t *testing.T, api API) {
	start := time.Now()
	err := api.Obey.Map(pl.From(0, Ignore, 2)).With(pl.Timeout(api.Tick)).Run(api.base(t))
	assert.ErrorIs(t, err, pl.ErrTimeout)
	assert.Equal(t, api.Tick, time.Since(start))
	api.settle()
}

func abandonLateYield(t *testing.T, api API) {
	late := make(chan bool, 1)
	f := func(_ context.Context, x int, yield func(int) bool) error {
		if x == 1 {
			time.Sleep(100 * api.Tick)
			late <- yield(x)
			return nil
		}
		yield(x)
		return nil
	}
	s := api.FlatMap(f, pl.Timeout(api.Tick), pl.OnError(pl.Skip))(pl.FromFunc(slowly(api)))
	assert.Equal(t, []int{0, 2}, skimmed(t, api, s))
	assert.False(t, <-late, "yield refuses the value of an abandoned worker, while the run still goes on")
	api.settle()
}

// slowly yields 0, 1, and much later 2.
func slowly(api API) func(context.Context, func(int) bool) error {
	return func(_ context.Context, yield func(int) bool) error {
		_ = yield(0) && yield(1)
		time.Sleep(300 * api.Tick)
		yield(2)
		return nil
	}
}

func abandonLatePanic(t *testing.T, api API) {
	for _, misbehave := range []int{Panic, Exit, Fail} {
		o := Obeying{api.Traits}
		f := func(ctx context.Context, x int) (int, error) {
			if x == 1 {
				time.Sleep(100 * api.Tick)
				return o.Map(ctx, misbehave)
			}
			return x, nil
		}
		s := api.Map(f, pl.Timeout(api.Tick), pl.OnError(pl.Skip))(pl.FromFunc(slowly(api)))
		assert.Equal(t, []int{0, 2}, skimmed(t, api, s))
		api.settle()
	}
}

// abandonBreak leaves the loop while a value is at work that ignores its context: with a Timeout
// that is over at the latest when its time is.
func abandonBreak(t *testing.T, api API) {
	var begun atomic.Int64
	f := func(_ context.Context, x int) (int, error) {
		if begun.Add(1); x > 0 {
			time.Sleep(100 * api.Tick)
		}
		return x, nil
	}
	start := time.Now()
	for range api.Map(f, pl.Timeout(3*api.Tick), pl.Workers(2))(pl.Range(3)).All(api.base(t)) {
		break
	}
	assert.LessOrEqual(t, time.Since(start), 3*api.Tick)
	api.settle()
}
