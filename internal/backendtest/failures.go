package backendtest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/serial"
)

var failuresChecks = []check{
	{"ConsumedAloneItRunsTheStage", nothing, failuresAlone},
	{"OfEveryOperator", nothing, failuresOfEvery},
	{"BesideTheStageInOneRun", nothing, failuresBeside},
	{"BelowACommonStage", nothing, failuresBelow},
	{"TheStageGoesOnWithoutOnError", nothing, failuresNoOnError},
	{"OnErrorDecidesFirst", nothing, failuresOnError},
	{"BesideKeepGoing", nothing, failuresKeepGoing},
	{"AFullBranchHoldsTheStageUp", queued, failuresHoldUp},
	{"AConsumerMayLeave", nothing, failuresLeft},
	{"InOrder", nothing, failuresInOrder},
	{"ManyConsumers", nothing, failuresMany},
	{"OfAStageWithoutAFunctionItIsEmpty", nothing, failuresEmpty},
	{"NotConsumedItChangesNothing", nothing, failuresNotConsumed},
	{"TheRunMayBeCancelled", nothing, failuresCancelled},
}

// itemsOf are the values that failed.
func itemsOf(failed []*pl.StageError) []int {
	items := []int{}
	for _, e := range failed {
		items = append(items, e.Item.(int))
	}
	return items
}

// gather adds what a stage yields to a list.
func gather[T any](s pl.Stage[T], list *[]T) pl.Stage[struct{}] {
	return serial.Each(func(_ context.Context, v T) error { *list = append(*list, v); return nil })(s)
}

func failuresAlone(t *testing.T, api API) {
	for _, workers := range []int{1, 4} {
		s := api.Obey.Map(pl.From(0, Fail, 1, Panic, 2)).With(pl.Workers(workers), pl.Name("rows"), pl.Retry(2, nil))
		before := Hold()
		failed, err := pl.Failures(s).Collect(api.context(t))
		before.Check(t)
		require.NoError(t, err)
		SameValues(t, []int{Fail, Panic}, itemsOf(failed))
		assert.Equal(t, "rows", failed[0].Stage)
		assert.Equal(t, 2, failed[0].Attempts)
		require.NoError(t, run(t, api, pl.Failures(s)), "and so does Run")
	}
}

func failuresOfEvery(t *testing.T, api API) {
	for _, op := range api.ObeyWith.operators() {
		journal := Keep(t)
		var failed []*pl.StageError
		var letters pl.Stage[*pl.StageError]
		switch s := op.on(pl.From(0, Fail, 1, Fail+1, 2), pl.Workers(2)).(type) {
		case pl.Stage[int]:
			letters = pl.Failures(s)
		case pl.Stage[struct{}]:
			letters = pl.Failures(s)
		}
		require.NoError(t, run(t, api, gather(letters, &failed)), op.name)
		SameValues(t, []int{Fail, Fail + 1}, itemsOf(failed), op.name)
		assert.Equal(t, 5, journal.Count("begin"), op.name)
		journal.opened(api, 2)
	}
}

func failuresBeside(t *testing.T, api API) {
	for _, size := range []int{0, 1, 20} {
		s := api.Obey.Map(pl.From(0, Fail, 1, Fail+1, 2)).With(pl.Workers(2), pl.MaxSize(size))
		var failed []*pl.StageError
		var good []int
		before := Hold()
		require.NoError(t, pl.Run(api.context(t), gather(s, &good), gather(pl.Failures(s), &failed)))
		before.Check(t)
		SameValues(t, []int{Fail, Fail + 1}, itemsOf(failed))
		SameValues(t, []int{0, 1, 2}, good)
		require.NoError(t, pl.Run(api.context(t), s, pl.Failures(s)), "Run drops both")
	}
}

func failuresBelow(t *testing.T, api API) {
	s := api.Obey.Map(pl.From(1, Fail, 2, Fail+1)).With(pl.MaxSize(1))
	item := func(_ context.Context, e *pl.StageError) (int, error) { return e.Item.(int), nil }
	both := pl.Concat(s, serial.Map(item)(pl.Failures(s)))
	SameValues(t, []int{1, Fail, 2, Fail + 1}, mustCollect(t, api, both))
}

func failuresNoOnError(t *testing.T, api API) {
	s := api.Obey.Map(pl.From(0, Fail, 1))
	_, err := collect(t, api, s)
	isBroken(t, api, err)
	var failed []*pl.StageError
	require.NoError(t, pl.Run(api.context(t), s, gather(pl.Failures(s), &failed)))
	assert.Equal(t, []int{Fail}, itemsOf(failed))
}

func failuresOnError(t *testing.T, api API) {
	s := api.Obey.Map(pl.From(0, Fail, 1))
	failed, err := pl.Failures(s.With(pl.OnError(pl.Skip))).Collect(api.context(t))
	require.NoError(t, err)
	assert.Equal(t, []int{Fail}, itemsOf(failed), "what it drops is seen")

	same := func(_ context.Context, e *pl.StageError) error { return e }
	failed, err = pl.Failures(s.With(pl.OnError(same))).Collect(api.context(t))
	isBroken(t, api, err)
	assert.Empty(t, failed, "an error that it returns fails the run")
}

func failuresKeepGoing(t *testing.T, api API) {
	s := api.Obey.Map(pl.From(0, Fail, 1, Fail+1)).With(pl.KeepGoing(0))
	var failed []*pl.StageError
	err := pl.Run(api.context(t), s, gather(pl.Failures(s), &failed))
	assert.Equal(t, 2, failedValues(t, err).Total)
	assert.Equal(t, []int{Fail, Fail + 1}, itemsOf(failed), "both see the value")

	same := func(_ context.Context, e *pl.StageError) error { return e }
	failed = nil
	err = pl.Run(api.context(t), gather(pl.Failures(s.With(pl.OnError(same))), &failed))
	assert.Equal(t, 2, failedValues(t, err).Total)
	assert.Len(t, failed, 2)
}

func failuresHoldUp(t *testing.T, api API) {
	journal := Keep(t)
	list := make([]int, 50)
	for i := range list {
		list[i] = Fail + i
	}
	s := api.Obey.Map(pl.FromSlice(list)).With(pl.MaxSize(2))
	taken := 0
	for e, err := range pl.Failures(s).All(api.context(t)) {
		require.NoError(t, err)
		if taken++; taken == 1 {
			api.rest()
			assert.LessOrEqual(t, journal.Count("begin"), 1+2+1, "one was taken, two are queued, one worker waits")
		}
		assert.Equal(t, Fail+taken-1, e.Item)
	}
	assert.Equal(t, 50, taken)
}

func failuresLeft(t *testing.T, api API) {
	s := api.Obey.Map(pl.From(Fail, 1, Fail+1, 2, Fail+2, 3)).With(pl.MaxSize(1))
	var good []int
	letters := pl.Take[*pl.StageError](1)(pl.Failures(s))
	before := Hold()
	require.NoError(t, pl.Run(api.context(t), gather(s, &good), letters))
	assert.Equal(t, []int{1, 2, 3}, good, "without its dead letters the stage goes on")
	var failed []*pl.StageError
	require.NoError(t, pl.Run(api.context(t), pl.Take[int](1)(s), gather(pl.Failures(s), &failed)))
	assert.Equal(t, []int{Fail, Fail + 1, Fail + 2}, itemsOf(failed), "and without its values too")
	first(t, api, 1, serial.Map(func(_ context.Context, e *pl.StageError) (int, error) { return e.Item.(int), nil })(pl.Failures(s)))
	before.Check(t)
}

func failuresInOrder(t *testing.T, api API) {
	list := make([]int, 60)
	for i := range list {
		list[i] = Fail + i
	}
	s := api.Obey.Map(pl.FromSlice(list))
	for _, workers := range []int{1, 3} {
		got, err := pl.OrderedWindow[*pl.StageError](3)(pl.Failures(s.With(pl.Workers(workers), pl.MaxSize(2)))).Collect(api.context(t))
		require.NoError(t, err)
		SameValues(t, list, itemsOf(got))
		if workers == 1 {
			assert.Equal(t, list, itemsOf(got), "one worker's failures come in its order")
		}
	}
	got := mustCollect(t, api, pl.Ordered(api.Brittle(pl.Range(30)).With(pl.Workers(3), pl.KeepGoing(0), pl.OnError(pl.Skip))))
	assert.True(t, slices.IsSorted(got))
}

func failuresMany(t *testing.T, api API) {
	s := api.Obey.Map(pl.From(0, Fail, 1))
	letters := pl.Failures(s)
	var a, b, c []*pl.StageError
	require.NoError(t, pl.Run(api.context(t), gather(letters, &a), gather(letters, &b), gather(pl.Failures(s), &c)))
	for _, failed := range [][]*pl.StageError{a, b, c} {
		assert.Equal(t, []int{Fail}, itemsOf(failed))
	}
}

func failuresEmpty(t *testing.T, api API) {
	for _, s := range []pl.Stage[int]{pl.Range(3), pl.Ordered(api.Same(pl.Range(3))), pl.Concat(pl.Range(2), pl.Range(3))} {
		failed, err := pl.Failures(s).Collect(api.context(t))
		require.NoError(t, err)
		assert.Empty(t, failed)
	}
	failed, err := pl.Failures(pl.Failures(api.Obey.Map(pl.From(Fail)))).Collect(api.context(t))
	require.NoError(t, err)
	assert.Empty(t, failed)
}

func failuresNotConsumed(t *testing.T, api API) {
	s := api.Obey.Map(pl.From(0, Fail, 1))
	_ = pl.Failures(s)
	_, err := collect(t, api, s)
	isBroken(t, api, err)
	none := pl.Take[*pl.StageError](0)(pl.Failures(s))
	isBroken(t, api, pl.Run(api.context(t), s, none))
}

func failuresCancelled(t *testing.T, api API) {
	ctx, cancel := context.WithTimeoutCause(api.context(t), 2*api.Tick, errGone)
	defer cancel()
	list := append(slices.Repeat([]int{Fail}, 20), Hang)
	s := api.Obey.Map(pl.FromSlice(list)).With(pl.MaxSize(1))
	before := Hold()
	stuck := serial.Each(func(ctx context.Context, _ *pl.StageError) error { return sleep(ctx, time.Hour) })
	assert.ErrorIs(t, pl.Run(ctx, s, stuck(pl.Failures(s))), errGone)
	before.Check(t)
}
