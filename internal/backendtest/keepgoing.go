package backendtest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
)

var keepGoingChecks = []check{
	{"DropsWhatFailsAndReportsItAtTheEnd", nothing, keepGoingReports},
	{"InEveryOperator", nothing, keepGoingEverywhere},
	{"OneErrorForAllStages", nothing, keepGoingOneError},
	{"AllIsWellWithoutFailures", nothing, keepGoingWithoutFailures},
	{"StopsAboveMost", nothing, keepGoingStops},
	{"MostIsEachStagesOwn", nothing, keepGoingOwnMost},
	{"KeepsTheFirstHundred", nothing, keepGoingFirst},
	{"ALeavingConsumerGetsNone", nothing, keepGoingLeft},
	{"OnErrorDecidesFirst", nothing, keepGoingOnError},
	{"CountsPanicsAndTimeouts", native, keepGoingCountsAll},
	{"CountsAfterTheLastAttempt", nothing, keepGoingRetries},
	{"AnotherFailureIsWhatTheConsumerGets", nothing, keepGoingOtherFailure},
	{"EachRunCountsForItself", nothing, keepGoingRuns},
}

// failedValues is the error of a run as one of values that failed.
func failedValues(t *testing.T, err error) *pl.FailedValues {
	t.Helper()
	failed, ok := errors.AsType[*pl.FailedValues](err)
	require.True(t, ok, "%v", err)
	assert.Same(t, failed, err, "nothing else has gone wrong")
	return failed
}

func keepGoingReports(t *testing.T, api API) {
	for _, workers := range []int{1, 3} {
		s := api.Obey.Map(pl.From(0, Fail, 1, Fail+1, 2)).With(pl.KeepGoing(0), pl.Workers(workers), pl.Name("rows"))
		got, err := collect(t, api, s)
		SameValues(t, []int{0, 1, 2}, got)
		failed := failedValues(t, err)
		assert.Equal(t, 2, failed.Total)
		require.Len(t, failed.First, 2)
		items := []int{}
		for _, e := range failed.First {
			assert.Equal(t, "rows", e.Stage)
			assert.Equal(t, 1, e.Attempts)
			items = append(items, e.Item.(int))
		}
		SameValues(t, []int{Fail, Fail + 1}, items)
		isBroken(t, api, err)
		assert.Contains(t, err.Error(), "2 values failed")
		assert.Contains(t, err.Error(), "rows")
	}
}

func keepGoingEverywhere(t *testing.T, api API) {
	for _, op := range api.ObeyWith.operators() {
		journal := Keep(t)
		err := run(t, api, op.on(pl.From(0, Fail, 1, Panic, 2), pl.KeepGoing(2), pl.Workers(2)))
		assert.Equal(t, 2, failedValues(t, err).Total, op.name)
		assert.Equal(t, 5, journal.Count("begin"), op.name)
		journal.opened(api, 2)
	}
	got, err := collect(t, api, api.Obey.FlatMap(pl.From(1, Fail, 2)).With(pl.KeepGoing(0)))
	assert.Equal(t, []int{1, -1, Fail, 2, -2}, got, "what was yielded stays")
	assert.Equal(t, 1, failedValues(t, err).Total)
}

func keepGoingOneError(t *testing.T, api API) {
	first := api.Obey.Map(pl.From(0, Fail, 1, 5)).With(pl.KeepGoing(0), pl.Name("first"))
	second := api.Brittle(first).With(pl.KeepGoing(3), pl.Name("second"))
	got, err := collect(t, api, pl.Ordered(second))
	assert.Equal(t, []int{1}, got)
	failed := failedValues(t, err)
	assert.Equal(t, 3, failed.Total)
	var stages []string
	for _, e := range failed.First {
		stages = append(stages, e.Stage)
	}
	assert.ElementsMatch(t, []string{"first", "second", "second"}, stages)

	pairs := 0
	for _, err := range second.All(api.context(t)) {
		if pairs++; err != nil {
			failedValues(t, err)
		}
	}
	assert.Equal(t, 2, pairs, "the error comes once, after the values")
}

func keepGoingWithoutFailures(t *testing.T, api API) {
	assert.Equal(t, []int{1, 2}, mustCollect(t, api, api.Obey.Map(pl.From(1, 2)).With(pl.KeepGoing(1))))
}

func keepGoingStops(t *testing.T, api API) {
	for _, most := range []int{1, 3} {
		journal := Keep(t)
		list := slices.Repeat([]int{Fail}, 200)
		err := run(t, api, api.Obey.Map(pl.FromSlice(list)).With(pl.KeepGoing(most), pl.MaxSize(1)))
		assert.GreaterOrEqual(t, failedValues(t, err).Total, most+1)
		assert.Less(t, journal.Count("begin"), 100, "it stopped at once")

		exact := append(slices.Repeat([]int{Fail}, most), 7)
		got, err := collect(t, api, api.Obey.Map(pl.FromSlice(exact)).With(pl.KeepGoing(most)))
		assert.Equal(t, []int{7}, got, "most may fail")
		assert.Equal(t, most, failedValues(t, err).Total)
	}
}

func keepGoingOwnMost(t *testing.T, api API) {
	first := api.Obey.Map(pl.From(Fail, 5, Fail, 10, 1)).With(pl.KeepGoing(2))
	got, err := collect(t, api, api.Brittle(first).With(pl.KeepGoing(2)))
	assert.Equal(t, []int{1}, got)
	assert.Equal(t, 4, failedValues(t, err).Total)
}

func keepGoingFirst(t *testing.T, api API) {
	err := run(t, api, api.Obey.Map(pl.FromSlice(slices.Repeat([]int{Fail}, 250))).With(pl.KeepGoing(0), pl.Workers(2)))
	failed := failedValues(t, err)
	assert.Equal(t, 250, failed.Total)
	assert.Len(t, failed.First, 100)
	assert.Len(t, failed.Unwrap(), 100)
	assert.Less(t, len(err.Error()), 1000)
}

func keepGoingLeft(t *testing.T, api API) {
	s := api.Obey.Map(pl.From(Fail, 1, Fail, 2, Fail, 3)).With(pl.KeepGoing(0))
	assert.Equal(t, []int{1, 2}, mustCollect(t, api, pl.Take[int](2)(s)))
	assert.Equal(t, []int{1, 2, 3}, mustCollect(t, api, pl.Take[int](3)(s)), "also if it is the last that is taken")
	_, err := collect(t, api, pl.Take[int](4)(s))
	assert.Equal(t, 3, failedValues(t, err).Total, "Take got less than it wanted: that was the end")

	first(t, api, 1, s)
	_, found, err := s.First(api.context(t))
	assert.True(t, found)
	assert.NoError(t, err)
	yes, err := s.Any(api.context(t), func(x int) bool { return x == 2 })
	assert.True(t, yes)
	assert.NoError(t, err)

	beside := api.Obey.Map(pl.Take[int](1)(s)).With(pl.KeepGoing(0))
	assert.Equal(t, []int{1}, mustCollect(t, api, beside))
}

func keepGoingOnError(t *testing.T, api API) {
	errOther := errors.New("enough")
	h := func(_ context.Context, e *pl.StageError) error {
		switch e.Item.(int) {
		case Fail:
			return nil
		case Fail + 1:
			return e
		}
		return errOther
	}
	s := api.Obey.Map(pl.From(0, Fail, Fail+1, Fail+2, 1)).With(pl.KeepGoing(0), pl.OnError(h))
	got, err := collect(t, api, s)
	assert.Equal(t, []int{0, 1}, got)
	failed := failedValues(t, err)
	assert.Equal(t, 2, failed.Total, "what the handler drops is not counted")
	require.Len(t, failed.First, 2)
	assert.Equal(t, Fail+1, failed.First[0].Item)
	isBroken(t, api, failed.First[0])
	assert.Equal(t, Fail+2, failed.First[1].Item)
	assert.Equal(t, errOther, failed.First[1].Err, "what the handler returned is what counts")
}

func keepGoingCountsAll(t *testing.T, api API) {
	list := []int{0, Panic, Fail, Hang, 1}
	s := api.Obey.Map(pl.FromSlice(list)).With(pl.KeepGoing(0), pl.Timeout(api.patience()), pl.Workers(2))
	got, err := collect(t, api, s)
	SameValues(t, []int{0, 1}, got)
	assert.Equal(t, 3, failedValues(t, err).Total)
	assert.ErrorIs(t, err, pl.ErrTimeout)
	_, ok := errors.AsType[*pl.PanicError](err)
	assert.True(t, ok)
}

func keepGoingRetries(t *testing.T, api API) {
	Keep(t)
	s := api.Obey.Map(pl.From(0, FailOnce, Fail, FailForGood)).With(pl.KeepGoing(0), pl.Retry(3, nil))
	got, err := collect(t, api, s)
	SameValues(t, []int{0, FailOnce}, got)
	failed := failedValues(t, err)
	require.Len(t, failed.First, 2)
	assert.Equal(t, 3, failed.First[0].Attempts)
	assert.Equal(t, 1, failed.First[1].Attempts)
	assert.Equal(t, 1, strings.Count(failed.First[0].Error(), "after 3 attempts"))
}

func keepGoingOtherFailure(t *testing.T, api API) {
	s := api.Brittle(api.Obey.Map(pl.From(Fail, 1, 5)).With(pl.KeepGoing(0)))
	_, err := collect(t, api, s)
	_, ok := errors.AsType[*pl.FailedValues](err)
	assert.False(t, ok, "%v", err)
	isBroken(t, api, err)
	ctx, cancel := context.WithCancelCause(api.context(t))
	h := func(context.Context, *pl.StageError) error { cancel(errGone); return ErrBroken }
	err = api.Obey.Map(pl.From(Fail, Hang)).With(pl.KeepGoing(0), pl.OnError(h)).Run(ctx)
	assert.Equal(t, errGone, err)
}

func keepGoingRuns(t *testing.T, api API) {
	s := api.Obey.Map(pl.From(Fail, 1, Fail)).With(pl.KeepGoing(2))
	for range 3 {
		_, err := collect(t, api, s)
		assert.Equal(t, 2, failedValues(t, err).Total)
	}
	var ran atomic.Int32
	_, err := collect(t, api, s.With(pl.OnError(func(context.Context, *pl.StageError) error { ran.Add(1); return nil })))
	require.NoError(t, err)
	assert.EqualValues(t, 2, ran.Load())
}
