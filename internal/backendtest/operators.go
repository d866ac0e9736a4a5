package backendtest

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
)

// What the four operators do with values: pypeln's own tests of them, over random input.

var mapChecks = []check{
	{"OneWorkerKeepsTheOrder", nothing, mapKeepsOrder},
	{"ManyWorkersKeepEveryValueOnce", nothing, mapKeepsValues},
	{"ZeroIsAValueLikeAnyOther", nothing, mapYieldsZero},
	{"WorkersWorkTogether", here | concurrent, mapWorkersTogether},
	{"NeverMoreAtOnceThanWorkers", here, mapWorkersBound},
}

var filterChecks = []check{
	{"KeepsTheValueThatPassed", nothing, filterKeeps},
	{"EverythingDroppedIsAnEmptyResult", nothing, filterDropsAll},
	{"AfterMapAndFlatMapWithManyWorkers", nothing, filterAtTheEnd},
}

var flatMapChecks = []check{
	{"OneWorkerKeepsTheOrder", nothing, flatMapKeepsOrder},
	{"ManyWorkersKeepEveryValueOnce", nothing, flatMapKeepsValues},
	{"SomeValuesYieldNothing", nothing, flatMapYieldsNothing},
	{"YieldedValuesArriveBeforeTheFunctionEnds", here | concurrent, flatMapStreams},
	{"YieldReportsTheEndOfTheRun", here, flatMapYieldFalse},
}

var eachChecks = []check{
	{"RunsForEveryValueAndYieldsNothing", nothing, eachRuns},
	{"EmptyInput", nothing, eachEmpty},
}

// lists are random inputs, the empty one among them.
func lists() [][]int {
	all := [][]int{{}, {7}, {3, 1, 2}}
	for range 3 {
		list := make([]int, rand.IntN(200))
		for i := range list {
			list[i] = rand.IntN(1000)
		}
		all = append(all, list)
	}
	return all
}

// listed makes the nil of an empty result an empty list.
func listed(got []int) []int { return append([]int{}, got...) }

func mapped(list []int, f func(int) int) []int {
	out := make([]int, len(list))
	for i, x := range list {
		out[i] = f(x)
	}
	return out
}

func square(x int) int { return x * x }

func mapKeepsOrder(t *testing.T, api API) {
	for _, list := range lists() {
		assert.Equal(t, list, listed(mustCollect(t, api, api.Same(pl.FromSlice(list)))))
		got := mustCollect(t, api, pl.Pipe(pl.FromSlice(list), api.Square))
		assert.Equal(t, mapped(list, square), listed(got))
	}
}

func mapKeepsValues(t *testing.T, api API) {
	for _, list := range lists() {
		for _, workers := range []int{2, 5} {
			got := mustCollect(t, api, api.Square(pl.FromSlice(list)).With(pl.Workers(workers), pl.MaxSize(workers-2)))
			SameValues(t, mapped(list, square), got, "%d workers", workers)
		}
	}
}

func mapYieldsZero(t *testing.T, api API) {
	assert.Equal(t, []int{0, 0, 0}, mustCollect(t, api, api.Same(pl.From(0, 0, 0))))
}

func mapWorkersTogether(t *testing.T, api API) {
	start := time.Now()
	naps := []int{Nap, Nap, Nap, Nap, Nap, Nap, Nap, Nap}
	mustCollect(t, api, api.Obey.Map(pl.FromSlice(naps)).With(pl.Workers(4)))
	assert.Equal(t, 2*api.Tick, time.Since(start), "8 values of one tick each, 4 at once")
}

func mapWorkersBound(t *testing.T, api API) {
	for _, workers := range []int{1, 3} {
		var now, peak atomic.Int64
		f := func(ctx context.Context, x int) (int, error) {
			n := now.Add(1)
			defer now.Add(-1)
			peak.Store(max(peak.Load(), n)) // a lost update loses nothing: all are there before one leaves
			return x, api.Sleep(ctx, api.Tick)
		}
		mustCollect(t, api, api.Map(f, pl.Workers(workers))(pl.Range(20)))
		if !api.Concurrent {
			workers = 1
		}
		assert.EqualValues(t, workers, peak.Load(), "most values in f at once")
	}
}

func filterKeeps(t *testing.T, api API) {
	odd := func(list []int) []int {
		return slices.DeleteFunc(slices.Clone(list), func(x int) bool { return x%2 == 0 })
	}
	for _, list := range lists() {
		got := mustCollect(t, api, api.Odd(pl.FromSlice(list)))
		assert.Equal(t, odd(list), listed(got), "1 worker, in order")
		got = mustCollect(t, api, api.Odd(pl.FromSlice(list)).With(pl.Workers(3)))
		SameValues(t, odd(list), got, "3 workers")
	}
}

func filterDropsAll(t *testing.T, api API) {
	assert.Empty(t, mustCollect(t, api, api.Never(pl.Range(100)).With(pl.Workers(3), pl.MaxSize(1))))
}

func filterAtTheEnd(t *testing.T, api API) {
	for _, list := range lists() {
		var want []int
		for _, x := range list {
			for i := range 3 {
				if y := 3*x*x + i; y%2 != 0 {
					want = append(want, y)
				}
			}
		}
		s := pl.Pipe3(pl.FromSlice(list), api.Square, api.Triple, api.Odd)
		SameValues(t, want, mustCollect(t, api, s.With(pl.Workers(3))))
	}
}

func tripled(list []int) []int {
	out := make([]int, 0, 3*len(list))
	for _, x := range list {
		out = append(out, 3*x, 3*x+1, 3*x+2)
	}
	return out
}

func flatMapKeepsOrder(t *testing.T, api API) {
	for _, list := range lists() {
		got := mustCollect(t, api, api.Triple(pl.FromSlice(list)))
		assert.Equal(t, tripled(list), listed(got))
	}
}

func flatMapKeepsValues(t *testing.T, api API) {
	for _, list := range lists() {
		for _, size := range []int{0, 1, 2} {
			s := api.Triple(pl.FromSlice(list)).With(pl.Workers(3), pl.MaxSize(size))
			SameValues(t, tripled(list), mustCollect(t, api, s), "MaxSize(%d)", size)
		}
	}
}

func flatMapYieldsNothing(t *testing.T, api API) {
	got := mustCollect(t, api, api.Few(pl.From(0, 1, 2, 3, 4, 5, 6)))
	assert.Equal(t, []int{1, 2, 2, 4, 5, 5}, got)
}

// flatMapStreams needs the loop to take what was yielded while the function is still at work.
func flatMapStreams(t *testing.T, api API) {
	taken := make(chan struct{})
	f := func(ctx context.Context, x int, yield func(int) bool) error {
		for i := range 3 {
			yield(10*x + i)
			if err := receive(ctx, api, taken); err != nil {
				return err
			}
		}
		return nil
	}
	var got []int
	for x, err := range api.FlatMap(f)(pl.Range(2)).All(api.base(t)) {
		require.NoError(t, err)
		got = append(got, x)
		taken <- struct{}{}
	}
	assert.Equal(t, []int{0, 1, 2, 10, 11, 12}, got)
}

func flatMapYieldFalse(t *testing.T, api API) {
	var accepted, refused int
	f := func(_ context.Context, _ int, yield func(int) bool) error {
		for range 100 {
			if yield(1) {
				accepted++
			} else {
				refused++ // and goes on, which must be harmless
			}
		}
		return nil
	}
	first(t, api, 3, api.FlatMap(f, pl.MaxSize(2))(pl.Range(1)))
	assert.Equal(t, 100, accepted+refused)
	assert.Positive(t, refused, "yield reports false once the loop has ended")
	assert.GreaterOrEqual(t, accepted, 2)
}

func eachRuns(t *testing.T, api API) {
	journal := Keep(t)
	got := mustCollect(t, api, api.Obey.Each(pl.Range(50)).With(pl.Workers(3)))
	assert.Empty(t, got)
	assert.Equal(t, 50, journal.Count("begin"))
	assert.NoError(t, api.Obey.Each(pl.Range(50)).Run(api.context(t)))
	assert.Equal(t, 100, journal.Count("begin"))
}

func eachEmpty(t *testing.T, api API) {
	assert.Empty(t, mustCollect(t, api, api.Drop(pl.From[int]())))
	assert.NoError(t, run(t, api, api.Drop(pl.Range(0)).With(pl.Workers(4))))
}
