package task_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/task"
	"github.com/stretchr/testify/require"
)

func inc(_ context.Context, x int) (int, error) { return x + 1, nil }

func TestSmoke(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got, err := task.Map(inc)(pl.Range(10)).Collect(t.Context())
		require.NoError(t, err)
		require.Equal(t, []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, got)
	})
}

func TestSmokeSleep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		got, err := task.Map(func(ctx context.Context, x int) (int, error) {
			err := task.Sleep(ctx, time.Second)
			return x, err
		}, pl.Workers(100))(pl.Range(1000)).Collect(t.Context())
		require.NoError(t, err)
		require.Len(t, got, 1000)
		require.Equal(t, 10*time.Second, time.Since(start))
	})
}

func BenchmarkTrivial(b *testing.B) {
	for _, w := range []int{1, 100, 10000} {
		b.Run("", func(b *testing.B) {
			b.ReportAllocs()
			require.NoError(b, task.Map(inc, pl.Workers(w))(pl.Range(b.N)).Run(b.Context()))
		})
	}
}

func BenchmarkTrivial3(b *testing.B) {
	b.ReportAllocs()
	s := pl.Pipe3(pl.Range(b.N), task.Map(inc, pl.Workers(100)), task.Map(inc, pl.Workers(100)), task.Map(inc, pl.Workers(100)))
	require.NoError(b, s.Run(b.Context()))
}
