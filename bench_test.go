package pl_test

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"testing"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/serial"
	"github.com/gopeln/pl/thread"
)

// The module in bench compares with rivals; these benchmarks find out what a change to the engine
// costs.

// perValue runs values(n) to its end for each round of b, and reports what one value costs,
// fractions included.
func perValue(b *testing.B, n int, values func(n int) pl.Stage[int]) {
	stage := values(n)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for b.Loop() {
		got := 0
		for _, err := range stage.All(b.Context()) {
			if err != nil {
				b.Fatal(err)
			}
			got++
		}
		if got != n {
			b.Fatalf("%d of %d values arrived", got, n)
		}
	}
	runtime.ReadMemStats(&after)
	total := float64(b.N) * float64(n)
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/total, "ns/value")
	b.ReportMetric(float64(after.Mallocs-before.Mallocs)/total, "allocs/value")
	b.ReportMetric(0, "ns/op") // a run: it says nothing here
}

// BenchmarkChannels is the baseline of BenchmarkThread: the same shape in bare channels, without
// errors or an early end.
func BenchmarkChannels(b *testing.B) {
	const n, stages, workers, maxsize = 50_000, 3, 2, 64
	for b.Loop() {
		source := make(chan int, maxsize)
		go func() {
			defer close(source)
			for x := range n {
				source <- x
			}
		}()
		values := source
		for range stages {
			values = channelStage(values, workers, maxsize)
		}
		got := 0
		for range values {
			got++
		}
		if got != n {
			b.Fatalf("%d of %d values arrived", got, n)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/value")
	b.ReportMetric(0, "ns/op")
}

func channelStage(in <-chan int, workers, maxsize int) chan int {
	out := make(chan int, maxsize)
	var working sync.WaitGroup
	for range workers {
		working.Go(func() {
			for x := range in {
				out <- x
			}
		})
	}
	go func() {
		working.Wait()
		close(out)
	}()
	return out
}

func BenchmarkThread(b *testing.B) {
	for _, stages := range []int{1, 3} {
		for _, workers := range []int{1, 2, 16} {
			for _, maxsize := range []int{1, 64, 1024, 0} {
				b.Run(fmt.Sprintf("stages=%d/workers=%d/maxsize=%d", stages, workers, maxsize), func(b *testing.B) {
					perValue(b, 50_000, func(n int) pl.Stage[int] {
						step := thread.Map(same, pl.Workers(workers), pl.MaxSize(maxsize))
						values := pl.Range(n)
						for range stages {
							values = step(values)
						}
						return values
					})
				})
			}
		}
	}
}

// BenchmarkFeatures has one stage with 2 workers, and on it what costs something per value.
func BenchmarkFeatures(b *testing.B) {
	steps := []struct {
		name string
		step pl.Partial[int, int]
	}{
		{"map", thread.Map(same, pl.Workers(2))},
		{"filter", thread.Filter(func(context.Context, int) (bool, error) { return true, nil }, pl.Workers(2))},
		{"flat map", thread.FlatMap(func(_ context.Context, x int, yield func(int) bool) error {
			yield(x)
			return nil
		}, pl.Workers(2))},
		{"resource", thread.MapWith(pl.OnStart(func(context.Context) (int, error) { return 1, nil }),
			func(_ context.Context, one, x int) (int, error) { return x * one, nil }, pl.Workers(2))},
		{"retry", thread.Map(same, pl.Workers(2), pl.Retry(3, nil))},
		{"timeout", thread.Map(same, pl.Workers(2), pl.Timeout(1e9))},
		{"ordered", pl.Compose(thread.Map(same, pl.Workers(2)), pl.Ordered[int])},
		{"ordered in a window", pl.Compose(thread.Map(same, pl.Workers(2)), pl.OrderedWindow[int](1024))},
		{"in batches", pl.Compose3(thread.Map(same, pl.Workers(2)), pl.Batch[int](100, 0), pl.Flatten[int])},
		{"serial", serial.Map(same)},
	}
	for _, s := range steps {
		b.Run(s.name, func(b *testing.B) {
			perValue(b, 50_000, func(n int) pl.Stage[int] { return s.step(pl.Range(n)) })
		})
	}
}

// BenchmarkRun is the fixed cost: a pipeline is built, run and taken down for a single value.
func BenchmarkRun(b *testing.B) {
	for _, workers := range []int{1, 16} {
		b.Run(fmt.Sprintf("workers=%d", workers), func(b *testing.B) {
			b.ReportAllocs()
			values := thread.Map(same, pl.Workers(workers))(pl.Range(1))
			for b.Loop() {
				if err := values.Run(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
