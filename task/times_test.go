package task_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/task"
)

func TestTimesTellAwaitingFromComputing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var stats pl.Stats
		ctx := pl.Observe(t.Context(), func(run *pl.RunInfo) func(error) {
			return func(error) { stats = run.Stats() }
		})
		f := func(ctx context.Context, x int) (int, error) {
			time.Sleep(10 * time.Millisecond) // holds the loop
			return x, task.Sleep(ctx, time.Second)
		}
		require.NoError(t, task.Map(f, pl.Workers(10))(pl.Range(10)).Run(ctx))
		s := stats.Stages[1]
		assert.Equal(t, 100*time.Millisecond, s.Busy)
		assert.GreaterOrEqual(t, s.Awaiting, 10*time.Second) // and the wait for a turn
		assert.Less(t, s.Awaiting, 11*time.Second)
		assert.EqualValues(t, 10, s.Calls.Count())
		assert.Equal(t, []time.Duration{100 * time.Millisecond}, stats.Loops)
	})
}
