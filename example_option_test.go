package pl_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/thread"
)

func ExampleWorkers() {
	nap := thread.Each(func(ctx context.Context, d time.Duration) error {
		time.Sleep(d)
		return nil
	}, pl.Workers(50))
	start := time.Now()
	err := nap(pl.FromSlice(make([]time.Duration, 50))).Run(context.Background())
	fmt.Println(err, time.Since(start) < time.Second)
	// Output: <nil> true
}

// A bound keeps a fast source from filling the memory with what a slow stage has not yet taken.
func ExampleMaxSize() {
	endless := pl.FromFunc(func(ctx context.Context, yield func(int) bool) error {
		for n := 0; yield(n); n++ {
		}
		return nil
	})
	slow := thread.Map(func(_ context.Context, x int) (int, error) {
		time.Sleep(time.Millisecond)
		return x, nil
	}, pl.MaxSize(10))
	fmt.Println(pl.Take[int](3)(slow(endless)).Collect(context.Background()))
	// Output: [0 1 2] <nil>
}

// Errors, graphs, figures and profiles show the name.
func ExampleName() {
	parse := thread.Map(pl.Try(strconv.Atoi), pl.Name("parse"))
	_, err := parse(pl.From("1", "two")).Collect(context.Background())
	fmt.Println(err)
	// Output: pl: stage "parse", worker 0, value "two": strconv.Atoi: parsing "two": invalid syntax
}

func ExampleSkipLog() {
	plain := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		},
	}))
	parse := thread.Map(pl.Try(strconv.Atoi), pl.Name("parse"), pl.OnError(pl.SkipLog(plain)))
	fmt.Println(parse(pl.From("1", "two", "3")).Collect(context.Background()))
	// Output:
	// level=WARN msg="pl: a value failed and was dropped" stage=parse worker=0 value=two attempts=1 err="strconv.Atoi: parsing \"two\": invalid syntax"
	// [1 3] <nil>
}

func ExampleTimeout() {
	ask := thread.Map(func(ctx context.Context, seconds int) (string, error) {
		select {
		case <-time.After(time.Duration(seconds) * time.Second):
			return "answer", nil
		case <-ctx.Done(): // the value's time is over, or the run's
			return "", ctx.Err()
		}
	}, pl.Timeout(50*time.Millisecond), pl.OnError(func(_ context.Context, e *pl.StageError) error {
		fmt.Println(e.Item, "s is too long:", errors.Is(e, pl.ErrTimeout))
		return nil
	}))
	fmt.Println(ask(pl.From(3600, 0)).Collect(context.Background()))
	// Output:
	// 3600 s is too long: true
	// [answer] <nil>
}

// A handler that returns nil drops the value; the stage goes on.
func ExampleOnError() {
	var bad atomic.Int64
	parse := thread.Map(pl.Try(strconv.Atoi), pl.Workers(2),
		pl.OnError(func(_ context.Context, e *pl.StageError) error {
			if bad.Add(1) > 100 {
				return fmt.Errorf("this is no list of numbers: %w", e)
			}
			return nil
		}))
	numbers, err := pl.Ordered(parse(pl.From("1", "two", "3", "?"))).Collect(context.Background())
	fmt.Println(numbers, err, bad.Load())
	// Output: [1 3] <nil> 2
}

func ExampleSkip() {
	parse := thread.Map(pl.Try(strconv.Atoi), pl.OnError(pl.Skip))
	fmt.Println(parse(pl.From("1", "two", "3")).Collect(context.Background()))
	// Output: [1 3] <nil>
}

func ExampleRetry() {
	calls := 0
	flaky := thread.Map(func(_ context.Context, page string) (string, error) {
		if calls++; calls < 3 {
			return "", errors.New("connection reset")
		}
		return page + " after " + strconv.Itoa(calls) + " calls", nil
	}, pl.Retry(5, pl.Backoff(time.Millisecond, time.Second)))
	fmt.Println(flaky(pl.From("index.html")).Collect(context.Background()))
	// Output: [index.html after 3 calls] <nil>
}

// The wait doubles, and is drawn from its upper half.
func ExampleBackoff() {
	wait := pl.Backoff(100*time.Millisecond, 30*time.Second)
	for _, attempt := range []int{2, 3, 4, 100} {
		d := wait(attempt)
		switch {
		case d <= 100*time.Millisecond:
			fmt.Println("attempt", attempt, "within 100ms")
		case d <= 200*time.Millisecond:
			fmt.Println("attempt", attempt, "within 200ms")
		case d <= 400*time.Millisecond:
			fmt.Println("attempt", attempt, "within 400ms")
		default:
			fmt.Println("attempt", attempt, "within the most:", d <= 30*time.Second)
		}
	}
	// Output:
	// attempt 2 within 100ms
	// attempt 3 within 200ms
	// attempt 4 within 400ms
	// attempt 100 within the most: true
}

func ExampleStageError() {
	parse := thread.Map(pl.Try(strconv.Atoi), pl.Name("parse"))
	err := parse(pl.From("1", "two")).Run(context.Background())

	if e, ok := errors.AsType[*pl.StageError](err); ok {
		fmt.Printf("stage %s, worker %d, value %q: %v\n", e.Stage, e.Worker, e.Item, errors.Is(e, strconv.ErrSyntax))
	}
	// Output: stage parse, worker 0, value "two": true
}

// A panic in a function fails its value, as an error would.
func ExamplePanicError() {
	divide := thread.Map(pl.Lift(func(x int) int { return 12 / x }), pl.Name("divide"))
	_, err := divide(pl.From(3, 0)).Collect(context.Background())

	if p, ok := errors.AsType[*pl.PanicError](err); ok {
		fmt.Println(p.Value, len(p.Stack) > 0)
	}
	// Output: runtime error: integer divide by zero true
}
