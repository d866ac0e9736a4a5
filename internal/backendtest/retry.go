package backendtest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
)

// Retry, RetryIf, and what errors say of further attempts. Waits and predicates are this process's,
// whatever the backend.

var retryChecks = []check{
	{"SucceedsAtALaterAttempt", nothing, retrySucceeds},
	{"AttemptsAreCounted", nothing, retryCounts},
	{"OnErrorIsAskedAfterTheLast", nothing, retryThenOnError},
	{"WaitsBetweenAttempts", here, retryWaits},
	{"EndsWithTheRunWhileItWaits", here, retryIsCancelled},
	{"RetriesPanicAndGoexit", here, retryPanic},
	{"FlatMapRepeatsNothingItYielded", here, retryFlatMap},
	{"NoResultComesTwice", nothing, retryDoublesNothing},
	{"NilWaitIsNoWait", here, retryNilWait},
	{"ErrorsTellTheAttempts", nothing, retryTellsAttempts},
	{"PermanentErrorIsNotTriedAgain", nothing, permanentIsFinal},
	{"RetryAfterIsWaitedFor", nothing, retryAfterIsWaitedFor},
	{"TheLongerWaitCounts", here, longerWaitCounts},
	{"RetryAfterMakesNoAttempt", nothing, retryAfterMakesNoAttempt},
	{"RetryAfterEndsWithTheRun", nothing, retryAfterEndsWithTheRun},
	{"RetryIfIsAskedBeforeEachFurtherAttempt", nothing, retryIfIsAsked},
	{"RetryIfSaysNo", nothing, retryIfSaysNo},
	{"RetryIfThatPanicsFailsTheRun", nothing, retryIfPanics},
}

func retrySucceeds(t *testing.T, api API) {
	for _, op := range api.Obey.operators() {
		journal := Keep(t)
		require.NoError(t, run(t, api, op.on(pl.From(1, FailOnce, 2), pl.Retry(2, nil))), op.name)
		assert.Equal(t, 2, journal.Count(fmt.Sprintf("begin %d", FailOnce)), op.name)
		assert.Equal(t, 4, journal.Count("begin"), op.name)
	}
	Keep(t)
	got := mustCollect(t, api, api.Obey.Map(pl.From(1, FailOnce, 2)).With(pl.Retry(2, nil), pl.Workers(2)))
	assert.ElementsMatch(t, []int{1, FailOnce, 2}, got)
}

func retryCounts(t *testing.T, api API) {
	for _, attempts := range []int{1, 3} {
		journal := Keep(t)
		_, err := collect(t, api, api.Obey.Map(pl.From(Fail)).With(pl.Retry(attempts, nil)))
		isBroken(t, api, err)
		assert.Equal(t, attempts, journal.Count("begin"))
	}
}

func retryThenOnError(t *testing.T, api API) {
	journal := Keep(t)
	var asked atomic.Int64
	h := func(context.Context, *pl.StageError) error { asked.Add(1); return nil }
	s := api.Obey.Map(pl.From(1, Fail, 2)).With(pl.Retry(3, nil), pl.OnError(h))
	assert.Equal(t, []int{1, 2}, mustCollect(t, api, s))
	assert.EqualValues(t, 1, asked.Load())
	assert.Equal(t, 3, journal.Count(fmt.Sprintf("begin %d", Fail)))
}

func retryWaits(t *testing.T, api API) {
	var attempts []int
	wait := func(attempt int) time.Duration {
		attempts = append(attempts, attempt)
		return time.Duration(attempt) * api.Tick
	}
	start := time.Now()
	_, err := collect(t, api, api.Obey.Map(pl.From(Fail)).With(pl.Retry(4, wait), pl.Timeout(api.Tick)))
	isBroken(t, api, err)
	assert.Equal(t, []int{2, 3, 4}, attempts, "the first attempt is not waited for")
	assert.Equal(t, 9*api.Tick, time.Since(start), "and the waits do not count for the Timeout")
}

func retryIsCancelled(t *testing.T, api API) {
	wait := func(int) time.Duration { return 1000 * api.Tick }
	start := time.Now()
	ctx, cancel := context.WithTimeout(api.base(t), api.Tick)
	defer cancel()
	err := api.Obey.Map(pl.From(Fail)).With(pl.Retry(2, wait)).Run(ctx)
	assert.ErrorIs(t, err, context.DeadlineExceeded)
	assert.Equal(t, api.Tick, time.Since(start))
}

func retryPanic(t *testing.T, api API) {
	for _, misbehave := range []int{Panic, Exit} {
		if misbehave == Exit && !api.Apart {
			continue
		}
		o := Obeying{api.Traits}
		tries := 0
		f := func(ctx context.Context, x int) (int, error) {
			if tries++; tries < 3 {
				return o.Map(ctx, misbehave)
			}
			return x, nil
		}
		assert.Equal(t, []int{7}, mustCollect(t, api, api.Map(f, pl.Retry(3, nil))(pl.From(7))))
	}
}

func retryFlatMap(t *testing.T, api API) {
	tries := 0
	f := func(_ context.Context, x int, yield func(int) bool) error {
		tries++
		for i := range 4 {
			if tries <= 3 && i == tries { // fails after 1 value, then after 2, then after 3
				return ErrBroken
			}
			if !yield(10*x + i) {
				return nil
			}
		}
		return nil
	}
	got := mustCollect(t, api, api.FlatMap(f, pl.Retry(4, nil))(pl.From(1, 2)))
	assert.Equal(t, []int{10, 11, 12, 13, 20, 21, 22, 23}, got)
}

// Of the values that fail at first, a result has been handed on before.
func retryDoublesNothing(t *testing.T, api API) {
	in := []int{1, FailOnce, 2, FailOnce + 1, FailOnce + 2, 3}
	var want []int
	for _, x := range in {
		want = append(want, x, -x)
	}
	for _, opts := range [][]pl.Option{nil, {pl.Workers(3)}, {pl.MaxSize(1)}, {pl.Workers(3), pl.MaxSize(1)}} {
		Keep(t)
		s := api.Obey.FlatMap(pl.From(in...)).With(pl.Retry(2, nil)).With(opts...)
		SameValues(t, want, mustCollect(t, api, s))
	}
}

func retryNilWait(t *testing.T, api API) {
	start := time.Now()
	_, err := collect(t, api, api.Obey.Map(pl.From(Fail)).With(pl.Retry(100, nil)))
	isBroken(t, api, err)
	assert.True(t, time.Now().Equal(start))
}

func retryTellsAttempts(t *testing.T, api API) {
	for attempts, text := range map[int]string{1: "", 3: ", after 3 attempts: "} {
		for _, op := range api.Obey.operators() {
			err := run(t, api, op.on(pl.From(Fail), pl.Retry(attempts, nil)))
			e, ok := errors.AsType[*pl.StageError](err)
			require.True(t, ok, op.name)
			assert.Equal(t, attempts, e.Attempts, op.name)
			assert.Contains(t, e.Error(), text, op.name)
			assert.Equal(t, attempts > 1, strings.Contains(e.Error(), "after"), op.name)
		}
	}
	var told []int
	h := func(_ context.Context, e *pl.StageError) error { told = append(told, e.Attempts); return nil }
	s := api.Obey.Map(pl.From(1, Fail, FailForGood)).With(pl.Retry(2, nil), pl.OnError(h))
	assert.Equal(t, []int{1}, mustCollect(t, api, s))
	assert.Equal(t, []int{2, 1}, told)
}

func permanentIsFinal(t *testing.T, api API) {
	for _, op := range api.Obey.operators() {
		journal := Keep(t)
		err := run(t, api, op.on(pl.From(1, FailForGood, 2), pl.Retry(5, nil)))
		isBroken(t, api, err)
		assert.Equal(t, 1, journal.Count(fmt.Sprintf("begin %d", FailForGood)), op.name)
	}
}

func retryAfterIsWaitedFor(t *testing.T, api API) {
	for _, op := range api.Obey.operators() {
		journal := Keep(t)
		start := time.Now()
		isBroken(t, api, run(t, api, op.on(pl.From(FailLater), pl.Retry(3, nil))))
		assert.Equal(t, 3, journal.Count("begin"), op.name)
		assert.GreaterOrEqual(t, time.Since(start), 4*api.Tick, op.name)
		if api.Here {
			assert.Equal(t, 4*api.Tick, time.Since(start), op.name)
		}
	}
}

func longerWaitCounts(t *testing.T, api API) {
	for _, wait := range []time.Duration{api.Tick, 7 * api.Tick} {
		start := time.Now()
		retry := pl.Retry(2, func(int) time.Duration { return wait })
		isBroken(t, api, run(t, api, api.Obey.Map(pl.From(FailLater)).With(retry, pl.Timeout(api.Tick))))
		assert.Equal(t, max(wait, 2*api.Tick), time.Since(start))
	}
	f := func(context.Context, int) (int, error) {
		return 0, errors.Join(pl.RetryAfter(ErrBroken, api.Tick), pl.RetryAfter(ErrBroken, 3*api.Tick), pl.RetryAfter(ErrBroken, -1))
	}
	start := time.Now()
	assert.ErrorIs(t, run(t, api, api.Map(f, pl.Retry(2, nil))(pl.From(1))), ErrBroken)
	assert.Equal(t, 3*api.Tick, time.Since(start), "of several marks the longest")
	both := func(context.Context, int) (int, error) {
		return 0, pl.RetryAfter(pl.Permanent(ErrBroken), time.Hour)
	}
	start = time.Now()
	assert.ErrorIs(t, run(t, api, api.Map(both, pl.Retry(2, nil))(pl.From(1))), ErrBroken)
	assert.True(t, time.Now().Equal(start), "Permanent wins")
}

func retryAfterMakesNoAttempt(t *testing.T, api API) {
	journal := Keep(t)
	isBroken(t, api, run(t, api, api.Obey.Map(pl.From(FailLater))))
	assert.Equal(t, 1, journal.Count("begin"))
}

func retryAfterEndsWithTheRun(t *testing.T, api API) {
	ctx, cancel := context.WithTimeoutCause(api.base(t), api.Tick, errGone)
	defer cancel()
	before := Hold()
	err := api.Obey.Map(pl.From(FailLater)).With(pl.Retry(1_000_000, nil)).Run(ctx)
	assert.ErrorIs(t, err, errGone)
	before.Check(t)
}

var errGone = errors.New("gone")

func retryIfIsAsked(t *testing.T, api API) {
	var mu sync.Mutex
	asked := map[bool]int{}
	worth := pl.RetryIf(func(err error) bool {
		mu.Lock()
		defer mu.Unlock()
		asked[errors.Is(err, ErrBroken)]++
		return true
	})
	_, err := collect(t, api, api.Obey.Map(pl.From(Fail)).With(worth, pl.Retry(4, nil)))
	isBroken(t, api, err)
	assert.Equal(t, map[bool]int{true: 3}, asked, "not after the last")

	_, err = collect(t, api, api.Obey.Map(pl.From(FailForGood)).With(pl.Retry(4, nil), worth))
	isBroken(t, api, err)
	assert.Equal(t, map[bool]int{true: 3}, asked, "nor about what is permanent")

	_, err = collect(t, api, api.Obey.Map(pl.From(Fail)).With(worth))
	isBroken(t, api, err)
	assert.Equal(t, map[bool]int{true: 3}, asked, "nor without Retry")
}

func retryIfSaysNo(t *testing.T, api API) {
	journal := Keep(t)
	no := pl.RetryIf(func(err error) bool { return !errors.Is(err, ErrBroken) })
	s := api.Obey.Map(pl.From(1, Fail, Panic, 2)).With(no, pl.Retry(3, nil), pl.OnError(pl.Skip))
	assert.Equal(t, []int{1, 2}, mustCollect(t, api, s))
	assert.Equal(t, 1, journal.Count(fmt.Sprintf("begin %d", Fail)))
	assert.Equal(t, 3, journal.Count(fmt.Sprintf("begin %d", Panic)), "another error is worth it")
}

func retryIfPanics(t *testing.T, api API) {
	bad := pl.RetryIf(func(error) bool { panic("bad judge") })
	_, err := collect(t, api, api.Obey.Map(pl.From(0, Fail, 2)).With(bad, pl.Retry(3, nil), pl.OnError(pl.Skip)))
	panicked, ok := errors.AsType[*pl.PanicError](err)
	require.True(t, ok, "%v", err)
	assert.Equal(t, "bad judge", panicked.Value)
}
