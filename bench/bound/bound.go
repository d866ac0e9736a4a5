// Package bound measures the memory that a pipeline takes while its source is faster than its work:
// with a bound of the queue, without one, and in the usual loop over a channel.
package bound

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"time"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/thread"

	"github.com/gopeln/pl/bench/measure"
)

// What flows: blocks of so many bytes, each of which takes its worker about a microsecond.
const (
	blockSize = 256
	blocks    = 2_000_000
)

// contenders consume n blocks that are made as fast as they are taken.
var contenders = []measure.Contender{
	{Name: "gopeln thread, no MaxSize", Run: func(n int) (int, error) { return ours(n) }},
	{Name: "gopeln thread, MaxSize(64)", Run: func(n int) (int, error) { return ours(n, pl.MaxSize(64)) }},
	{Name: "a channel of 64", Run: channel},
}

// Run prints the most memory that the heap took at once, and how long it all took.
func Run(e measure.Effort, w io.Writer) error {
	n := e.ValuesOr(blocks)
	t := measure.Table{
		Title: fmt.Sprintf("%d blocks of %d bytes, made faster than they are worked off", n, blockSize),
		Head:  []string{"", "MB at most", "s"},
	}
	wanted, err := measure.Wanted(e, contenders, func(c measure.Contender) string { return c.Name })
	if err != nil {
		return err
	}
	for _, c := range wanted {
		var sizes, times []float64
		for range e.Reps {
			most, took, err := peak(func() error { return check(c, n) })
			if err != nil {
				return fmt.Errorf("%s: %w", c.Name, err)
			}
			sizes, times = append(sizes, most), append(times, took.Seconds())
		}
		t.Add(c.Name, fmt.Sprintf("%.0f", measure.Median(sizes)/1e6), fmt.Sprintf("%.1f", measure.Median(times)))
	}
	return t.Write(w)
}

func check(c measure.Contender, n int) error {
	got, err := c.Run(n)
	if err == nil && got != n*blockSize {
		err = fmt.Errorf("%d bytes came through; want %d", got, n*blockSize)
	}
	return err
}

// peak runs f, and looks every millisecond at how much the heap has taken from the system.
func peak(f func() error) (most float64, took time.Duration, err error) {
	debug.FreeOSMemory()
	quit := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-quit:
				return
			case <-tick.C:
				most = max(most, heap())
			}
		}
	})
	start := time.Now()
	err = f()
	took = time.Since(start)
	close(quit)
	watching.Wait()
	return max(most, heap()), took, err
}

// heap is the memory of the heap that is in use, what has died since the last collection included.
func heap() float64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/unused:bytes"}}
	metrics.Read(sample)
	return float64(sample[0].Value.Uint64() + sample[1].Value.Uint64())
}

func ours(n int, opts ...pl.Option) (size int, err error) {
	source := pl.FromFunc(func(_ context.Context, yield func([]byte) bool) error {
		for range n {
			if !yield(make([]byte, blockSize)) {
				break
			}
		}
		return nil
	})
	step := thread.Map(func(_ context.Context, b []byte) (int, error) { return work(b), nil }, opts...)
	for count, err := range step(source).All(context.Background()) {
		if err != nil {
			return size, err
		}
		size += count
	}
	return size, nil
}

func channel(n int) (size int, err error) {
	queue := make(chan []byte, 64)
	go func() {
		defer close(queue)
		for range n {
			queue <- make([]byte, blockSize)
		}
	}()
	for b := range queue {
		size += work(b)
	}
	return size, nil
}

// work takes about a microsecond, and returns the size of b.
func work(b []byte) int {
	sum := byte(0)
	for range 8 {
		for i := range b {
			sum = sum*31 + b[i]
		}
	}
	runtime.KeepAlive(sum)
	return len(b)
}
