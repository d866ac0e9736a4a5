// Package keyed measures what it costs to keep the values of each key in order while others run
// beside them: ByKey, and what people write in its place. The function adds 1 to an int.
package keyed

import (
	"context"
	"fmt"
	"io"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/thread"

	"github.com/gopeln/pl/bench/measure"
)

const (
	workers = 8
	maxsize = 1024
	keys    = 1000
)

// key spreads consecutive values over the keys.
func key(x int) int { return int(uint32(x)*2654435761>>8) % keys }

//go:noinline
func addOne(_ context.Context, x int) (int, error) { return x + 1, nil }

// Run prints the times of a value.
func Run(e measure.Effort, w io.Writer) error {
	n := e.ValuesOr(300_000)
	results, err := measure.Compare([]measure.Contender{
		{Name: "gopeln thread, ByKey", Run: ours(pl.ByKey(key))},
		{Name: "gopeln thread, in any order", Run: ours()},
		{Name: "a goroutine for each value, a map of channels", Run: goroutines},
		{Name: "a goroutine for each key, a map of channels", Run: mapOfChannels},
		{Name: "a worker for the keys of a hash", Run: sharded},
	}, e, n, n*(n+1)/2)
	if err != nil {
		return err
	}
	t := measure.Rank(fmt.Sprintf("%d keys, %d workers, maxsize %d: a value", keys, workers, maxsize), results, 1)
	return t.Write(w)
}

func ours(opts ...pl.Option) func(n int) (int, error) {
	step := thread.Map(addOne, append(opts, pl.Workers(workers), pl.MaxSize(maxsize))...)
	return func(n int) (sum int, err error) {
		for y, err := range pl.Range(n).Pipe(step).All(context.Background()) {
			if err != nil {
				return 0, err
			}
			sum += y
		}
		return sum, nil
	}
}

// goroutines starts one for each value, which waits for the one before of its key: that closes a
// channel, which is found in a map. As with ByKey, nothing is remembered of a key without values.
func goroutines(n int) (sum int, err error) {
	var mu sync.Mutex
	lanes := map[int]chan struct{}{}
	results := make(chan int, maxsize)
	go func() {
		defer close(results)
		g, ctx := errgroup.WithContext(context.Background())
		g.SetLimit(workers)
		for x := range n {
			done := make(chan struct{})
			mu.Lock()
			before := lanes[key(x)]
			lanes[key(x)] = done
			mu.Unlock()
			g.Go(func() error {
				if before != nil {
					<-before
				}
				y, err := addOne(ctx, x)
				if err != nil {
					return err
				}
				select {
				case results <- y:
				case <-ctx.Done():
					return context.Cause(ctx)
				}
				close(done)
				mu.Lock()
				defer mu.Unlock()
				if lanes[key(x)] == done {
					delete(lanes, key(x))
				}
				return nil
			})
		}
		_ = g.Wait()
	}()
	for y := range results {
		sum += y
	}
	return sum, nil
}

// mapOfChannels starts a goroutine for each key at its first value, and finds its channel in a map.
// A semaphore bounds how many work at once. No key is forgotten, and nothing can end it early.
func mapOfChannels(n int) (sum int, err error) {
	var (
		mu      sync.Mutex
		lanes   = map[int]chan int{}
		slots   = make(chan struct{}, workers)
		results = make(chan int, maxsize)
		working sync.WaitGroup
	)
	work := func(lane chan int) {
		for x := range lane {
			slots <- struct{}{}
			y, _ := addOne(context.Background(), x)
			<-slots
			results <- y
		}
	}
	laneOf := func(x int) chan int {
		mu.Lock()
		defer mu.Unlock()
		lane, ok := lanes[key(x)]
		if !ok {
			lane = make(chan int, max(1, maxsize/keys))
			lanes[key(x)] = lane
			working.Go(func() { work(lane) })
		}
		return lane
	}
	go func() {
		defer close(results)
		for x := range n {
			laneOf(x) <- x
		}
		for _, lane := range lanes {
			close(lane)
		}
		working.Wait()
	}()
	for y := range results {
		sum += y
	}
	return sum, nil
}

// sharded gives each worker the keys of one hash: they are in order, but wait behind those that
// only share the worker.
func sharded(n int) (sum int, err error) {
	results := make(chan int, maxsize)
	var shards [workers]chan int
	var working sync.WaitGroup
	for i := range shards {
		shards[i] = make(chan int, maxsize/workers)
		working.Go(func() {
			for x := range shards[i] {
				y, _ := addOne(context.Background(), x)
				results <- y
			}
		})
	}
	go func() {
		defer close(results)
		for x := range n {
			shards[key(x)%workers] <- x
		}
		for _, shard := range shards {
			close(shard)
		}
		working.Wait()
	}()
	for y := range results {
		sum += y
	}
	return sum, nil
}
