//go:build !race

package task_test

import (
	"context"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/task"
)

func TestAParkedTaskFitsIntoTheSmallestStack(t *testing.T) {
	const n, smallest = 20_000, 2048
	for name, step := range map[string]func(f func(ctx context.Context) error) pl.Runnable{
		"Each": func(f func(ctx context.Context) error) pl.Runnable {
			return task.Each(func(ctx context.Context, _ int) error { return f(ctx) }, pl.Workers(n))(pl.Range(n))
		},
		"Map": func(f func(ctx context.Context) error) pl.Runnable {
			return task.Map(func(ctx context.Context, x int) (int, error) { return x, f(ctx) }, pl.Workers(n))(pl.Range(n))
		},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			before, begun := stacksInUse(), 0
			err := pl.Run(ctx, step(func(ctx context.Context) error {
				if begun++; begun == n {
					each := (stacksInUse() - before) / n
					cancel()
					assert.Less(t, each, uint64(smallest*5/4))
				}
				return task.Sleep(ctx, time.Hour)
			}))
			require.ErrorIs(t, err, context.Canceled)
			require.Equal(t, n, begun)
		})
	}
}

func stacksInUse() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.StackInuse
}
