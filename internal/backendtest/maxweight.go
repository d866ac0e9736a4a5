package backendtest

import (
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
)

// MaxWeight: what a stage has in its queue and under way has a bounded weight. The weight function
// runs in this process.

var maxWeightChecks = []check{
	{"LosesNothing", nothing, maxWeightLosesNothing},
	{"BoundsWhatIsQueuedAndUnderWay", here | queued, maxWeightBounds},
	{"ABoundAdmitsInOrder", here | queued, maxWeightOrder},
	{"WeightThatPanicsOrIsNegativeFailsItsValue", nothing, maxWeightFails},
	{"IsGivenBackWhateverBecomesOfTheValue", nothing, maxWeightIsGivenBack},
	{"AnAbandonedFunctionKeepsIt", here | abandons, maxWeightAbandoned},
	{"TogetherWithKeysAndMaxSize", nothing, maxWeightTogether},
	{"BadInput", nothing, maxWeightBadInput},
}

func itself(x int) int64 { return int64(x) }

func maxWeightLosesNothing(t *testing.T, api API) {
	for _, most := range []int64{1, 7, 1000} {
		got := mustCollect(t, api, api.Doze(pl.Range(30)).With(pl.Workers(4), pl.MaxWeight(most, itself)))
		slices.Sort(got)
		assert.Equal(t, numbers(30), got)
	}
}

// weighing runs a stage of functions that hang over the values, and returns how many of them were
// read and have begun.
func weighing(t *testing.T, api API, workers int, most int64, weights ...int) (read, begun int) {
	t.Helper()
	journal := Keep(t)
	hanging := slices.Clone(weights)
	for i := range hanging {
		hanging[i] += Hang
	}
	weight := func(x int) int64 { return int64(x - Hang) }
	var tally atomic.Int64
	s := api.Obey.Each(tallied(&tally, hanging)).With(pl.Workers(workers), pl.MaxWeight(most, weight))
	api.stuck(t, s, func() { begun = journal.Count("begin") })
	return int(tally.Load()), begun
}

func maxWeightBounds(t *testing.T, api API) {
	for _, c := range []struct {
		most        int64
		weights     []int
		read, begun int // the last that was read waits outside
	}{
		{10, []int{4, 4, 4, 4}, 3, 2},
		{10, []int{5, 5, 5, 5}, 3, 2},
		{10, []int{1, 1, 1, 1, 1, 1}, 6, 2},
		{10, []int{0, 0, 0, 99, 1}, 5, 2}, // the heavy one is alone, for nothing else weighs
		{10, []int{1, 99, 1}, 2, 1},
		{10, []int{99, 0, 1}, 2, 1},
	} {
		read, begun := weighing(t, api, 2, c.most, c.weights...)
		assert.Equal(t, c.read, read, "%v", c.weights)
		assert.Equal(t, c.begun, begun, "%v", c.weights)
	}
}

// The second value does not fit, and the third, which would, does not overtake it.
func maxWeightOrder(t *testing.T, api API) {
	read, begun := weighing(t, api, 3, 10, 8, 5, 1)
	assert.Equal(t, 2, read)
	assert.Equal(t, 1, begun)
}

func maxWeightFails(t *testing.T, api API) {
	weight := func(x int) int64 {
		switch x {
		case 1:
			panic("one cannot be weighed")
		case 2:
			return -3
		}
		return 1
	}
	s := api.Same(pl.Range(4)).With(pl.MaxWeight(2, weight))
	_, err := collect(t, api, s)
	require.ErrorContains(t, err, "one cannot be weighed")
	_, err = collect(t, api, api.Same(pl.From(2)).With(pl.MaxWeight(2, weight)))
	require.ErrorContains(t, err, "the weight is -3; it must be at least 0")
	assert.Equal(t, []int{0, 3}, mustCollect(t, api, s.With(pl.OnError(pl.Skip))))
}

func maxWeightIsGivenBack(t *testing.T, api API) {
	one := func(int) int64 { return 1 }
	in := []int{1, Fail, 2, Panic, 3, FailOnce, 4, Fail + 1, 5}
	if api.Apart {
		in = append(in, Exit)
	}
	s := api.Obey.Map(pl.From(in...)).With(pl.Workers(2), pl.MaxWeight(1, one), pl.OnError(pl.Skip), pl.Timeout(api.patience()))
	Keep(t)
	got := mustCollect(t, api, s)
	slices.Sort(got)
	assert.Equal(t, []int{1, 2, 3, 4, 5}, got)
	assert.Len(t, mustCollect(t, api, api.Never(pl.Range(9)).With(pl.MaxWeight(1, one))), 0)
}

func maxWeightAbandoned(t *testing.T, api API) {
	start := time.Now()
	s := api.Obey.Map(pl.From(Ignore, 1)).With(pl.Workers(2), pl.Timeout(api.Tick), pl.OnError(pl.Skip),
		pl.MaxWeight(1, func(int) int64 { return 1 }))
	assert.Equal(t, []int{1}, mustCollect(t, api, s))
	assert.Equal(t, 100*api.Tick, time.Since(start))
}

func maxWeightTogether(t *testing.T, api API) {
	s := api.Doze(pl.Range(40)).With(pl.Workers(3), pl.MaxSize(2), pl.MaxWeight(30, itself), pl.ByKey(byRest))
	got := mustCollect(t, api, s)
	inOrderByKey(t, got)
	assert.Len(t, got, 40)
}

func maxWeightBadInput(t *testing.T, api API) {
	for text, o := range map[string]pl.Option{
		"MaxWeight(0, …): most must be at least 1":                              pl.MaxWeight(0, itself),
		"MaxWeight(3, …): the weight function must not be nil":                  pl.MaxWeight[int](3, nil),
		"MaxWeight: its function takes a value of type string, but the stage's": pl.MaxWeight(3, func(string) int64 { return 1 }),
	} {
		journal := Keep(t)
		_, err := collect(t, api, api.Obey.Map(pl.Range(3)).With(o))
		require.ErrorContains(t, err, text)
		assert.Zero(t, journal.Count("begin"))
	}
}
