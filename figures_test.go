package pl_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/thread"
)

func TestFiguresCountEachValueOnceHoweverManyWorkersFindNoMore(t *testing.T) {
	var stats pl.Stats
	ctx := pl.Observe(t.Context(), func(run *pl.RunInfo) func(error) {
		return func(error) { stats = run.Stats() }
	})
	some := thread.Filter(func(_ context.Context, x int) (bool, error) { return x > 0, nil },
		pl.Workers(16), pl.MaxSize(64))
	require.NoError(t, some(pl.Range(3)).Run(ctx))

	require.Len(t, stats.Stages, 2)
	assert.EqualValues(t, 3, stats.Stages[0].Out)
	assert.EqualValues(t, 3, stats.Stages[1].In)
	assert.EqualValues(t, 2, stats.Stages[1].Out)
	assert.EqualValues(t, 1, stats.Stages[1].Dropped)
}
