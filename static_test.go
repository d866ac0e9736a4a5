package pl_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/thread"
)

// Workers fetch values that are there already themselves: every value comes once, whatever the
// bound, and nothing is counted twice.
func TestValuesThatAreThereComeOnce(t *testing.T) {
	items := make([]int, 1000)
	for i := range items {
		items[i] = i * i
	}
	for _, n := range []int{0, 1, 63, 64, 65, 1000} {
		for _, bound := range []int{0, 1, 7, 64} {
			s := thread.Map(same, pl.Workers(3), pl.MaxSize(bound))(pl.FromSlice(items[:n]))
			var figures []pl.StageStats
			ctx := pl.Observe(t.Context(), func(run *pl.RunInfo) func(error) {
				return func(error) { figures = run.Stats().Stages }
			})
			got, err := s.Collect(ctx)
			require.NoError(t, err)
			slices.Sort(got)
			assert.Equal(t, items[:n], append([]int{}, got...), "bound %d", bound)
			require.Len(t, figures, 2)
			assert.EqualValues(t, n, figures[0].Out)
			assert.EqualValues(t, n, figures[1].In)
			assert.Zero(t, figures[1].Queued)
		}
	}
}
