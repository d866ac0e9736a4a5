package task_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"time"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/task"
)

func ExampleMap() {
	// A hundred values wait at once.
	slow := task.Map(func(ctx context.Context, word string) (int, error) {
		return len(word), task.Sleep(ctx, time.Millisecond)
	}, pl.Workers(100))
	fmt.Println(pl.Ordered(slow(pl.From("a", "bb", "ccc"))).Collect(context.Background()))
	// Output: [1 2 3] <nil>
}

func ExampleFilter() {
	seen := map[string]bool{} // no lock: one task runs at a time
	first := task.Filter(func(_ context.Context, word string) (bool, error) {
		known := seen[word]
		seen[word] = true
		return !known, nil
	})
	fmt.Println(first(pl.From("to", "be", "or", "not", "to", "be")).Collect(context.Background()))
	// Output: [to be or not] <nil>
}

func ExampleFlatMap() {
	words := task.FlatMap(func(_ context.Context, line string, yield func(string) bool) error {
		for word := range strings.FieldsSeq(line) {
			if !yield(word) {
				break
			}
		}
		return nil
	})
	fmt.Println(words(pl.From("to be or", "not to be")).Collect(context.Background()))
	// Output: [to be or not to be] <nil>
}

func ExampleEach() {
	total := 0
	add := task.Each(func(ctx context.Context, x int) error {
		total += x
		return task.Yield(ctx)
	}, pl.Workers(10))
	fmt.Println(add(pl.Range(101)).Run(context.Background()), total)
	// Output: <nil> 5050
}

// journal is opened once, and shared by the stage's tasks.
var journal = pl.OnStart(func(context.Context) (*bytes.Buffer, error) {
	return new(bytes.Buffer), nil
}).OnEnd(func(_ context.Context, b *bytes.Buffer) error {
	_, err := b.WriteTo(os.Stdout)
	return err
})

func ExampleMapWith() {
	double := task.MapWith(journal, func(_ context.Context, b *bytes.Buffer, x int) (int, error) {
		fmt.Fprintf(b, "%d ", x)
		return 2 * x, nil
	}, pl.Workers(10))
	got, err := double(pl.Range(4)).Collect(context.Background())
	fmt.Println(got, err)
	// Output: 0 1 2 3 [0 2 4 6] <nil>
}

func ExampleFilterWith() {
	odd := task.FilterWith(journal, func(_ context.Context, b *bytes.Buffer, x int) (bool, error) {
		fmt.Fprintf(b, "%d ", x)
		return x%2 == 1, nil
	})
	got, err := odd(pl.Range(4)).Collect(context.Background())
	fmt.Println(got, err)
	// Output: 0 1 2 3 [1 3] <nil>
}

func ExampleFlatMapWith() {
	twice := task.FlatMapWith(journal, func(_ context.Context, b *bytes.Buffer, x int, yield func(int) bool) error {
		fmt.Fprintf(b, "%d ", x)
		for range 2 {
			if !yield(x) {
				break
			}
		}
		return nil
	})
	got, err := twice(pl.Range(3)).Collect(context.Background())
	fmt.Println(got, err)
	// Output: 0 1 2 [0 0 1 1 2 2] <nil>
}

func ExampleEachWith() {
	write := task.EachWith(journal, func(_ context.Context, b *bytes.Buffer, x int) error {
		_, err := fmt.Fprintf(b, "%d ", x)
		return err
	})
	fmt.Println(write(pl.Range(3)).Run(context.Background()))
	// Output: 0 1 2 <nil>
}

func ExampleSleep() {
	start := time.Now()
	nap := task.Each(func(ctx context.Context, _ int) error {
		return task.Sleep(ctx, 20*time.Millisecond)
	}, pl.Workers(1000))
	fmt.Println(nap(pl.Range(1000)).Run(context.Background()), time.Since(start) < 2*time.Second)
	// Output: <nil> true
}

func ExampleYield() {
	turns := task.Each(func(ctx context.Context, name string) error {
		for range 2 {
			fmt.Print(name, " ")
			if err := task.Yield(ctx); err != nil {
				return err
			}
		}
		return nil
	}, pl.Workers(2))
	fmt.Println(turns(pl.From("ping", "pong")).Run(context.Background()))
	// Output: ping pong ping pong <nil>
}

func ExampleAwait() {
	open := 0
	read := task.Map(func(ctx context.Context, name string) (string, error) {
		open++ // on the loop: nobody else is here
		defer func() { open-- }()
		data, err := task.Await(ctx, func(context.Context) ([]byte, error) {
			return os.ReadFile(name) // off the loop: it may block
		})
		line, _, _ := strings.Cut(string(data), "\n")
		return line, err
	}, pl.Workers(100))
	fmt.Println(read(pl.From("../go.mod")).Collect(context.Background()))
	// Output: [module github.com/gopeln/pl] <nil>
}

func ExampleGather() {
	length := func(s string) func(context.Context) (int, error) {
		return func(ctx context.Context) (int, error) { return len(s), task.Sleep(ctx, time.Millisecond) }
	}
	sum := task.Map(func(ctx context.Context, pair [2]string) (int, error) {
		parts, err := task.Gather(ctx, length(pair[0]), length(pair[1])) // both at once
		if err != nil {
			return 0, err
		}
		return parts[0] + parts[1], nil
	})
	fmt.Println(sum(pl.From([2]string{"to", "be"}, [2]string{"or", "not"})).Collect(context.Background()))
	// Output: [4 5] <nil>
}

func ExampleTransport() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		_, _ = fmt.Fprint(w, "hello, ", req.URL.Query().Get("name"))
	}))
	defer server.Close()
	client := &http.Client{Transport: task.Transport(nil)}
	fetch := task.Map(func(ctx context.Context, name string) (string, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"?name="+name, nil)
		if err != nil {
			return "", err
		}
		resp, err := client.Do(req) // awaits
		if err != nil {
			return "", err
		}
		defer func() { _ = resp.Body.Close() }()
		text, err := io.ReadAll(resp.Body) // awaits
		return string(text), err
	}, pl.Workers(1000))
	fmt.Println(pl.Ordered(fetch(pl.From("Ada", "Alan"))).Collect(context.Background()))
	// Output: [hello, Ada hello, Alan] <nil>
}

func ExampleBlocking() {
	// The function knows nothing of tasks: ten of it run at once, beside the loop.
	nap := task.Each(func(context.Context, int) error {
		time.Sleep(time.Millisecond)
		return nil
	}, task.Blocking(), pl.Workers(10))
	fmt.Println(nap(pl.Range(100)).Run(context.Background()))
	// Output: <nil>
}

func ExampleLoops() {
	// Each loop counts for itself, since its tasks exclude only each other.
	counters := make([]int, 2)
	count := task.Each(func(ctx context.Context, _ int) error {
		counters[pl.WorkerFrom(ctx).Index]++
		return nil
	}, task.Loops(2), pl.Workers(10))
	err := count(pl.Range(1000)).Run(context.Background())
	fmt.Println(counters[0]+counters[1], err)
	// Output: 1000 <nil>
}

func ExampleSemaphore() {
	licences := task.NewSemaphore(2)
	busy, most := 0, 0
	work := func(ctx context.Context, x int) error {
		if err := licences.Acquire(ctx); err != nil {
			return err
		}
		defer licences.Release()
		busy++
		most = max(most, busy)
		defer func() { busy-- }()
		return task.Sleep(ctx, time.Millisecond)
	}
	// Both stages share the two slots; while a task waits for one, other tasks run.
	err := pl.Run(context.Background(),
		task.Each(work, pl.Workers(50))(pl.Range(20)),
		task.Each(work, pl.Workers(50))(pl.Range(20)),
	)
	fmt.Println(most, err)
	// Output: 2 <nil>
}

func ExampleNewSemaphore() {
	s := task.NewSemaphore(1)
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	fmt.Println(s.Acquire(ctx))
	fmt.Println(s.Acquire(ctx)) // the slot is taken
	s.Release()
	// Output:
	// <nil>
	// context deadline exceeded
}
