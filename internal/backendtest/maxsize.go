package backendtest

import (
	"context"
	"iter"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
)

// Law 5: maxsize is exact, counted at rest, when nothing moves any more.

var maxSizeChecks = []check{
	{"FiveBegunAfterOneTaken", queued, fiveBegun},
	{"BegunIsConsumedPlusMaxSizePlusWorkers", here | queued, begunIsExact},
	{"StuckWorkerHoldsNoRoom", here | concurrent, stuckHoldsNoRoom},
	{"NeverMoreAtAnyMoment", nothing, begunNeverMore},
	{"NeverMoreUnderLoad", here | queued, begunUnderLoad},
	{"SourceIsHeldUp", here | queued, sourceIsHeldUp},
	{"BetweenTwoStages", here | queued, betweenStages},
	{"OutputsOfFlatMapCountOneByOne", here | queued, flatMapOutputsCount},
	{"ZeroIsUnbounded", here | queued, zeroIsUnbounded},
	{"NothingIsLostAtTheSmallest", nothing, smallestLosesNothing},
	{"OneValueAtATimeWithoutQueues", here, unqueuedIsLazy},
}

// pull begins a run whose values are taken by hand.
func pull(t *testing.T, api API, s pl.Stage[int]) func() int {
	t.Helper()
	next, stop := iter.Pull2(s.All(api.context(t)))
	t.Cleanup(stop)
	return func() int {
		x, err, ok := next()
		require.True(t, ok)
		require.NoError(t, err)
		return x
	}
}

// fiveBegun is pypeln's own test: one was taken, three wait, one is in the worker's hand.
func fiveBegun(t *testing.T, api API) {
	journal := Keep(t)
	s := api.Obey.Map(pl.Range(20)).With(pl.MaxSize(3))
	for x, err := range s.All(api.context(t)) {
		require.NoError(t, err)
		require.Zero(t, x)
		api.rest()
		assert.Equal(t, 5, journal.Count("begin"))
		break
	}
}

func begunIsExact(t *testing.T, api API) {
	for _, workers := range []int{1, 2, 4} {
		for _, size := range []int{1, 2, 3, 16} {
			var begun atomic.Int64
			next := pull(t, api, api.Map(counting(&begun), pl.Workers(workers), pl.MaxSize(size))(endless()))
			for taken := 1; taken <= 5; taken++ {
				next()
				api.rest()
				require.EqualValues(t, taken+size+workers, begun.Load(), "%d taken, MaxSize(%d), %d workers", taken, size, workers)
			}
		}
	}
}

// stuckHoldsNoRoom has one worker stuck in its function in the middle of a busy run: the others can
// use all the room there is, whatever the stuck one may have been promised.
func stuckHoldsNoRoom(t *testing.T, api API) {
	for _, workers := range []int{2, 4} {
		for _, size := range []int{1, 16, 64, 200} {
			var begun atomic.Int64
			release := make(chan struct{})
			f := func(ctx context.Context, x int) (int, error) {
				if begun.Add(1); x == 1000 {
					return x, receive(ctx, api, release)
				}
				return x, nil
			}
			next := pull(t, api, api.Map(f, pl.Workers(workers), pl.MaxSize(size))(endless()))
			taken := 0
			for ; taken < 1000 || begun.Load() <= 1000; taken++ {
				next()
			}
			api.rest()
			assert.EqualValues(t, taken+size+workers, begun.Load(), "MaxSize(%d), %d workers", size, workers)
			close(release)
			next()
		}
	}
}

func begunNeverMore(t *testing.T, api API) {
	journal := Keep(t)
	const workers, size = 2, 3
	taken := 0
	for _, err := range api.Obey.Map(pl.Range(60)).With(pl.Workers(workers), pl.MaxSize(size)).All(api.context(t)) {
		require.NoError(t, err)
		taken++
		require.LessOrEqual(t, journal.Count("begin"), taken+size+workers)
	}
	assert.Equal(t, 60, taken)
}

// begunUnderLoad has everything run as fast as it can. The value in the hand of the loop has left
// the queue.
func begunUnderLoad(t *testing.T, api API) {
	for _, workers := range []int{1, 2, 4} {
		for _, size := range []int{1, 2, 15, 16, 64} {
			var yielded, begun, taken, most, ahead atomic.Int64
			f := func(_ context.Context, x int) (int, error) {
				n := begun.Add(1)
				most.Store(max(most.Load(), n-taken.Load()))
				return x, nil
			}
			source := pl.FromFunc(func(_ context.Context, yield func(int) bool) error {
				for i := 0; i < 3000 && yield(i); i++ {
					n := yielded.Add(1)
					ahead.Store(max(ahead.Load(), n-begun.Load()))
				}
				return nil
			})
			for _, err := range api.Map(f, pl.Workers(workers), pl.MaxSize(size))(source).All(api.base(t)) {
				require.NoError(t, err)
				taken.Add(1)
			}
			require.EqualValues(t, 3000, taken.Load())
			require.LessOrEqual(t, most.Load(), int64(size+workers+1), "MaxSize(%d), %d workers", size, workers)
			// A worker has taken its value from the queue a moment before its function counts it.
			require.LessOrEqual(t, ahead.Load(), int64(size+workers), "MaxSize(%d), %d workers", size, workers)
		}
	}
}

// counting counts how often it is called.
func counting(begun *atomic.Int64) MapFunc {
	return func(_ context.Context, x int) (int, error) { begun.Add(1); return x, nil }
}

// counted yields 0, 1, 2 … and counts the values that were taken from its hand.
func counted(taken *atomic.Int64) pl.Stage[int] {
	return pl.FromFunc(func(_ context.Context, yield func(int) bool) error {
		for i := 0; yield(i); i++ {
			taken.Add(1)
		}
		return nil
	})
}

// sourceIsHeldUp blocks the function: one value in each worker, MaxSize in the queue, no more from
// the source.
func sourceIsHeldUp(t *testing.T, api API) {
	for _, workers := range []int{1, 3} {
		for _, size := range []int{1, 2, 7} {
			var yielded atomic.Int64
			release := make(chan struct{})
			f := func(ctx context.Context, x int) (int, error) { return x, receive(ctx, api, release) }
			ctx, cancel := context.WithCancel(api.base(t))
			done := make(chan error)
			go func() { done <- api.Map(f, pl.Workers(workers), pl.MaxSize(size))(counted(&yielded)).Run(ctx) }()
			api.rest()
			assert.EqualValues(t, workers+size, yielded.Load(), "MaxSize(%d), %d workers", size, workers)
			cancel()
			assert.ErrorIs(t, <-done, context.Canceled)
		}
	}
}

func betweenStages(t *testing.T, api API) {
	var begun atomic.Int64
	first := api.Map(counting(&begun), pl.MaxSize(5))
	second := api.Map(func(ctx context.Context, x int) (int, error) {
		return x, api.Sleep(ctx, 1000*api.Tick)
	}, pl.MaxSize(2), pl.Workers(3))
	ctx, cancel := context.WithTimeout(api.base(t), api.Tick)
	defer cancel()
	assert.ErrorIs(t, second(first(endless())).Run(ctx), context.DeadlineExceeded)
	assert.EqualValues(t, 3+2+1, begun.Load(), "in the second stage's workers, in its queue, in the first worker's hand")
}

func flatMapOutputsCount(t *testing.T, api API) {
	yielded := 0
	f := func(_ context.Context, _ int, yield func(int) bool) error {
		for i := 0; yield(i); i++ {
			yielded++
		}
		return nil
	}
	next := pull(t, api, api.FlatMap(f, pl.MaxSize(4))(pl.Range(1)))
	for taken := 1; taken <= 5; taken++ {
		next()
		api.rest()
		require.Equal(t, taken+4, yielded)
	}
}

func zeroIsUnbounded(t *testing.T, api API) {
	const n = 3000
	var begun atomic.Int64
	next := pull(t, api, api.Map(counting(&begun))(pl.Range(n)))
	next()
	api.rest()
	assert.EqualValues(t, n, begun.Load(), "all has been done while the consumer thinks about the first")
}

// smallestLosesNothing is pypeln's B4 too: a bounded output and a plain loop hung.
func smallestLosesNothing(t *testing.T, api API) {
	for _, workers := range []int{1, 4} {
		s := pl.Range(200)
		for range 3 {
			s = api.Same(s).With(pl.MaxSize(1), pl.Workers(workers))
		}
		SameValues(t, numbers(200), mustCollect(t, api, s), "%d workers", workers)
	}
}

func unqueuedIsLazy(t *testing.T, api API) {
	if api.Queued {
		t.Skip("has queues")
	}
	var begun, yielded atomic.Int64
	next := pull(t, api, api.Map(counting(&begun), pl.MaxSize(7), pl.Workers(3))(counted(&yielded)))
	for taken := 1; taken <= 3; taken++ {
		next()
		assert.EqualValues(t, taken, begun.Load())
		assert.EqualValues(t, taken-1, yielded.Load(), "the last one is still in yield")
	}
}
