package pl_test

import (
	"context"
	"runtime"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/thread"
)

func TestTakeWhileEndsBeforeTheFirstUnwantedValue(t *testing.T) {
	small := func(x int) bool { return x < 4 }
	for name, c := range map[string]struct {
		of   pl.Stage[int]
		want []int
	}{
		"source":           {pl.Range(100), []int{0, 1, 2, 3}},
		"endless":          {thread.Map(same)(endless()), []int{0, 1, 2, 3}},
		"all":              {pl.Range(3), []int{0, 1, 2}},
		"later small ones": {pl.From(1, 9, 2, 3), []int{1}},
		"none":             {pl.From(9, 1), nil},
		"empty":            {pl.Range(0), nil},
	} {
		s := pl.TakeWhile(small)(c.of)
		for range 2 { // each run begins anew
			assert.Equal(t, c.want, values(t, s), name)
		}
	}
}

// The source waits for its context: it ends although no further value comes.
func TestTakeWhileStopsTheRunUpstreamAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		silent := pl.FromFunc(func(ctx context.Context, yield func(int) bool) error {
			yield(1)
			yield(2)
			<-ctx.Done()
			return ctx.Err()
		})
		got, err := pl.Pipe2(silent, thread.Map(same), pl.TakeWhile(func(x int) bool { return x < 2 })).Collect(t.Context())
		require.NoError(t, err)
		assert.Equal(t, []int{1}, got)
	})
}

func TestTakeWhileOfABadFunctionIsAnError(t *testing.T) {
	_, err := collect(t, pl.TakeWhile[int](nil)(pl.Range(3)))
	require.ErrorContains(t, err, "the function is nil")

	_, err = collect(t, pl.TakeWhile(func(x int) bool { panic("odd") })(thread.Map(same)(pl.Range(3))))
	var e *pl.StageError
	require.ErrorAs(t, err, &e)
	assert.Equal(t, 0, e.Item)
	require.ErrorContains(t, err, "panic: odd")

	// In a goroutine of the engine's.
	_, err = collect(t, pl.Pipe2(pl.Range(3), pl.TakeWhile(func(x int) bool { runtime.Goexit(); return true }), thread.Map(same)))
	require.ErrorIs(t, err, pl.ErrGoexit)
}
