package backendtest

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
)

// OnError. Handlers run in this process, whatever the backend.

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
		assert.Contains(t, api.workers(2), e.Worker)
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
	if least, _ := api.opens(1); least > 0 {
		assert.Positive(t, journal.Count("open"))
	}
}

func skipKeepsYielded(t *testing.T, api API) {
	got := mustCollect(t, api, api.Obey.FlatMap(pl.From(1, Fail, 2)).With(pl.OnError(pl.Skip)))
	assert.Equal(t, []int{1, -1, Fail, 2, -2}, got)
}

// handlerNotAskedAtTheEnd breaks out while values are in work: that they are cancelled is no
// failure of theirs.
func handlerNotAskedAtTheEnd(t *testing.T, api API) {
	asked := 0
	h := func(context.Context, *pl.StageError) error { asked++; return nil }
	first(t, api, 1, api.Obey.Map(pl.From(1, Hang, Hang+1)).With(pl.Workers(2), pl.OnError(h), pl.Retry(5, nil)))
	assert.Zero(t, asked)
}
