package hop

import (
	"context"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/gopeln/pl/bench/measure"
)

// errgroupSends is the hand-written form as errgroup's own example has it: stages of goroutines in
// a group, joined by channels; a send gives way to the group's context, a receive ends when the
// channel is closed.
func errgroupSends(s shape) measure.Contender {
	return errgroupChannels("errgroup, select to send", s, func(ctx context.Context, in <-chan int, out chan<- int) error {
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

// errgroupBoth selects to receive too. It is the form that stays right if nothing closes the
// first channel early, as when the values come from outside.
func errgroupBoth(s shape) measure.Contender {
	return errgroupChannels("errgroup, select on both", s, func(ctx context.Context, in <-chan int, out chan<- int) error {
		for {
			var x int
			select {
			case v, ok := <-in:
				if !ok {
					return nil
				}
				x = v
			case <-ctx.Done():
				return context.Cause(ctx)
			}
			y, err := addOneOrFail(ctx, x)
			if err != nil {
				return err
			}
			if err := send(ctx, out, y); err != nil {
				return err
			}
		}
	})
}

// errgroupChannels joins stages whose workers all run the given loop.
func errgroupChannels(name string, s shape, work func(ctx context.Context, in <-chan int, out chan<- int) error) measure.Contender {
	return measure.Contender{Name: name, Run: func(n int) (int, error) {
		group, ctx := errgroup.WithContext(context.Background())
		first := queue(s)
		group.Go(func() error { return sendAll(ctx, first, n) })
		in := first
		for range s.stages {
			in = errgroupStage(ctx, group, s, in, work)
		}
		return total(in), group.Wait()
	}}
}

func errgroupStage(ctx context.Context, group *errgroup.Group, s shape, in <-chan int, work func(context.Context, <-chan int, chan<- int) error) chan int {
	out := queue(s)
	var workers sync.WaitGroup
	workers.Add(s.workers)
	for range s.workers {
		group.Go(func() error {
			defer workers.Done()
			return work(ctx, in, out)
		})
	}
	group.Go(func() error {
		workers.Wait()
		close(out)
		return nil
	})
	return out
}

// sendAll is a source of 0 … n-1.
func sendAll(ctx context.Context, out chan<- int, n int) error {
	defer close(out)
	for i := range n {
		if err := send(ctx, out, i); err != nil {
			return err
		}
	}
	return nil
}

func send(ctx context.Context, out chan<- int, x int) error {
	select {
	case out <- x:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
