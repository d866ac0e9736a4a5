package whole

import (
	"context"
	"sync"
	"sync/atomic"

	pkgz "github.com/go-pkgz/pool"
	"github.com/sourcegraph/conc/pool"
	"golang.org/x/sync/errgroup"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/task"
	"github.com/gopeln/pl/thread"

	"github.com/gopeln/pl/bench/measure"
)

func (j job) ours() measure.Contender {
	return contender("gopeln thread", func(n int) pl.Stage[int] {
		return thread.Map(j.do, pl.Workers(j.workers), pl.MaxSize(j.workers))(pl.Range(n))
	})
}

func (j job) tasks() measure.Contender {
	return contender("gopeln task", func(n int) pl.Stage[int] {
		return task.Map(j.do, pl.Workers(j.workers), pl.MaxSize(j.workers))(pl.Range(n))
	})
}

func contender(name string, results func(n int) pl.Stage[int]) measure.Contender {
	return measure.Contender{Name: name, Run: func(n int) (int, error) {
		return pl.Reduce(context.Background(), results(n), 0, func(sum, x int) (int, error) { return sum + x, nil })
	}}
}

// errgroup has a goroutine for each value.
func (j job) errgroup() measure.Contender {
	return measure.Contender{Name: "errgroup.SetLimit", Run: func(n int) (int, error) {
		g, ctx := errgroup.WithContext(context.Background())
		g.SetLimit(j.workers)
		results := make([]int, n)
		for i := range n {
			g.Go(func() (err error) {
				results[i], err = j.do(ctx, i)
				return err
			})
		}
		err := g.Wait()
		return total(results), err
	}}
}

// channel is the loop by hand: workers over a channel.
func (j job) channel() measure.Contender {
	return measure.Contender{Name: "workers over a channel, by hand", Run: func(n int) (int, error) {
		g, ctx := errgroup.WithContext(context.Background())
		indexes := make(chan int, j.workers)
		g.Go(func() error {
			defer close(indexes)
			for i := range n {
				select {
				case indexes <- i:
				case <-ctx.Done():
					return context.Cause(ctx)
				}
			}
			return nil
		})
		var mu sync.Mutex
		sum := 0
		for range j.workers {
			g.Go(func() error {
				own := 0
				for i := range indexes {
					x, err := j.do(ctx, i)
					if err != nil {
						return err
					}
					own += x
				}
				mu.Lock()
				defer mu.Unlock()
				sum += own
				return nil
			})
		}
		err := g.Wait()
		return sum, err
	}}
}

func (j job) conc() measure.Contender {
	return measure.Contender{Name: "conc/pool", Run: func(n int) (int, error) {
		p := pool.NewWithResults[int]().WithContext(context.Background()).WithCancelOnError().WithMaxGoroutines(j.workers)
		for i := range n {
			p.Go(func(ctx context.Context) (int, error) { return j.do(ctx, i) })
		}
		results, err := p.Wait()
		return total(results), err
	}}
}

func (j job) pkgzPool() measure.Contender {
	return measure.Contender{Name: "go-pkgz/pool", Run: func(n int) (int, error) {
		ctx := context.Background()
		var sum atomic.Int64
		p := pkgz.New(j.workers, pkgz.WorkerFunc[int](func(ctx context.Context, i int) error {
			x, err := j.do(ctx, i)
			sum.Add(int64(x))
			return err
		})).WithWorkerChanSize(j.workers)
		if err := p.Go(ctx); err != nil {
			return 0, err
		}
		for i := range n {
			p.Submit(i)
		}
		err := p.Close(ctx)
		return int(sum.Load()), err
	}}
}

func total(results []int) (sum int) {
	for _, x := range results {
		sum += x
	}
	return sum
}
