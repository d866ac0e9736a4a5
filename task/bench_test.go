package task_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/task"
)

// Each benchmark has b.N values, so its ns/op are ns per value. "errgroup" is the same work as
// people write it today.

func run(b *testing.B, s pl.Stage[int]) {
	b.Helper()
	b.ReportAllocs()
	for _, err := range s.All(b.Context()) {
		if err != nil {
			b.Fatal(err)
		}
	}
}

// group calls f for b.N values with an errgroup of that many goroutines.
func group(b *testing.B, workers int, f func(ctx context.Context, x int) (int, error)) {
	b.Helper()
	b.ReportAllocs()
	g, ctx := errgroup.WithContext(b.Context())
	g.SetLimit(workers)
	for x := range b.N {
		g.Go(func() error {
			_, err := f(ctx, x)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		b.Fatal(err)
	}
}

// groups calls f in three stages with channels between, each an errgroup of that many goroutines.
func groups(b *testing.B, workers int, f func(ctx context.Context, x int) (int, error)) {
	b.Helper()
	b.ReportAllocs()
	source := make(chan int, workers)
	go func() {
		defer close(source)
		for x := range b.N {
			source <- x
		}
	}()
	in := source
	for range 3 {
		from, to := in, make(chan int, workers)
		go func() {
			defer close(to)
			g, ctx := errgroup.WithContext(b.Context())
			g.SetLimit(workers)
			for x := range from {
				g.Go(func() error {
					y, err := f(ctx, x)
					to <- y
					return err
				})
			}
			_ = g.Wait()
		}()
		in = to
	}
	for range in {
	}
}

func BenchmarkTrivial(b *testing.B) {
	b.Run("errgroup", func(b *testing.B) { group(b, 100, increment) })
	for _, workers := range []int{1, 100, 10_000} {
		b.Run(fmt.Sprintf("workers=%d", workers), func(b *testing.B) {
			run(b, task.Map(increment, pl.Workers(workers))(pl.Range(b.N)))
		})
	}
	b.Run("maxsize=100", func(b *testing.B) {
		run(b, task.Map(increment, pl.Workers(100), pl.MaxSize(100))(pl.Range(b.N)))
	})
	b.Run("timeout", func(b *testing.B) {
		run(b, task.Map(increment, pl.Workers(100), pl.Timeout(time.Minute))(pl.Range(b.N)))
	})
	p := task.Map(increment, pl.Workers(100))
	b.Run("stages=3/errgroup", func(b *testing.B) { groups(b, 100, increment) })
	b.Run("stages=3/task", func(b *testing.B) { run(b, pl.Pipe3(pl.Range(b.N), p, p, p)) })
}

func BenchmarkYield(b *testing.B) {
	for _, tasks := range []int{1, 1000} {
		b.Run(fmt.Sprintf("tasks=%d", tasks), func(b *testing.B) {
			yields := func(ctx context.Context, x int) (int, error) {
				for range b.N / tasks {
					if err := task.Yield(ctx); err != nil {
						return 0, err
					}
				}
				return x, nil
			}
			run(b, task.Map(yields, pl.Workers(tasks))(pl.Range(tasks)))
		})
	}
}

func BenchmarkSleep10ms(b *testing.B) {
	sleep := func(ctx context.Context, x int) (int, error) {
		select {
		case <-time.After(10 * time.Millisecond):
			return x, nil
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
	for _, workers := range []int{1000, 100_000} {
		b.Run(fmt.Sprintf("workers=%d/errgroup", workers), func(b *testing.B) { group(b, workers, sleep) })
		b.Run(fmt.Sprintf("workers=%d/task", workers), func(b *testing.B) {
			run(b, task.Map(sleepFor(10*time.Millisecond), pl.Workers(workers))(pl.Range(b.N)))
		})
	}
}

func BenchmarkAwait(b *testing.B) {
	nothing := func(context.Context) (int, error) { return 0, nil }
	await := func(ctx context.Context, x int) (int, error) { return task.Await(ctx, nothing) }
	for _, workers := range []int{1, 100, 10_000} {
		b.Run(fmt.Sprintf("workers=%d", workers), func(b *testing.B) {
			run(b, task.Map(await, pl.Workers(workers))(pl.Range(b.N)))
		})
	}
	b.Run("blocking", func(b *testing.B) {
		run(b, task.Map(increment, pl.Workers(100), task.Blocking())(pl.Range(b.N)))
	})
}

func BenchmarkGather(b *testing.B) {
	nothing := func(context.Context) (int, error) { return 0, nil }
	gather := func(ctx context.Context, x int) (int, error) {
		_, err := task.Gather(ctx, nothing, nothing, nothing, nothing)
		return x, err
	}
	run(b, task.Map(gather, pl.Workers(100))(pl.Range(b.N)))
}

// BenchmarkHTTP asks a server in this process, with a thousand requests in flight.
func BenchmarkHTTP(b *testing.B) {
	const workers = 1000
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(make([]byte, 1000))
	}))
	defer server.Close()
	transport := &http.Transport{MaxIdleConnsPerHost: workers}
	defer transport.CloseIdleConnections()
	fetch := func(next http.RoundTripper) func(context.Context, int) (int, error) {
		client := &http.Client{Transport: next}
		return func(ctx context.Context, x int) (int, error) {
			_, err := get(ctx, client, server.URL)
			return x, err
		}
	}
	b.Run("errgroup", func(b *testing.B) { group(b, workers, fetch(transport)) })
	b.Run("task", func(b *testing.B) {
		run(b, task.Map(fetch(task.Transport(transport)), pl.Workers(workers))(pl.Range(b.N)))
	})
}
