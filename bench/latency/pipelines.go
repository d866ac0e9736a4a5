package latency

import (
	"context"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/thread"
)

func ours(n int, arrive func(letter)) error {
	letters := pl.FromFunc(func(_ context.Context, yield func(letter) bool) error {
		post(n, yield)
		return nil
	})
	step := thread.Map(pl.Lift(letter.stamped), pl.Workers(workers), pl.MaxSize(maxsize))
	for range stages {
		letters = step(letters)
	}
	for l, err := range letters.All(context.Background()) {
		if err != nil {
			return err
		}
		arrive(l)
	}
	return nil
}

func bareChannels(n int, arrive func(letter)) error {
	source := make(chan letter, maxsize)
	go func() {
		defer close(source)
		post(n, func(l letter) bool {
			source <- l
			return true
		})
	}()
	letters := source
	for range stages {
		letters = bareStage(letters)
	}
	for l := range letters {
		arrive(l)
	}
	return nil
}

func bareStage(in <-chan letter) chan letter {
	out := make(chan letter, maxsize)
	var working sync.WaitGroup
	for range workers {
		working.Go(func() {
			for l := range in {
				out <- l.stamped()
			}
		})
	}
	go func() {
		working.Wait()
		close(out)
	}()
	return out
}

func errgroupChannels(n int, arrive func(letter)) error {
	group, ctx := errgroup.WithContext(context.Background())
	source := make(chan letter, maxsize)
	group.Go(func() error {
		defer close(source)
		post(n, func(l letter) bool { return send(ctx, source, l) == nil })
		return ctx.Err()
	})
	letters := source
	for range stages {
		letters = errgroupStage(ctx, group, letters)
	}
	for l := range letters {
		arrive(l)
	}
	return group.Wait()
}

func errgroupStage(ctx context.Context, group *errgroup.Group, in <-chan letter) chan letter {
	out := make(chan letter, maxsize)
	var working sync.WaitGroup
	working.Add(workers)
	for range workers {
		group.Go(func() error {
			defer working.Done()
			for l := range in {
				if err := send(ctx, out, l.stamped()); err != nil {
					return err
				}
			}
			return nil
		})
	}
	group.Go(func() error {
		working.Wait()
		close(out)
		return nil
	})
	return out
}

func send(ctx context.Context, out chan<- letter, l letter) error {
	select {
	case out <- l:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
