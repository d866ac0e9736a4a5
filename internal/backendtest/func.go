package backendtest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
)

// Func: standing stages that are called like a function.

var funcChecks = []check{
	{"AnswersEachCaller", nothing, funcAnswers},
	{"AFailureIsItsCallersAlone", nothing, funcFails},
	{"KeepGoingGivesTheFailureToItsCaller", nothing, funcKeepsGoing},
	{"WithoutAResult", nothing, funcNoResult},
	{"OfSeveralResultsTheFirst", nothing, funcFlatMap},
	{"ACallerMayLeave", concurrent, funcCallerLeaves},
	{"WhatHasNotBegunNeverBegins", here | queued, funcNeverBegins},
	{"CallsAfterStop", nothing, funcStopped},
	{"StopLetsCallsFinish", concurrent, funcStopWaits},
	{"ItsContextEndsIt", nothing, funcContextEnds},
	{"OrderedHoldsNothingUp", concurrent, funcOrdered},
	{"RefusesWhatBelongsToNoCall", nothing, funcRefuses},
	{"TakeEndsIt", nothing, funcTake},
	{"OptionsWork", nothing, funcOptions},
}

// standing makes a Func, and stops it at the end of the check.
func standing(t *testing.T, api API, p Step) (call func(int) (int, error), stop func() error) {
	t.Helper()
	before := Hold()
	f, stop := pl.Func(context.Background(), p) // t's ends before the clean-up
	t.Cleanup(func() {
		assert.NoError(t, stop())
		before.Check(t)
	})
	return func(x int) (int, error) { return f(api.context(t), x) }, stop
}

func with(p Step, opts ...pl.Option) Step {
	return func(s pl.Stage[int]) pl.Stage[int] { return p(s).With(opts...) }
}

func funcAnswers(t *testing.T, api API) {
	call, _ := standing(t, api, pl.Compose3(with(api.AddOne, pl.Workers(3), pl.MaxSize(2)), api.Square, with(api.Doze, pl.Workers(4))))
	var all sync.WaitGroup
	for x := range 30 {
		all.Go(func() {
			got, err := call(x)
			assert.NoError(t, err)
			assert.Equal(t, (x+1)*(x+1), got)
		})
	}
	all.Wait()
}

func funcFails(t *testing.T, api API) {
	Keep(t)
	call, _ := standing(t, api, pl.Compose(with(api.Obey.Map, pl.Workers(2), pl.Name("obeying")), api.Same))
	for _, bad := range []int{Fail, Panic, Fail} {
		_, err := call(bad)
		var e *pl.StageError
		require.ErrorAs(t, err, &e)
		assert.Equal(t, "obeying", e.Stage)
		assert.Equal(t, bad, e.Item)
		got, err := call(7)
		require.NoError(t, err)
		assert.Equal(t, 7, got)
	}
}

func funcKeepsGoing(t *testing.T, api API) {
	Keep(t)
	call, _ := standing(t, api, with(api.Obey.Map, pl.KeepGoing(1), pl.Retry(2, nil), pl.Name("going")))
	for range 3 { // more than KeepGoing allows
		_, err := call(Fail)
		isBroken(t, api, err)
		e, ok := errors.AsType[*pl.StageError](err)
		require.True(t, ok, "%v", err)
		assert.Equal(t, "going", e.Stage)
		assert.Equal(t, 2, e.Attempts)
	}
	got, err := call(7)
	require.NoError(t, err)
	assert.Equal(t, 7, got)
	handled := errors.New("what the handler made of it")
	handler := pl.OnError(func(context.Context, *pl.StageError) error { return handled })
	call, _ = standing(t, api, with(api.Obey.Map, pl.KeepGoing(0), handler))
	_, err = call(Fail)
	assert.Equal(t, handled, err)
	call, _ = standing(t, api, with(api.Obey.Map, pl.KeepGoing(0), pl.OnError(pl.Skip)))
	_, err = call(Fail)
	assert.ErrorIs(t, err, pl.ErrNoResult)
}

func funcNoResult(t *testing.T, api API) {
	odd, _ := standing(t, api, api.Odd)
	got, err := odd(3)
	require.NoError(t, err)
	assert.Equal(t, 3, got)
	_, err = odd(4)
	require.ErrorIs(t, err, pl.ErrNoResult)
	dropped, _ := standing(t, api, with(api.Obey.Map, pl.OnError(pl.Skip)))
	_, err = dropped(Fail)
	require.ErrorIs(t, err, pl.ErrNoResult)
	none, _ := standing(t, api, pl.Compose(api.Triple, api.Never))
	_, err = none(1)
	require.ErrorIs(t, err, pl.ErrNoResult)
	deep, _ := standing(t, api, pl.Compose4(api.Triple, api.Triple, api.Few, api.Odd))
	_, err = deep(0) // 0 to 8; of these 1, 2, 4, 5, 7, 8 are left
	require.NoError(t, err)
	few, _ := standing(t, api, api.Few)
	_, err = few(3)
	require.ErrorIs(t, err, pl.ErrNoResult)
}

func funcFlatMap(t *testing.T, api API) {
	Keep(t)
	call, _ := standing(t, api, api.Obey.FlatMap)
	got, err := call(5)
	require.NoError(t, err)
	assert.Equal(t, 5, got)
	got, err = call(Fail) // yields before it fails
	require.NoError(t, err)
	assert.Equal(t, Fail, got)
	got, err = call(6)
	require.NoError(t, err)
	assert.Equal(t, 6, got)
}

func funcCallerLeaves(t *testing.T, api API) {
	Keep(t)
	before := Hold()
	f, stop := pl.Func(api.context(t), with(api.Obey.Map, pl.Workers(2)))
	cause := errors.New("the caller has had enough")
	ctx, cancel := context.WithCancelCause(api.context(t))
	left := make(chan error)
	go func() {
		_, err := f(ctx, Nap+20)
		left <- err
	}()
	api.rest()
	cancel(cause)
	assert.Equal(t, cause, <-left)
	got, err := f(api.context(t), 3)
	require.NoError(t, err)
	assert.Equal(t, 3, got)
	_, err = f(ctx, 4)
	assert.Equal(t, cause, err)
	require.NoError(t, stop())
	before.Check(t)
}

func funcNeverBegins(t *testing.T, api API) {
	journal := Keep(t)
	f, stop := pl.Func(api.context(t), pl.Compose(api.Obey.Map, api.Obey.Map))
	ctx, cancel := context.WithCancel(api.context(t))
	var all sync.WaitGroup
	all.Go(func() { _, _ = f(ctx, Nap+5) })
	api.rest()
	for x := range 5 { // these wait behind it
		all.Go(func() { _, _ = f(ctx, x) })
	}
	api.rest()
	cancel()
	all.Wait()
	require.NoError(t, stop())
	assert.Equal(t, 1, journal.Count("begin"), "%v", journal.Entries("begin"))
}

func funcStopped(t *testing.T, api API) {
	journal := Keep(t)
	call, stop := standing(t, api, api.ObeyWith.Map)
	_, err := call(1)
	require.NoError(t, err)
	require.NoError(t, stop())
	require.NoError(t, stop(), "called twice")
	assert.Equal(t, journal.Count("open"), journal.Count("close"))
	_, err = call(2)
	require.ErrorContains(t, err, "stopped")
	assert.Equal(t, 1, journal.Count("begin"))
}

func funcStopWaits(t *testing.T, api API) {
	Keep(t)
	call, stop := standing(t, api, api.Obey.Map)
	answered := make(chan error)
	go func() {
		_, err := call(Nap + 3)
		answered <- err
	}()
	api.rest()
	stopped := make(chan error)
	go func() { stopped <- stop() }()
	require.NoError(t, <-answered)
	require.NoError(t, <-stopped)
}

func funcContextEnds(t *testing.T, api API) {
	Keep(t)
	before := Hold()
	ctx, cancel := context.WithCancelCause(api.context(t))
	f, stop := pl.Func(ctx, api.Obey.Map)
	_, err := f(api.context(t), 1)
	require.NoError(t, err)
	cause := errors.New("the service ends")
	cancel(cause)
	_ = stop()
	before.Check(t)
	_, err = f(api.context(t), 2)
	require.ErrorIs(t, err, cause)
}

// The first caller's value takes long; those behind it do not wait for it, and failures leave no
// hole.
func funcOrdered(t *testing.T, api API) {
	Keep(t)
	call, _ := standing(t, api, pl.Compose3(with(api.Obey.Map, pl.Workers(2)), pl.OrderedWindow[int](2), api.Same))
	slow := make(chan error)
	go func() {
		_, err := call(Nap + 30)
		slow <- err
	}()
	api.rest()
	for _, x := range []int{1, Fail, 2, 3} {
		start := time.Now()
		_, err := call(x)
		assert.Equal(t, x == Fail, err != nil)
		assert.Less(t, time.Since(start), 20*api.Tick)
	}
	require.NoError(t, <-slow)
}

func funcRefuses(t *testing.T, api API) {
	batches := func(s pl.Stage[int]) pl.Stage[int] { return pl.Flatten(pl.Batch[int](2, 0)(s)) }
	for name, p := range map[string]Step{
		"batch":   pl.Compose(api.Same, batches),
		"merge":   func(s pl.Stage[int]) pl.Stage[int] { return pl.Concat(api.Same(s), pl.Range(3)) },
		"other":   func(pl.Stage[int]) pl.Stage[int] { return pl.Range(3) },
		"nil":     nil,
		"invalid": with(api.Same, pl.Workers(0)),
	} {
		f, stop := pl.Func(api.context(t), p)
		for range 2 {
			_, err := f(api.context(t), 1)
			require.Error(t, err, name)
			require.NotErrorIs(t, err, pl.ErrNoResult, name)
		}
		require.Error(t, stop(), name)
	}
}

func funcTake(t *testing.T, api API) {
	call, _ := standing(t, api, pl.Compose(api.Same, pl.Take[int](2)))
	for range 2 {
		_, err := call(1)
		require.NoError(t, err)
	}
	for range 3 {
		_, err := call(1)
		require.ErrorIs(t, err, pl.ErrNoResult)
	}
}

func funcOptions(t *testing.T, api API) {
	journal := Keep(t)
	call, _ := standing(t, api, with(api.Obey.Map, pl.Retry(3, nil), pl.Timeout(api.patience()), pl.ByKey(byRest), pl.MaxSize(2)))
	got, err := call(FailOnce)
	require.NoError(t, err)
	assert.Equal(t, FailOnce, got)
	_, err = call(Hang)
	require.ErrorIs(t, err, pl.ErrTimeout)
	assert.Equal(t, 2+3, journal.Count("begin"))
}
