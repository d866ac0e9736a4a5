package backendtest

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
)

// Law 7: Ordered restores the order of the source, streaming, with holes and children; its window
// is exact.

var orderChecks = []check{
	{"AfterMap", nothing, orderedMap},
	{"AfterFilter", nothing, orderedFilter},
	{"AfterFlatMapOfFlatMap", nothing, orderedFlatMap},
	{"AfterDroppedValues", nothing, orderedDrops},
	{"AfterRetries", nothing, orderedRetries},
	{"AcrossManyStages", nothing, orderedAcross},
	{"TwiceInOnePipeline", nothing, orderedTwice},
	{"StreamsAsSoonAsAllBeforeAreOut", here | concurrent, orderedStreams},
	{"StreamsPastAHole", here | concurrent, orderedPastHole},
	{"ChildrenStreamBeforeTheirParentEnds", here | concurrent, orderedChildrenStream},
	{"FailurePasses", nothing, orderedFails},
	{"BreakStops", nothing, orderedBreak},
	{"EmptyInput", nothing, orderedEmpty},
}

var windowChecks = []check{
	{"AtMostThatManyUnderWay", here | concurrent, windowIsExact},
	{"OfOneIsOneByOne", here | concurrent, windowOfOne},
	{"NeverDeadlocksOnHoles", nothing, windowHoles},
	{"NeverDeadlocksOnChildren", nothing, windowChildren},
	{"NeverDeadlocksWithSmallQueues", nothing, windowSmallQueues},
	{"AbandonedValueLetsGo", here | abandons, windowAbandoned},
	{"DroppedValueLetsGo", here | concurrent, windowDropped},
}

var busy = []pl.Option{pl.Workers(4)}

func orderedMap(t *testing.T, api API) {
	for _, size := range []int{0, 1, 3} {
		s := api.Doze(pl.Range(60)).With(pl.Workers(4), pl.MaxSize(size))
		assert.Equal(t, numbers(60), mustCollect(t, api, pl.Ordered(s)), "MaxSize(%d)", size)
	}
}

func orderedFilter(t *testing.T, api API) {
	s := pl.Ordered(api.Odd(api.Doze(pl.Range(60)).With(busy...)).With(busy...))
	want := slices.DeleteFunc(numbers(60), func(x int) bool { return x%2 == 0 })
	assert.Equal(t, want, mustCollect(t, api, s))
	assert.Empty(t, mustCollect(t, api, pl.Ordered(api.Never(pl.Range(60)).With(busy...))))
}

func orderedFlatMap(t *testing.T, api API) {
	s := api.Triple(api.Doze(pl.Range(20)).With(busy...)).With(busy...)
	s = pl.Ordered(api.Few(api.Doze(s).With(busy...)).With(busy...))
	var want []int
	for _, x := range tripled(numbers(20)) {
		want = append(want, slices.Repeat([]int{x}, x%3)...)
	}
	assert.Equal(t, want, mustCollect(t, api, s))
}

func orderedDrops(t *testing.T, api API) {
	list := numbers(30)
	list[0], list[7], list[8], list[29] = Fail, Fail+1, Panic, Fail+2
	s := api.Obey.Map(api.Doze(pl.FromSlice(list)).With(busy...)).With(pl.Workers(4), pl.OnError(pl.Skip))
	want := slices.DeleteFunc(slices.Clone(list), func(x int) bool { return x >= Fail })
	assert.Equal(t, want, mustCollect(t, api, pl.Ordered(s)))

	s = api.Obey.FlatMap(pl.From(1, Fail, 2)).With(pl.Workers(3), pl.OnError(pl.Skip))
	assert.Equal(t, []int{1, -1, Fail, 2, -2}, mustCollect(t, api, pl.Ordered(s)), "a child before its parent failed")
}

func orderedRetries(t *testing.T, api API) {
	Keep(t)
	s := api.Obey.Map(pl.From(FailOnce, 1, FailOnce+1, 2)).With(pl.Workers(2), pl.Retry(2, nil))
	assert.Equal(t, []int{FailOnce, 1, FailOnce + 1, 2}, mustCollect(t, api, pl.Ordered(s)))
}

func orderedAcross(t *testing.T, api API) {
	s := pl.Range(30)
	for range 4 {
		s = api.Doze(api.AddOne(s).With(busy...)).With(pl.Workers(3), pl.MaxSize(2))
	}
	assert.Equal(t, mapped(numbers(30), func(x int) int { return x + 4 }), mustCollect(t, api, pl.Ordered(s)))
}

func orderedTwice(t *testing.T, api API) {
	s := pl.Ordered(api.Doze(pl.Range(30)).With(busy...))
	s = pl.Ordered(api.Doze(api.Triple(s).With(busy...)).With(busy...))
	assert.Equal(t, tripled(numbers(30)), mustCollect(t, api, s))
}

// arrivals collects values with the ticks they arrived at.
func arrivals(t *testing.T, api API, s pl.Stage[int]) (values []int, ticks []time.Duration) {
	t.Helper()
	start := time.Now()
	for x, err := range s.All(api.base(t)) {
		require.NoError(t, err)
		values = append(values, x)
		ticks = append(ticks, time.Since(start)/api.Tick)
	}
	return values, ticks
}

func orderedStreams(t *testing.T, api API) {
	s := api.Obey.Map(pl.From(Nap+1, Nap, 1, Nap+4, 2)).With(pl.Workers(5))
	values, ticks := arrivals(t, api, pl.Ordered(s))
	assert.Equal(t, []int{Nap + 1, Nap, 1, Nap + 4, 2}, values)
	assert.Equal(t, []time.Duration{2, 2, 2, 5, 5}, ticks)
}

func orderedPastHole(t *testing.T, api API) {
	keepOne := func(ctx context.Context, x int) (bool, error) {
		if x == 0 {
			return false, api.Sleep(ctx, 3*api.Tick)
		}
		return x == 1, nil
	}
	late := pl.FromFunc(func(ctx context.Context, yield func(int) bool) error {
		_ = yield(0) && yield(1)
		if err := sleep(ctx, 10*api.Tick); err != nil {
			return err
		}
		yield(2)
		return nil
	})
	values, ticks := arrivals(t, api, pl.Ordered(api.Filter(keepOne, pl.Workers(2))(late)))
	assert.Equal(t, []int{1}, values)
	assert.Equal(t, []time.Duration{3}, ticks, "1 is out when 0 is known to be dropped, not at the end")
}

func orderedChildrenStream(t *testing.T, api API) {
	f := func(ctx context.Context, x int, yield func(int) bool) error {
		for i := range 3 {
			if !yield(10*x + i) {
				return nil
			}
			if err := api.Sleep(ctx, api.Tick); err != nil {
				return err
			}
		}
		return nil
	}
	values, ticks := arrivals(t, api, pl.Ordered(api.FlatMap(f, pl.Workers(2))(pl.Range(2))))
	assert.Equal(t, []int{0, 1, 2, 10, 11, 12}, values)
	assert.Equal(t, []time.Duration{0, 1, 2, 3, 3, 3}, ticks)
}

func orderedFails(t *testing.T, api API) {
	got, err := collect(t, api, pl.Ordered(api.Obey.Map(pl.From(0, 1, Fail, 3)).With(pl.Workers(2))))
	isBroken(t, api, err)
	assert.Equal(t, []int{0, 1}[:min(len(got), 2)], listed(got))
}

func orderedBreak(t *testing.T, api API) {
	for _, window := range []int{1, 4} {
		s := pl.OrderedWindow[int](window)(api.Same(endless()).With(busy...))
		assert.Equal(t, numbers(10), first(t, api, 10, s))
	}
}

func orderedEmpty(t *testing.T, api API) {
	assert.Empty(t, mustCollect(t, api, pl.Ordered(api.Same(pl.Range(0)))))
	assert.Empty(t, mustCollect(t, api, pl.OrderedWindow[int](1)(api.Triple(pl.Range(0)))))
}

// windowIsExact blocks value 0: it and the n-1 after it are under way, and the source waits.
func windowIsExact(t *testing.T, api API) {
	for _, n := range []int{1, 2, 5} {
		var begun, yielded atomic.Int64
		release := make(chan struct{})
		f := func(ctx context.Context, x int) (int, error) {
			begun.Add(1)
			if x == 0 {
				return x, receive(ctx, api, release)
			}
			return x, nil
		}
		next := pull(t, api, pl.OrderedWindow[int](n)(api.Map(f, pl.Workers(8))(counted(&yielded))))
		go func() {
			api.rest()
			assert.EqualValues(t, n, begun.Load(), "window of %d", n)
			assert.LessOrEqual(t, yielded.Load(), int64(n), "window of %d", n)
			close(release)
		}()
		for i := range 20 {
			require.Equal(t, i, next())
		}
	}
}

func windowOfOne(t *testing.T, api API) {
	var now, peak atomic.Int64
	f := func(ctx context.Context, x int) (int, error) {
		peak.Store(max(peak.Load(), now.Add(1)))
		defer now.Add(-1)
		return x, api.Sleep(ctx, api.Tick)
	}
	start := time.Now()
	got := mustCollect(t, api, pl.OrderedWindow[int](1)(api.Map(f, pl.Workers(4))(pl.Range(5))))
	assert.Equal(t, numbers(5), got)
	assert.EqualValues(t, 1, peak.Load())
	assert.Equal(t, 5*api.Tick, time.Since(start))
}

func windowHoles(t *testing.T, api API) {
	for _, n := range []int{1, 2, 7} {
		s := api.Never(api.Odd(pl.Range(50)).With(busy...)).With(busy...)
		assert.Empty(t, mustCollect(t, api, pl.OrderedWindow[int](n)(s)), "window of %d", n)

		s = api.Odd(api.Same(pl.Range(50)).With(busy...)).With(busy...)
		want := slices.DeleteFunc(numbers(50), func(x int) bool { return x%2 == 0 })
		assert.Equal(t, want, mustCollect(t, api, pl.OrderedWindow[int](n)(s)), "window of %d", n)
	}
}

func windowChildren(t *testing.T, api API) {
	for _, n := range []int{1, 2, 7} {
		s := api.Triple(api.Triple(pl.Range(20)).With(busy...)).With(busy...)
		want := tripled(tripled(numbers(20)))
		assert.Equal(t, want, mustCollect(t, api, pl.OrderedWindow[int](n)(s)), "window of %d", n)

		s = api.Few(pl.Range(30)).With(busy...)
		got := mustCollect(t, api, pl.OrderedWindow[int](n)(s))
		assert.True(t, slices.IsSorted(got))
		assert.Len(t, got, 30)
	}
}

func windowSmallQueues(t *testing.T, api API) {
	for _, n := range []int{1, 2, 3} {
		small := []pl.Option{pl.Workers(3), pl.MaxSize(1)}
		s := api.Few(api.Triple(api.Doze(pl.Range(20)).With(small...)).With(small...)).With(small...)
		got := mustCollect(t, api, api.Same(pl.OrderedWindow[int](n)(s)).With(pl.MaxSize(1)))
		assert.True(t, slices.IsSorted(got))
		assert.Len(t, got, 60)
	}
}

func windowAbandoned(t *testing.T, api API) {
	s := api.Obey.Map(pl.From(0, Ignore, 2, 3)).With(pl.Workers(2), pl.Timeout(api.Tick), pl.OnError(pl.Skip))
	assert.Equal(t, []int{0, 2, 3}, skimmed(t, api, pl.OrderedWindow[int](1)(s)))
	api.settle()
}

func windowDropped(t *testing.T, api API) {
	s := api.Obey.Map(pl.From(Fail, 0, Fail, Fail+1, 1)).With(pl.Workers(2), pl.OnError(pl.Skip))
	assert.Equal(t, []int{0, 1}, mustCollect(t, api, pl.OrderedWindow[int](1)(s)))
}
