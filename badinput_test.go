package pl_test

import (
	"context"
	"iter"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/serial"
	"github.com/gopeln/pl/thread"
)

func TestOptionsWhereTheyMeanNothingAreRefused(t *testing.T) {
	fails(t, pl.Range(3).With(pl.Workers(2)), "range(3)", "Workers(2)", "it knows Name")
	fails(t, pl.Range(3).With(pl.MaxSize(2)), "MaxSize(2)")
	fails(t, pl.Take[int](2)(pl.Range(3)).With(pl.Timeout(time.Second)), "Take", "Timeout(1s)", "it knows MaxSize, Name")
	fails(t, pl.Concat(pl.Range(3)).With(pl.Workers(2)), "Concat", "Workers(2)")
	fails(t, pl.Ordered(pl.Range(3)).With(pl.OnError(pl.Skip)), "Ordered", "OnError")
	fails(t, pl.Enumerate(pl.Range(3)).With(pl.Retry(2, nil)), "Enumerate", "Retry")
}

func TestSourcesCanBeNamed(t *testing.T) {
	s := pl.FromFunc(func(context.Context, func(int) bool) error { return errSource }).With(pl.Name("the tree"))
	assert.ErrorContains(t, s.Run(t.Context()), "the tree")
	assert.Contains(t, s.String(), "the tree")
}

// The last option of a kind counts, also where With gives it.
func TestLaterOptionsOverrideEarlierOnes(t *testing.T) {
	slow := func(ctx context.Context, x int) (int, error) { time.Sleep(2 * time.Second); return x, ctx.Err() }
	inBubble(t, map[string]func(t *testing.T){"": func(t *testing.T) {
		s := thread.Map(slow, pl.Timeout(time.Second), pl.Name("first"), pl.Name("second"))(pl.Range(2))
		assert.ErrorIs(t, s.Run(t.Context()), pl.ErrTimeout)
		assert.ErrorContains(t, s.Run(t.Context()), "second")
		assert.Equal(t, numbers(2), values(t, s.With(pl.Timeout(0))))
		time.Sleep(time.Minute) // for the functions that were abandoned
	}})
}

func TestEveryBrokenStageIsReportedAtOnce(t *testing.T) {
	s := serial.Map(same, pl.Workers(-1), pl.Name("one"))(pl.Flatten(pl.Batch[int](0, 0)(pl.Range(3))))
	fails(t, s, "one", "Workers(-1)", "Batch")
}

func TestIteratorIsARunEachTime(t *testing.T) {
	all := thread.Map(same)(pl.Range(5)).All(t.Context())
	for range 2 {
		n := 0
		for x, err := range all {
			require.NoError(t, err)
			assert.Equal(t, n, x)
			n++
		}
		assert.Equal(t, 5, n)
	}
	next, stop := iter.Pull2(all)
	stop()
	_, _, ok := next()
	assert.False(t, ok)
}
