package inflight

import (
	"context"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/gopeln/pl/bench/measure"
)

// errgroup has a goroutine for each value and stage, limited in number, and a channel from stage to
// stage: what Go code writes today where many values wait.
func (q work) errgroup(limit int) measure.Contender {
	return measure.Contender{Name: named("errgroup.SetLimit", limit), Run: func(n int) (sum int, err error) {
		all, ctx := errgroup.WithContext(context.Background())
		values := make(chan int, 100)
		first := values
		all.Go(func() error {
			defer close(first)
			for x := range n {
				if err := send(ctx, first, x); err != nil {
					return err
				}
			}
			return nil
		})
		for range q.stages {
			values = errgroupStage(ctx, all, limit, values, q.goroutine)
		}
		for y := range values {
			sum += y
		}
		return sum, all.Wait()
	}}
}

func errgroupStage(
	ctx context.Context, all *errgroup.Group, limit int, in <-chan int, f func(context.Context, int) (int, error),
) chan int {
	out := make(chan int, 100)
	all.Go(func() error {
		defer close(out)
		stage, ctx := errgroup.WithContext(ctx)
		stage.SetLimit(limit)
		for x := range in {
			stage.Go(func() error {
				y, err := f(ctx, x)
				if err != nil {
					return err
				}
				return send(ctx, out, y)
			})
		}
		return stage.Wait()
	})
	return out
}

func send(ctx context.Context, out chan<- int, x int) error {
	select {
	case out <- x:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func yieldGoroutine(_ context.Context, x int) (int, error) {
	for range yields {
		runtime.Gosched()
	}
	return x + 1, nil
}

func sleepGoroutine(ctx context.Context, x int) (int, error) {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return x + 1, nil
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	}
}
