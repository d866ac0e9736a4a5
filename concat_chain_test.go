package pl_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/thread"
)

// kinds makes n endless sources, each of one number.
func kinds(n int) (all []pl.Stage[int]) {
	for kind := range n {
		all = append(all, pl.FromFunc(func(_ context.Context, yield func(int) bool) error {
			for yield(kind) {
			}
			return nil
		}))
	}
	return all
}

func TestAChainOfConcatsServesItsSourcesEvenly(t *testing.T) {
	const n, values = 6, 600_000
	chain := func(size int, with bool) pl.Stage[int] {
		var s pl.Stage[int]
		for i, source := range kinds(n) {
			if i == 0 {
				s = source
				continue
			}
			if s = pl.Concat(s, source); with {
				s = s.With(pl.MaxSize(size))
			}
		}
		return s.With(pl.MaxSize(size))
	}
	for _, size := range []int{2, 64} {
		for name, s := range map[string]pl.Stage[int]{
			"bound at the end":    chain(size, false),
			"bounds everywhere":   chain(size, true),
			"in front of workers": thread.Map(same, pl.MaxSize(size))(chain(size, false)),
		} {
			counts := make([]int, n)
			for x, err := range pl.Take[int](values)(s).All(t.Context()) {
				require.NoError(t, err)
				counts[x]++
			}
			for kind, count := range counts {
				assert.Greater(t, count, values/n/5, "%s, MaxSize(%d): source %d of %v", name, size, kind, counts)
			}
		}
	}
}

func TestAChainOfConcatsHasItsValuesAndFigures(t *testing.T) {
	a, b, c := pl.Range(10), thread.Map(same)(pl.Range(20)), pl.FromSeq(func(yield func(int) bool) {
		for x := range 30 {
			if !yield(x) {
				return
			}
		}
	})
	inner := pl.Concat(a, b)
	for name, test := range map[string]struct {
		s      pl.Stage[int]
		values int
	}{
		"chain":          {pl.Concat(inner, c), 60},
		"chain of three": {pl.Concat(pl.Concat(inner, c), pl.Range(5)), 65},
		"the same twice": {pl.Concat(inner, inner), 60},
		"two chains":     {pl.Concat(pl.Concat(a, c), pl.Concat(a, b)), 70},
		"named":          {pl.Concat(inner.With(pl.Name("inner")), c), 60},
		"shared":         {pl.Concat(inner, thread.Map(same)(inner)), 60},
	} {
		var stats pl.Stats
		ctx := pl.Observe(t.Context(), func(run *pl.RunInfo) func(error) {
			return func(error) { stats = run.Stats() }
		})
		got, err := test.s.Collect(ctx)
		require.NoError(t, err, name)
		assert.Len(t, got, test.values, name)
		for _, s := range stats.Stages {
			switch s.Name {
			case "Concat", "inner":
				assert.Equal(t, s.In, s.Out, name)
				assert.Contains(t, []uint64{10, 30, 40, 60, 65, 70}, s.Out, "%s: %v", name, stats.Stages)
				assert.Zero(t, s.Queued)
			}
		}
		assert.EqualValues(t, test.values, stats.Consumer.In, name)
	}
}
