package task_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/task"
)

// Results that come from elsewhere than the function's own task would have it wait twice at a time.
func TestOnlyTheTaskItselfYields(t *testing.T) {
	inGather := func(ctx context.Context, in int, yield func(int) bool) error {
		child := func(context.Context) (bool, error) { return yield(in), nil }
		_, err := task.Gather(ctx, child, child, child, child)
		return err
	}
	inAwait := func(ctx context.Context, in int, yield func(int) bool) error {
		_, err := task.Await(ctx, func(context.Context) (bool, error) {
			for range 100 {
				yield(in)
			}
			return true, nil
		})
		return err
	}
	for _, f := range []func(context.Context, int, func(int) bool) error{inGather, inAwait} {
		for _, size := range []int{0, 1} {
			err := task.FlatMap(f, pl.MaxSize(size), pl.Workers(8))(pl.Range(3)).Run(t.Context())
			require.ErrorContains(t, err, "yield was called by another than the function's own task")
		}
	}
}

func TestYieldAfterTheFunctionHasReturnedIsRefused(t *testing.T) {
	var kept []func(int) bool
	f := func(_ context.Context, in int, yield func(int) bool) error {
		for _, late := range kept {
			require.False(t, late(100))
		}
		kept = append(kept, yield)
		yield(in)
		return nil
	}
	got, err := task.FlatMap(f)(pl.Range(3)).Collect(t.Context())
	require.NoError(t, err)
	require.Equal(t, []int{0, 1, 2}, got)
}
