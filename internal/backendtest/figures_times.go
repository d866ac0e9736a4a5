package backendtest

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
)

// What workers do with their time, and how long the function takes.

var figuresTimesChecks = []check{
	{"TheTimesOfWorkersAreTheirLives", concurrent | timed, timesAreLives},
	{"BusyStarvedAndBlocked", queued | native | timed, timesBusyStarvedBlocked},
	{"WaitingForALimitIsLimited", native | timed, timesLimited},
	{"WaitingForTheNextAttemptIsRetrying", native | timed, timesRetrying},
	{"CallsAreMeasured", native | timed, callsMeasured},
	{"CallsInYieldAreNot", native | timed, callsWithoutYield},
	{"TheSlowestCallsHaveTheirValues", nothing, callsSlowest},
	{"ActiveSaysWhatWorkersDo", native | timed, activeWorkers},
	{"OrderedSaysWhereItsValueIs", concurrent, orderedWaits},
}

// about checks that a time is what it should be: exactly in virtual time, else not much more, and
// not less than was slept.
func (api API) about(t *testing.T, want, got time.Duration, msg ...any) {
	t.Helper()
	if api.Here {
		assert.InDelta(t, want, got, float64(api.Tick)/100, msg...)
		return
	}
	assert.GreaterOrEqual(t, got, want-api.Tick, msg...)
	assert.LessOrEqual(t, got, 2*want+api.slack(), msg...)
}

// slack is how much longer than it should something may take on a busy machine.
func (api API) slack() time.Duration {
	if api.Here {
		return 0
	}
	return 40 * api.Tick
}

// lives is the sum of a stage's times that are parts of its workers' lives.
func lives(s pl.StageStats) time.Duration {
	return s.Busy + s.Starved + s.Blocked + s.Limited + s.Retrying
}

func napping(n int) (naps []int) {
	for range n {
		naps = append(naps, Nap)
	}
	return naps
}

// slowly yields values with a pause before each.
func (api API) slowly(values []int, pause time.Duration) pl.Stage[int] {
	return pl.FromFunc(func(ctx context.Context, yield func(int) bool) error {
		for _, x := range values {
			if err := sleep(ctx, pause); err != nil || !yield(x) {
				return err
			}
		}
		return nil
	})
}

func timesAreLives(t *testing.T, api API) {
	if api.Name == "task" {
		t.Skip("its seats have no lives of their own")
	}
	for _, o := range [][]pl.Option{
		nil,
		{pl.MaxSize(1)},
		{pl.Limit(&every{tick: api.Tick / 2})},
		{pl.Retry(3, func(int) time.Duration { return api.Tick })},
		{pl.Timeout(2 * api.Tick), pl.OnError(pl.Skip)},
	} {
		Keep(t)
		ctx, stats := watched(t, api)
		s := api.Obey.Map(api.slowly([]int{1, Nap, FailOnce, 2, Nap + 1, 3, 4}, api.Tick)).With(o...)
		s = s.With(pl.Workers(3), pl.OnError(pl.Skip))
		n := 0
		for _, err := range s.All(ctx) {
			require.NoError(t, err)
			if n++; n < 3 {
				f := stats()
				if api.Here {
					assert.Equal(t, 3*f.Elapsed, lives(f.Stages[1]), "%v", f)
				} else {
					assert.InDelta(t, 3*f.Elapsed, lives(f.Stages[1]), float64(3*api.Tick), "%v", f)
				}
			}
			require.NoError(t, sleep(ctx, api.Tick))
		}
		f := stats()
		assert.LessOrEqual(t, lives(f.Stages[1]), 3*f.Elapsed)
		assert.Equal(t, f.Stages, stats().Stages, "they stand still")
	}
}

func timesBusyStarvedBlocked(t *testing.T, api API) {
	ctx, stats := watched(t, api)
	n := 0
	for _, err := range api.Obey.Map(api.slowly(napping(10), 4*api.Tick)).With(pl.MaxSize(2)).All(ctx) {
		require.NoError(t, err)
		n++
	}
	s := stats().Stages[1]
	if api.Name == "task" {
		api.about(t, 10*api.Tick, s.Awaiting)
		assert.Less(t, s.Busy, api.Tick)
	} else {
		api.about(t, 10*api.Tick, s.Busy)
	}
	assert.Greater(t, s.Starved, 20*api.Tick)
	assert.Less(t, s.Blocked, api.Tick)

	ctx, stats = watched(t, api)
	for _, err := range api.Obey.Map(pl.Range(10)).With(pl.MaxSize(2)).All(ctx) {
		require.NoError(t, err)
		require.NoError(t, sleep(ctx, 4*api.Tick))
	}
	f := stats()
	assert.Greater(t, f.Stages[1].Blocked, 15*api.Tick, "%v", f)
	api.about(t, 40*api.Tick, f.Consumer.Busy)
}

func timesLimited(t *testing.T, api API) {
	for _, workers := range []int{1, 2} {
		ctx, stats := watched(t, api)
		s := api.Same(pl.Range(10)).With(pl.Limit(&every{tick: 4 * api.Tick}), pl.Workers(workers))
		require.NoError(t, s.Run(ctx))
		s1 := stats().Stages[1]
		assert.GreaterOrEqual(t, s1.Limited, 30*api.Tick, "%d workers", workers)
		assert.Less(t, s1.Busy, 20*api.Tick, "%d workers", workers)
		assert.Zero(t, s1.Retrying)
		if api.Here && workers == 1 {
			assert.Equal(t, 36*api.Tick, s1.Limited)
		}
	}
}

func timesRetrying(t *testing.T, api API) {
	Keep(t)
	ctx, stats := watched(t, api)
	wait := func(int) time.Duration { return 10 * api.Tick }
	s := api.Obey.Map(pl.From(1, Fail, 2)).With(pl.Retry(3, wait), pl.OnError(pl.Skip))
	require.NoError(t, s.Run(ctx))
	s1 := stats().Stages[1]
	api.about(t, 20*api.Tick, s1.Retrying)
	assert.Less(t, s1.Busy, 15*api.Tick)
	assert.Zero(t, s1.Limited)
	assert.EqualValues(t, 2, s1.Retried)
	assert.EqualValues(t, 1, s1.Failed)
	assert.Contains(t, s1.Err, "is broken")
}

func callsMeasured(t *testing.T, api API) {
	const n = 12
	for _, op := range api.Obey.operators() {
		ctx, stats := watched(t, api)
		require.NoError(t, pl.Run(ctx, op.on(pl.FromSlice(napping(n)), pl.Workers(2))), op.name)
		calls := stats().Stages[1].Calls
		assert.EqualValues(t, n, calls.Count(), op.name)
		api.about(t, n*api.Tick, calls.Sum(), op.name)
		api.about(t, api.Tick, calls.Quantile(0.5), op.name)
	}
}

// callsWithoutYield has four results and room for one: the third and the fourth wait in yield while
// the loop has the first and the second.
func callsWithoutYield(t *testing.T, api API) {
	ctx, stats := watched(t, api)
	s := api.Obey.FlatMap(pl.FromSlice([]int{Nap, Nap + 1})).With(pl.MaxSize(1))
	n := 0
	for _, err := range s.All(ctx) {
		require.NoError(t, err)
		if n++; n <= 2 {
			require.NoError(t, sleep(ctx, 50*api.Tick))
		}
	}
	if api.Name == "task" {
		t.Skip("what a single task waits for room is not known")
	}
	calls := stats().Stages[1].Calls
	assert.EqualValues(t, 2, calls.Count())
	assert.GreaterOrEqual(t, calls.Sum(), 3*api.Tick)
	assert.Less(t, calls.Sum(), 30*api.Tick)
}

func callsSlowest(t *testing.T, api API) {
	values := []int{1, Nap + 9, 2, 3, Nap + 4, 4, 5, 6, 7, 8}
	ctx, stats := watched(t, api)
	require.NoError(t, pl.Ordered(api.Obey.Map(pl.FromSlice(values)).With(pl.Workers(2))).Run(ctx))
	slowest := stats().Stages[1].Slowest
	require.Len(t, slowest, 5)
	want := []int{1, 4}
	if api.Name == "serial" {
		want = []int{-1, -1} // in one goroutine nothing needs a number
	}
	assert.Equal(t, want, []int{slowest[0].Index, slowest[1].Index})
	for i, naps := range []int{10, 5} { // by the coarse clock
		assert.GreaterOrEqual(t, slowest[i].Took, time.Duration(naps-1)*api.Tick)
		assert.LessOrEqual(t, slowest[i].Took, time.Duration(naps+1)*api.Tick+api.slack())
	}
	assert.Empty(t, slowest[0].Value, "nobody has asked for values")
	for _, c := range slowest {
		assert.Contains(t, []int{0, 1}, c.Worker)
	}
}

func activeWorkers(t *testing.T, api API) {
	ctx, stats := watched(t, api)
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- api.Obey.Each(pl.From(1, 2, 3, Hang)).Run(ctx) }()
	api.rest()
	require.NoError(t, sleep(api.base(t), 50*api.Tick))
	f := stats()
	active := f.Stages[1].Active
	if assert.Len(t, active, 1, "%v", f) {
		want := "busy"
		if api.Name == "task" {
			want = "awaiting"
		}
		assert.Equal(t, want, active[0].State)
		api.about(t, 50*api.Tick, active[0].For)
	}
	cancel()
	require.Error(t, <-ended)
	assert.Empty(t, stats().Stages[1].Active)
}

func orderedWaits(t *testing.T, api API) {
	in := append([]int{1, 2, 3, Nap + 60}, numbers(100)...)
	ctx, stats := watched(t, api)
	first := api.Same(pl.FromSlice(in)).With(pl.Name("first"), pl.Workers(2), pl.MaxSize(2))
	second := api.Obey.Map(first).With(pl.Name("second"), pl.Workers(2), pl.MaxSize(2))
	ended := make(chan error, 1)
	go func() { ended <- loop(ctx, pl.Ordered(second).With(pl.MaxSize(8))) }()
	require.NoError(t, sleep(api.base(t), 40*api.Tick))
	f := stats()
	ordered := f.Stages[3]
	assert.Regexp(t, `^#3, for \S+ in second$`, ordered.Waiting)
	assert.Equal(t, 7, ordered.Queued)
	assert.Equal(t, 7, ordered.QueuedMost)
	assert.EqualValues(t, 3, ordered.Out)
	require.NoError(t, <-ended)
	assert.Empty(t, stats().Stages[3].Waiting)

	unread := make(chan int)
	ctx, stats = watched(t, api)
	go func() { ended <- loop(ctx, pl.Ordered(api.Same(pl.FromChan(unread)).With(pl.Name("first")))) }()
	unread <- 1
	api.settled(t, "in chan", func() string {
		_, at, _ := strings.Cut(stats().Stages[2].Waiting, "s ")
		return at
	})
	close(unread)
	require.NoError(t, <-ended)
}
