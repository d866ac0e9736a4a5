package backendtest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
)

// Law 4: what a worker has produced can be taken, and what it has pulled but not begun can be taken
// by a sibling. Each check is a legal program that private batches inside the engine would
// deadlock.

var livenessChecks = []check{
	{"LoopReleasesWhatTheFirstStageTakes", here | concurrent, loopReleases},
	{"TwoValuesMeet", here | concurrent, valuesMeet},
	{"PairsMeetBehindASmallBound", here | concurrent, pairsMeet},
	{"OneValueWaitsForAllOthers", here | concurrent, valueWaitsForAll},
	{"ValueWaitsForTheSource", here | concurrent, valueWaitsForSource},
	{"StuckWorkerLeavesTheRestToItsSibling", concurrent, stuckWorker},
	{"LoneValueArrivesAtOnce", nothing, loneValue},
	{"StageThatMeetsTheOneBefore", here | concurrent, stagesMeet},
}

// pairsMeet has as many workers as values that meet, after many cheap values that let workers fetch
// more and more at a time.
func pairsMeet(t *testing.T, api API) {
	const n, cheap = 4000, 2000
	key := pl.ByKey(func(x int) int { return x % 1000 })
	for name, opts := range map[string][]pl.Option{
		"ByKey":              {pl.MaxSize(4), key},
		"MaxWeight":          {pl.MaxWeight(4, func(int) int64 { return 1 })},
		"both":               {pl.MaxSize(7), key, pl.MaxWeight(1000, func(int) int64 { return 1 })},
		"a stage with ByKey": {pl.MaxSize(4)},
	} {
		begun := make([]chan struct{}, n)
		for i := range begun {
			begun[i] = make(chan struct{})
		}
		meet := func(ctx context.Context, x int) (int, error) {
			close(begun[x])
			if x < cheap || x%2 == 1 {
				return x, nil
			}
			return api.Await(ctx, func(ctx context.Context) (int, error) {
				select {
				case <-begun[x+1]:
				case <-ctx.Done():
				}
				return x, ctx.Err()
			})
		}
		source := pl.FromSeq(slices.Values(numbers(n)))
		if name == "a stage with ByKey" {
			source = api.Same(source).With(pl.MaxSize(4), key)
		}
		got := mustCollect(t, api, api.Map(meet, opts...)(source).With(pl.Workers(2)))
		assert.Len(t, got, n, name)
	}
}

var sizes = []int{0, 1, 2, 64, 1024}

// sourcesOf are values that are there already, which workers may fetch themselves, and the same
// from a source that has to run.
func sourcesOf(list []int) []pl.Stage[int] {
	return []pl.Stage[int]{pl.FromSlice(list), pl.FromSeq(slices.Values(list))}
}

// loopReleases is program (i): the function takes a semaphore that only the final loop releases.
func loopReleases(t *testing.T, api API) {
	for _, size := range sizes {
		opts := []pl.Option{pl.Workers(2), pl.MaxSize(size)}
		permits := make(chan struct{}, 3)
		take := func(ctx context.Context, x int) (int, error) {
			_, err := api.Await(ctx, func(ctx context.Context) (int, error) {
				select {
				case permits <- struct{}{}:
					return 0, nil
				case <-ctx.Done():
					return 0, ctx.Err()
				}
			})
			return x, err
		}
		got := 0
		for _, err := range api.Same(api.Map(take, opts...)(pl.Range(2000))).With(opts...).All(api.base(t)) {
			require.NoError(t, err)
			got++
			<-permits
		}
		assert.Equal(t, 2000, got, "MaxSize(%d)", size)
	}
}

// valuesMeet is program (ii): one value's function waits for the next one's, with two workers.
func valuesMeet(t *testing.T, api API) {
	for i := range 2 * len(sizes) {
		size, source := sizes[i/2], sourcesOf(numbers(3000))[i%2]
		met := make(chan struct{})
		meet := func(ctx context.Context, x int) (int, error) {
			switch x {
			case 1000:
				return x, receive(ctx, api, met)
			case 1001:
				close(met)
			}
			return x, nil
		}
		got := mustCollect(t, api, api.Map(meet, pl.Workers(2), pl.MaxSize(size))(source))
		SameValues(t, numbers(3000), got, "%v, MaxSize(%d)", source, size)
	}
}

func valueWaitsForAll(t *testing.T, api API) {
	const n = 500
	for i := range 2 * len(sizes) {
		size, source := sizes[i/2], sourcesOf(numbers(n))[i%2]
		others := make(chan struct{}, n)
		f := func(ctx context.Context, x int) (int, error) {
			if x > 0 {
				others <- struct{}{}
				return x, nil
			}
			for range n - 1 {
				if err := receive(ctx, api, others); err != nil {
					return x, err
				}
			}
			return x, nil
		}
		got := mustCollect(t, api, api.Map(f, pl.Workers(2), pl.MaxSize(size))(source))
		SameValues(t, numbers(n), got, "%v, MaxSize(%d)", source, size)
	}
}

// valueWaitsForSource lets the source go on only when its last value is being worked on.
func valueWaitsForSource(t *testing.T, api API) {
	begun := make(chan struct{})
	f := func(_ context.Context, x int) (int, error) { begun <- struct{}{}; return x, nil }
	s := pl.FromFunc(func(ctx context.Context, yield func(int) bool) error {
		for i := range 100 {
			if !yield(i) {
				return nil
			}
			select {
			case <-begun:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	assert.Len(t, mustCollect(t, api, api.Map(f, pl.Workers(2))(s)), 100)
}

func stuckWorker(t *testing.T, api API) {
	list := numbers(200)
	list[0] = Last + len(list)
	for _, size := range []int{0, 8} {
		for _, source := range sourcesOf(list) {
			Keep(t)
			got, err := collect(t, api, api.Obey.Map(source).With(pl.Workers(2), pl.MaxSize(size)))
			require.NoError(t, err, "%v, MaxSize(%d): the sibling does not get all others", source, size)
			SameValues(t, list, got)
		}
	}
}

// loneValue arrives although no other comes to fill whatever batch it is in, and the source is
// still there.
func loneValue(t *testing.T, api API) {
	ctx, cancel := context.WithCancel(api.context(t))
	defer cancel()
	feed := make(chan int, 1)
	feed <- 1
	got := 0
	start := time.Now()
	s := api.Same(api.Same(pl.FromChan(feed)).With(pl.MaxSize(64))).With(pl.MaxSize(64), pl.Workers(2))
	for x, err := range s.All(ctx) {
		require.NoError(t, err)
		require.Equal(t, got+1, x)
		if got++; got == 20 {
			close(feed)
			continue
		}
		feed <- got + 1
	}
	assert.Equal(t, 20, got)
	if api.Here {
		assert.True(t, time.Now().Equal(start), "without a wait")
	}
}

// stagesMeet has the first stage wait for the second to have seen the value before.
func stagesMeet(t *testing.T, api API) {
	for _, size := range sizes {
		seen := make(chan struct{}, 1000)
		seen <- struct{}{}
		first := api.Map(func(ctx context.Context, x int) (int, error) { return x, receive(ctx, api, seen) },
			pl.MaxSize(size))
		second := api.Map(func(_ context.Context, x int) (int, error) { seen <- struct{}{}; return x, nil },
			pl.MaxSize(size))
		assert.Equal(t, numbers(500), mustCollect(t, api, second(first(pl.Range(500)))), "MaxSize(%d)", size)
	}
}
