package backendtest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
)

// OnError and Retry. Handlers run in this process, whatever the backend.

var onErrorChecks = []check{
	{"SkipDropsTheValueAndGoesOn", nothing, skipDrops},
	{"SkipsInEveryOperator", nothing, skipsEverywhere},
	{"HandlerLearnsStageWorkerAndValue", nothing, handlerLearns},
	{"WhatTheHandlerReturnsFailsTheRun", nothing, handlerDecides},
	{"PanicOfTheHandlerFailsTheRun", nothing, handlerPanics},
	{"GoexitOfTheHandlerFailsTheRun", here | apart, handlerExits},
	{"PanicGoexitAndErrorAreSkippedAlike", nothing, skipsAnything},
	{"YieldedBeforeTheFailureStays", nothing, skipKeepsYielded},
	{"NotAskedWhenTheRunIsOver", here, handlerNotAskedAtTheEnd},
}

var retryChecks = []check{
	{"SucceedsAtALaterAttempt", nothing, retrySucceeds},
	{"AttemptsAreCounted", nothing, retryCounts},
	{"OnErrorIsAskedAfterTheLast", nothing, retryThenOnError},
	{"WaitsBetweenAttempts", here, retryWaits},
	{"EndsWithTheRunWhileItWaits", here, retryIsCancelled},
	{"RetriesPanicAndGoexit", here, retryPanic},
	{"FlatMapRepeatsNothingItYielded", here, retryFlatMap},
	{"NilWaitIsNoWait", here, retryNilWait},
}

func skipDrops(t *testing.T, api API) {
	for _, workers := range []int{1, 3} {
		s := api.Obey.Map(pl.From(0, Fail, 1, Fail+1, 2, 3, Fail+2))
		got := mustCollect(t, api, s.With(pl.OnError(pl.Skip), pl.Workers(workers)))
		assert.ElementsMatch(t, []int{0, 1, 2, 3}, got)
	}
}

func skipsEverywhere(t *testing.T, api API) {
	for _, op := range api.ObeyWith.operators() {
		journal := Keep(t)
		s := op.on(pl.From(0, Fail, 1, Panic, 2), pl.OnError(pl.Skip), pl.Workers(2))
		require.NoError(t, run(t, api, s), op.name)
		assert.Equal(t, 5, journal.Count("begin"), op.name)
		journal.opened(api, 2)
	}
}

func handlerLearns(t *testing.T, api API) {
	var mu sync.Mutex
	var items []int
	h := func(ctx context.Context, e *pl.StageError) error {
		mu.Lock()
		defer mu.Unlock()
		items = append(items, e.Item.(int))
		assert.Equal(t, "sorter", e.Stage)
		assert.Contains(t, []int{0, 1}, e.Worker)
		assert.ErrorIs(t, e, ErrBroken)
		assert.NoError(t, ctx.Err())
		return nil
	}
	s := api.Obey.Map(pl.From(0, Fail, 1, Fail+1)).With(pl.Name("sorter"), pl.OnError(h), pl.Workers(2))
	assert.ElementsMatch(t, []int{0, 1}, mustCollect(t, api, s))
	assert.ElementsMatch(t, []int{Fail, Fail + 1}, items)
}

func handlerDecides(t *testing.T, api API) {
	errOther := errors.New("enough")
	other := func(context.Context, *pl.StageError) error { return errOther }
	_, err := collect(t, api, api.Obey.Map(pl.From(0, Fail)).With(pl.OnError(other)))
	assert.ErrorIs(t, err, errOther)

	same := func(_ context.Context, e *pl.StageError) error { return e }
	_, err = collect(t, api, api.Obey.Map(pl.From(0, Fail)).With(pl.OnError(same)))
	isBroken(t, api, err)
}

func handlerPanics(t *testing.T, api API) {
	h := func(context.Context, *pl.StageError) error { panic("bad handler") }
	_, err := collect(t, api, api.Obey.Map(pl.From(0, Fail, 2)).With(pl.OnError(h)))
	panicked, ok := errors.AsType[*pl.PanicError](err)
	require.True(t, ok, "%v", err)
	assert.Equal(t, "bad handler", panicked.Value)
}

func handlerExits(t *testing.T, api API) {
	h := func(context.Context, *pl.StageError) error { runtime.Goexit(); return nil }
	for _, workers := range []int{1, 2} {
		_, err := collect(t, api, api.Obey.Map(pl.From(0, Fail, 2)).With(pl.OnError(h), pl.Workers(workers)))
		assert.ErrorContains(t, err, "Goexit", "%d workers", workers)
	}
}

func skipsAnything(t *testing.T, api API) {
	journal := Keep(t)
	list := []int{0, Panic, 1, PanicError, 2, Fail, 3, Fail + 1, 4}
	if api.Apart {
		list[5] = Exit
	}
	s := api.ObeyWith.Map(pl.FromSlice(list))
	assert.ElementsMatch(t, []int{0, 1, 2, 3, 4}, mustCollect(t, api, s.With(pl.OnError(pl.Skip))))
	journal.closed(0)
	assert.Positive(t, journal.Count("open"))
}

func skipKeepsYielded(t *testing.T, api API) {
	got := mustCollect(t, api, api.Obey.FlatMap(pl.From(1, Fail, 2)).With(pl.OnError(pl.Skip)))
	assert.Equal(t, []int{1, -1, Fail, 2, -2}, got)
}

// handlerNotAskedAtTheEnd breaks out while values are in work: that they are cancelled is no failure of theirs.
func handlerNotAskedAtTheEnd(t *testing.T, api API) {
	asked := 0
	h := func(context.Context, *pl.StageError) error { asked++; return nil }
	first(t, api, 1, api.Obey.Map(pl.From(1, Hang, Hang+1)).With(pl.Workers(2), pl.OnError(h), pl.Retry(5, nil)))
	assert.Zero(t, asked)
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
	ctx, cancel := context.WithTimeout(t.Context(), api.Tick)
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

func retryNilWait(t *testing.T, api API) {
	start := time.Now()
	_, err := collect(t, api, api.Obey.Map(pl.From(Fail)).With(pl.Retry(100, nil)))
	isBroken(t, api, err)
	assert.True(t, time.Now().Equal(start))
}
