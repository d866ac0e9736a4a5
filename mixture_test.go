package pl_test

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/internal/backendtest"
)

// pairs runs a test for each backend followed by each, in virtual time where both can.
func pairs(t *testing.T, test func(t *testing.T, a, b backendtest.API)) {
	for _, a := range backends {
		for _, b := range backends {
			t.Run(a.Name+"→"+b.Name, func(t *testing.T) {
				if a.Here && b.Here {
					inBubble(t, map[string]func(*testing.T){"": func(t *testing.T) { test(t, a, b) }})
					return
				}
				test(t, a, b)
			})
		}
	}
}

// Law 12, as pypeln's mixture tests have it: order survives a change of backend.
func TestOrderSurvivesEachChangeOfBackend(t *testing.T) {
	pairs(t, func(t *testing.T, a, b backendtest.API) {
		busy := pl.Workers(2)
		s := b.Doze(b.AddOne(a.Doze(pl.Range(30)).With(busy)).With(busy)).With(busy)
		assert.Equal(t, numbers(31)[1:], values(t, pl.Ordered(s)))

		s = b.Few(a.Triple(b.Odd(a.Doze(pl.Range(20)).With(busy)).With(busy)).With(busy)).With(busy, pl.MaxSize(1))
		got := values(t, pl.OrderedWindow[int](2)(s))
		assert.True(t, slices.IsSorted(got), "%v", got)
		assert.Len(t, got, 30)
	})
}

// pypeln's broadcast does not cross backends: the shared stage ran once for each.
func TestBroadcastAcrossBackendsRunsTheSharedStageOnce(t *testing.T) {
	pairs(t, func(t *testing.T, a, b backendtest.API) {
		journal := backendtest.Keep(t)
		for _, size := range []int{0, 1} {
			shared := a.Obey.Map(pl.Range(20)).With(pl.MaxSize(size))
			branches := pl.Concat(b.Square(shared).With(pl.Workers(2)), a.Negate(shared), b.AddOne(shared).With(pl.MaxSize(1)))
			var want []int
			for _, x := range numbers(20) {
				want = append(want, x*x, -x, x+1)
			}
			assert.ElementsMatch(t, want, values(t, branches))
		}
		assert.Equal(t, 40, journal.Count("begin"))
		before := backendtest.Hold()
		require.NoError(t, pl.Run(t.Context(), a.Drop(a.Obey.Map(pl.Range(20))), b.Drop(b.Obey.Map(pl.Range(20)))))
		before.Check(t)
		assert.Equal(t, 80, journal.Count("begin"))
	})
}

func TestFailureCrossesBackends(t *testing.T) {
	pairs(t, func(t *testing.T, a, b backendtest.API) {
		failing := pl.From(1, 2, backendtest.Fail, 4)
		_, err := collect(t, b.Same(a.Obey.Map(failing)).With(pl.MaxSize(1)))
		assert.ErrorIs(t, err, backendtest.ErrBroken)
		_, err = collect(t, b.Obey.Map(a.Same(failing)).With(pl.Workers(2)))
		assert.ErrorIs(t, err, backendtest.ErrBroken)
	})
}

func TestBreakCrossesBackends(t *testing.T) {
	pairs(t, func(t *testing.T, a, b backendtest.API) {
		before := backendtest.Hold()
		n := 0
		for _, err := range b.Same(a.Same(endless()).With(pl.MaxSize(2))).With(pl.MaxSize(1)).All(t.Context()) {
			require.NoError(t, err)
			if n++; n == 5 {
				break
			}
		}
		before.Check(t)
	})
}

// Every value once, through all backends in a row, with Take and Batch between.
func TestAllBackendsInARow(t *testing.T) {
	s := pl.Range(60)
	for range 2 {
		for _, b := range backends {
			s = pl.Flatten(pl.Batch[int](3, 0)(b.AddOne(s).With(pl.Workers(2), pl.MaxSize(4))))
		}
	}
	got := values(t, pl.Take[int](50)(pl.Ordered(s)))
	want := numbers(60 + 2*len(backends))[2*len(backends):]
	assert.Len(t, got, 50)
	assert.Subset(t, want, got)
}

// A shared source is read once for consumers of different backends, whichever is slower.
func TestSourceIsReadOnceForAllBackends(t *testing.T) {
	var read atomic.Int64
	source := pl.FromFunc(func(_ context.Context, yield func(int) bool) error {
		for i := range 40 {
			if read.Add(1); !yield(i) {
				break
			}
		}
		return nil
	})
	var stages []pl.Runnable
	for _, b := range backends {
		stages = append(stages, b.Drop(source), b.Doze(source).With(pl.MaxSize(1), pl.Workers(2)))
	}
	before := backendtest.Hold()
	require.NoError(t, pl.Run(t.Context(), stages...))
	before.Check(t)
	assert.EqualValues(t, 40, read.Load())
}
