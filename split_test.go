package pl_test

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/internal/backendtest"
	"github.com/gopeln/pl/serial"
	"github.com/gopeln/pl/thread"
)

func even(x int) bool { return x%2 == 0 }

// into adds what a stage yields to a list.
func into[T any](list *[]T, s pl.Stage[T]) pl.Stage[struct{}] {
	return serial.Each(func(_ context.Context, v T) error { *list = append(*list, v); return nil })(s)
}

func TestASplitSendsEachValueOneWay(t *testing.T) {
	for _, b := range backends {
		asked := 0
		s := b.Same(pl.Range(10)).With(pl.MaxSize(1))
		yes, no := pl.Split(s, func(x int) bool { asked++; return even(x) })
		var evens, odds []int
		before := backendtest.Hold()
		require.NoError(t, pl.Run(t.Context(), into(&evens, b.Same(yes).With(pl.MaxSize(1))), into(&odds, b.AddOne(no))))
		before.Check(t)
		assert.Equal(t, []int{0, 2, 4, 6, 8}, evens, b.Name)
		assert.Equal(t, []int{2, 4, 6, 8, 10}, odds, b.Name)
		assert.Equal(t, 10, asked, "once for each value")
	}
}

func TestASideThatNobodyConsumesIsDropped(t *testing.T) {
	yes, no := pl.Split(pl.Range(10), even)
	assert.Equal(t, []int{0, 2, 4, 6, 8}, values(t, yes))
	assert.Equal(t, []int{1, 3, 5, 7, 9}, values(t, no.With(pl.MaxSize(1))))
	require.NoError(t, yes.Run(t.Context()))
	require.NoError(t, pl.Run(t.Context(), yes, no))
	assert.ElementsMatch(t, numbers(10), values(t, pl.Concat(yes, no)))
}

func TestTheSidesOfASplitKeepTheOrder(t *testing.T) {
	s := thread.Map(same, pl.Workers(4))(pl.Range(1000))
	yes, no := pl.Split(s, even)
	for _, window := range []int{0, 1, 7} {
		ordered := pl.OrderedWindow[int](window)
		var evens, odds []int
		doubled := thread.Map(double, pl.Workers(3))
		require.NoError(t, pl.Run(t.Context(), into(&evens, ordered(doubled(yes))), into(&odds, ordered(no))))
		for i := range 500 {
			require.Equal(t, 4*i, evens[i])
			require.Equal(t, 2*i+1, odds[i])
		}
		assert.Equal(t, odds, values(t, ordered(no)), "also if the other side is not consumed")
	}
}

func TestASideThatIsFullHoldsTheOtherUp(t *testing.T) {
	inBubble(t, map[string]func(t *testing.T){"": func(t *testing.T) {
		asked := 0
		yes, no := pl.Split(pl.FromSeq(func(yield func(int) bool) {
			for i := 0; yield(i); i++ {
			}
		}), func(x int) bool { asked++; return even(x) })
		gate := make(chan struct{})
		wait := func(ctx context.Context, x int) error {
			select {
			case <-gate:
				return errSource
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		done := make(chan error)
		go func() {
			done <- pl.Run(t.Context(), thread.Each(wait, pl.MaxSize(1))(yes), thread.Each(func(context.Context, int) error { return nil })(no))
		}()
		synctest.Wait()
		assert.Equal(t, 5, asked, "0 is with the worker, 2 in the queue, 4 waits")
		close(gate)
		assert.ErrorIs(t, <-done, errSource)
	}})
}

func TestASplitGoesOnForTheSideThatIsLeft(t *testing.T) {
	yes, no := pl.Split(pl.Range(100), even)
	var odds []int
	require.NoError(t, pl.Run(t.Context(), pl.Take[int](1)(yes), into(&odds, no)))
	assert.Len(t, odds, 50)
	endlessYes, endlessNo := pl.Split(endless(), even)
	both := pl.Concat(endlessYes.Take(3), endlessNo.Take(2))
	assert.ElementsMatch(t, []int{0, 2, 4, 1, 3}, values(t, both), "it stops once both have left")
}

func TestMistakesInASplit(t *testing.T) {
	yes, no := pl.Split[int](pl.Range(3), nil)
	fails(t, yes, "the function is nil")
	fails(t, no, "the function is nil")
	yes, _ = pl.Split(pl.Range(3), func(x int) bool { return 1/(x-1) > 7 })
	_, err := collect(t, yes)
	assert.ErrorContains(t, err, "value 1")
	assert.ErrorContains(t, err, "divide by zero")
	fails(t, yes.With(pl.Workers(2)), "Workers(2)", "it knows MaxSize, Name")
	var zero pl.Stage[int]
	yes, _ = pl.Split(zero, even)
	fails(t, yes, "zero Stage")
	fails(t, pl.Failures(zero).Pipe(pl.Ordered), "zero Stage")
}
