package pl_test

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/thread"
)

func TestBatchFillsUpToN(t *testing.T) {
	for name, s := range map[string]pl.Stage[int]{"source": pl.Range(7), "thread": thread.Map(same)(pl.Range(7))} {
		assert.Equal(t, [][]int{{0, 1, 2}, {3, 4, 5}, {6}}, values(t, pl.Batch[int](3, 0)(s)), name)
		assert.Equal(t, [][]int{{0, 1, 2, 3, 4, 5, 6}}, values(t, pl.Batch[int](100, 0)(s)), name)
		assert.Len(t, values(t, pl.Batch[int](1, 0)(s)), 7, name)
		assert.Empty(t, values(t, pl.Batch[int](3, 0)(pl.Range(0))), name)
	}
	assert.Equal(t, [][]int{{0, 1}, {2, 3}}, values(t, pl.Batch[int](2, 0)(pl.Range(4))), "no empty batch at the end")
}

func TestBatchesAreTheConsumersToKeepAndChange(t *testing.T) {
	var kept [][]int
	for batch, err := range pl.Batch[int](2, 0)(pl.Range(6)).All(t.Context()) {
		require.NoError(t, err)
		_ = append(batch, 99) // must not reach into the next one
		batch[0] += 100
		kept = append(kept, batch)
	}
	assert.Equal(t, [][]int{{100, 1}, {102, 3}, {104, 5}}, kept)
}

// The clock of a batch starts with its first value, not when the one before was full.
func TestBatchWaits(t *testing.T) {
	inBubble(t, map[string]func(t *testing.T){
		"hands on what came in time": func(t *testing.T) {
			start := time.Now()
			var ticks []time.Duration
			var got [][]int
			for batch, err := range pl.Batch[int](10, 5*time.Second/2)(every(time.Second, 0, 7)).All(t.Context()) {
				require.NoError(t, err)
				got = append(got, batch)
				ticks = append(ticks, time.Since(start))
			}
			assert.Equal(t, [][]int{{0, 1, 2}, {3, 4, 5}, {6}}, got)
			assert.Equal(t, []time.Duration{3500 * time.Millisecond, 6500 * time.Millisecond, 7 * time.Second}, ticks)
		},
		"a full one goes at once": func(t *testing.T) {
			start := time.Now()
			for batch := range pl.Batch[int](2, time.Hour)(every(time.Second, 0, 4)).All(t.Context()) {
				assert.Equal(t, []int{0, 1}, batch)
				assert.Equal(t, 2*time.Second, time.Since(start))
				break
			}
		},
		"the last one goes with the end": func(t *testing.T) {
			start := time.Now()
			assert.Equal(t, [][]int{{0, 1, 2}}, values(t, pl.Batch[int](10, time.Hour)(every(time.Second, 0, 3))))
			assert.Equal(t, 3*time.Second, time.Since(start))
		},
		"an empty one never goes": func(t *testing.T) {
			got := values(t, pl.Batch[int](10, time.Second)(every(time.Hour, 0, 3)))
			assert.Equal(t, [][]int{{0}, {1}, {2}}, got)
		},
		"without a limit it waits for n": func(t *testing.T) {
			assert.Equal(t, [][]int{{0, 1}, {2}}, values(t, pl.Batch[int](2, 0)(every(time.Hour, 0, 3))))
		},
		"a slow consumer loses nothing": func(t *testing.T) {
			var got []int
			for batch, err := range pl.Batch[int](3, time.Second)(every(time.Second, 0, 20)).With(pl.MaxSize(1)).All(t.Context()) {
				require.NoError(t, err)
				got = append(got, batch...)
				time.Sleep(5 * time.Second)
			}
			assert.Equal(t, numbers(20), got)
		},
		"break while it waits": func(t *testing.T) {
			start := time.Now()
			s := pl.Batch[int](3, time.Hour)(pl.Concat(every(time.Second, 0, 4), every(time.Hour, 9, 1)))
			for range s.All(t.Context()) {
				break
			}
			assert.Equal(t, 3*time.Second, time.Since(start))
		},
		"cancel while it waits": func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			assert.ErrorIs(t, pl.Batch[int](30, time.Hour)(every(time.Second, 0, 100)).Run(ctx), context.DeadlineExceeded)
		},
	})
}

// There is always a value to take, so the batch never waits.
func TestBatchIsOutInTimeWhereValuesComeFast(t *testing.T) {
	const n = 200_000_000
	for batch, err := range pl.Batch[struct{}](n, time.Millisecond)(pl.FromSlice(make([]struct{}, n))).All(t.Context()) {
		require.NoError(t, err)
		require.Less(t, len(batch), n/2)
		break
	}
}

func TestBatchWithAFailureKeepsTheError(t *testing.T) {
	s := pl.FromFunc(func(_ context.Context, yield func(int) bool) error {
		_ = yield(0) && yield(1) && yield(2)
		return errSource
	})
	got, err := collect(t, pl.Batch[int](2, 0)(s))
	require.ErrorIs(t, err, errSource)
	assert.LessOrEqual(t, len(got), 2)
}

func TestBatchRefusesBadNumbers(t *testing.T) {
	inBubble(t, map[string]func(t *testing.T){
		"0":          func(t *testing.T) { fails(t, pl.Batch[int](0, 0)(pl.Range(3)), "Batch", "0", "at least 1") },
		"-1":         func(t *testing.T) { fails(t, pl.Batch[int](-1, 0)(pl.Range(3)), "Batch", "-1") },
		"wait":       func(t *testing.T) { fails(t, pl.Batch[int](1, -time.Second)(pl.Range(3)), "Batch", "-1s") },
		"zero stage": func(t *testing.T) { fails(t, pl.Batch[int](1, 0)(pl.Stage[int]{})) },
		"Workers":    func(t *testing.T) { fails(t, pl.Batch[int](1, 0)(pl.Range(3)).With(pl.Workers(0)), "Workers(0)") },
	})
}

func TestFlatten(t *testing.T) {
	assert.Equal(t, numbers(5), values(t, pl.Flatten(pl.From([]int{0, 1}, nil, []int{}, []int{2, 3, 4}))))
	assert.Empty(t, values(t, pl.Flatten(pl.From[[]int]())))
	assert.Equal(t, numbers(50), values(t, pl.Pipe2(thread.Map(same)(pl.Range(50)), pl.Batch[int](7, 0), pl.Flatten)))
	for x, err := range pl.Flatten(pl.Batch[int](10, 0)(endless())).All(t.Context()) {
		require.NoError(t, err)
		if x == 15 {
			break
		}
	}
	fails(t, pl.Flatten(pl.Stage[[]int]{}))
}

func TestFlattenKeepsTheOrderBehindManyWorkers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := thread.Map(func(_ context.Context, batch []int) ([]int, error) {
			time.Sleep(time.Duration(100-batch[0]) * time.Second)
			return batch, nil
		}, pl.Workers(4))
		s := pl.Pipe4(pl.Range(50), pl.Batch[int](5, 0), slow, pl.Flatten, pl.Ordered)
		got, err := collect(t, s)
		require.NoError(t, err)
		assert.Equal(t, numbers(50), got)
	})
}

func TestTake(t *testing.T) {
	inBubble(t, map[string]func(t *testing.T){
		"the first n": func(t *testing.T) {
			for place, s := range around(pl.Range(10)) {
				assert.Equal(t, numbers(3), values(t, pl.Take[int](3)(s)), place)
			}
		},
		"more than there are": func(t *testing.T) { assert.Equal(t, numbers(3), values(t, pl.Take[int](9)(pl.Range(3)))) },
		"exactly what there is": func(t *testing.T) {
			assert.Equal(t, numbers(3), values(t, pl.Take[int](3)(thread.Map(same)(pl.Range(3)))))
		},
		"none": func(t *testing.T) {
			for place, s := range around(endless()) {
				assert.Empty(t, values(t, pl.Take[int](0)(s)), place)
			}
		},
		"stops what is endless": func(t *testing.T) {
			for place, s := range around(endless()) {
				assert.Equal(t, numbers(4), values(t, pl.Take[int](4)(s)), place)
				assert.Equal(t, numbers(4), values(t, thread.Map(same)(pl.Take[int](4)(s))), place)
			}
		},
		"does not wait for a value more": func(t *testing.T) {
			start := time.Now()
			got := values(t, pl.Take[int](2)(thread.Map(same, pl.Workers(2))(every(time.Second, 0, 100))))
			assert.Equal(t, []int{0, 1}, got)
			assert.Equal(t, 2*time.Second, time.Since(start))
		},
		"cancels what is at work": func(t *testing.T) {
			start := time.Now()
			var ended atomic.Int64
			r := pl.OnStart(func(context.Context) (int, error) { return 0, nil }).
				OnEnd(func(context.Context, int) error { ended.Add(1); return nil })
			f := func(ctx context.Context, _, x int) (int, error) {
				if x > 0 {
					<-ctx.Done()
				}
				return x, ctx.Err()
			}
			got := values(t, pl.Take[int](1)(thread.MapWith(r, f, pl.Workers(3))(endless())))
			assert.Equal(t, []int{0}, got)
			assert.Zero(t, time.Since(start))
			assert.EqualValues(t, 3, ended.Load())
		},
		"downstream works on": func(t *testing.T) {
			slow := thread.Map(func(_ context.Context, x int) (int, error) { time.Sleep(time.Second); return x, nil })
			assert.Equal(t, numbers(5), values(t, slow(pl.Take[int](5)(thread.Map(same)(endless())))))
		},
		"a shared source goes on for others": func(t *testing.T) {
			for _, shared := range []pl.Stage[int]{pl.Range(50), thread.Map(same)(pl.Range(50)), thread.Map(same, pl.MaxSize(1))(pl.Range(50))} {
				got := values(t, pl.Concat(pl.Take[int](3)(shared), thread.Map(negated)(shared)))
				slices.Sort(got)
				want := []int{1, 2}
				for i := range 50 {
					want = append(want, -i)
				}
				want = append(want, 0)
				slices.Sort(want)
				assert.Equal(t, want, got)
			}
		},
		"of several, each its own": func(t *testing.T) {
			shared := thread.Map(same, pl.MaxSize(1))(endless())
			got := values(t, pl.Concat(pl.Take[int](3)(shared), pl.Take[int](5)(shared)))
			assert.ElementsMatch(t, []int{0, 0, 1, 1, 2, 2, 3, 4}, got)
		},
		"inside pl.Run": func(t *testing.T) {
			seen := 0
			count := counts(&seen)
			shared := thread.Map(same)(pl.Range(20))
			require.NoError(t, pl.Run(t.Context(), pl.Take[int](2)(shared), count(shared)))
			assert.Equal(t, 20, seen)
		},
		"a failure it did not wait for": func(t *testing.T) {
			s := pl.FromFunc(func(_ context.Context, yield func(int) bool) error {
				yield(1)
				return errors.New("after what was taken")
			})
			assert.Equal(t, []int{1}, values(t, pl.Take[int](1)(s)))
		},
		"-1": func(t *testing.T) { fails(t, pl.Take[int](-1)(pl.Range(3)), "Take", "-1", "at least 0") },
	})
}

// counts counts values.
func counts(n *int) pl.Partial[int, struct{}] {
	return thread.Each(func(context.Context, int) error { *n++; return nil })
}
