package hop

import (
	"context"

	"github.com/sourcegraph/conc/pool"
	"github.com/sourcegraph/conc/stream"

	"github.com/gopeln/pl/bench/measure"
)

// concPool uses the pool as its authors advise for much small work: few long tasks, each of which
// loops over a channel.
func concPool(s shape) measure.Contender {
	return measure.Contender{Name: "conc/pool", Run: func(n int) (int, error) {
		ctx := context.Background()
		source := pool.New().WithErrors().WithContext(ctx).WithCancelOnError()
		first := queue(s)
		source.Go(func(ctx context.Context) error { return sendAll(ctx, first, n) })
		in := first
		var stages []func() error
		for range s.stages {
			out, wait := concStage(ctx, s, in)
			stages = append(stages, wait)
			in = out
		}
		sum := total(in)
		for _, wait := range stages {
			if err := wait(); err != nil {
				return sum, err
			}
		}
		return sum, source.Wait()
	}}
}

func concStage(ctx context.Context, s shape, in <-chan int) (out chan int, wait func() error) {
	out = queue(s)
	workers := pool.New().WithErrors().WithContext(ctx).WithCancelOnError()
	for range s.workers {
		workers.Go(func(ctx context.Context) error {
			for x := range in {
				y, err := addOneOrFail(ctx, x)
				if err != nil {
					return err
				}
				if err := send(ctx, out, y); err != nil {
					return err
				}
			}
			return nil
		})
	}
	done := make(chan error, 1)
	go func() {
		defer close(out)
		done <- workers.Wait()
	}()
	return out, func() error { return <-done }
}

// concStream has a task for each value, and keeps the order of the values.
func concStream(s shape) measure.Contender {
	return measure.Contender{Name: "conc/stream (ordered)", Run: func(n int) (int, error) {
		in := numbers(s, n)
		for range s.stages {
			in = concStreamStage(s, in)
		}
		return total(in), nil
	}}
}

func concStreamStage(s shape, in <-chan int) chan int {
	out := queue(s)
	go func() {
		defer close(out)
		values := stream.New().WithMaxGoroutines(s.workers)
		for x := range in {
			values.Go(func() stream.Callback {
				y := addOne(x)
				return func() { out <- y }
			})
		}
		values.Wait()
	}()
	return out
}
