package pl_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/serial"
	"github.com/gopeln/pl/thread"
)

var (
	errBusy  = errors.New("the server is busy")
	errWrong = errors.New("no such account")
)

// Only what may pass is worth another attempt.
func ExampleRetryIf() {
	attempts := 0
	post := func(_ context.Context, account string) (string, error) {
		if attempts++; account == "nobody" {
			return "", errWrong
		}
		return account, nil
	}
	busy := func(err error) bool { return errors.Is(err, errBusy) }
	posted := serial.Map(post, pl.Name("post"), pl.Retry(5, pl.Backoff(time.Second, time.Minute)), pl.RetryIf(busy))
	fmt.Println(posted(pl.From("nobody")).Run(context.Background()))
	fmt.Println(attempts, "attempt")
	// Output:
	// pl: stage "post", worker 0, value "nobody": no such account
	// 1 attempt
}

// The function knows best that it makes no sense to try again.
func ExamplePermanent() {
	attempts := 0
	post := func(_ context.Context, account string) error {
		attempts++
		return fmt.Errorf("posting: %w", pl.Permanent(errWrong))
	}
	err := serial.Each(post, pl.Name("post"), pl.Retry(5, nil))(pl.From("nobody")).Run(context.Background())
	fmt.Println(err)
	fmt.Println(errors.Is(err, errWrong), attempts)
	// Output:
	// pl: stage "post", worker 0, value "nobody": posting: no such account
	// true 1
}

// A server says when to come again.
func ExampleRetryAfter() {
	var first time.Time
	post := func(_ context.Context, account string) (string, error) {
		if first.IsZero() {
			first = time.Now()
			return "", pl.RetryAfter(errBusy, 20*time.Millisecond)
		}
		return account, nil
	}
	posted := thread.Map(post, pl.Retry(2, nil))(pl.From("somebody"))
	fmt.Println(posted.Collect(context.Background()))
	fmt.Println(time.Since(first) >= 20*time.Millisecond)
	// Output:
	// [somebody] <nil>
	// true
}

// A job of many rows comes to its end although some of them are bad, and says which.
func ExampleKeepGoing() {
	parsed := thread.Map(pl.Try(strconv.Atoi), pl.Name("parse"), pl.KeepGoing(100))(pl.From("1", "two", "3"))
	numbers, err := parsed.Collect(context.Background())
	fmt.Println(numbers)
	if failed, ok := errors.AsType[*pl.FailedValues](err); ok {
		for _, e := range failed.First {
			fmt.Println(failed.Total, "bad:", e.Item)
		}
	}
	fmt.Println(errors.Is(err, strconv.ErrSyntax))
	// Output:
	// [1 3]
	// 1 bad: two
	// true
}

// What could not be parsed goes into a dead-letter list, in the same run.
func ExampleFailures() {
	var letters []string
	parsed := thread.Map(pl.Try(strconv.Atoi))(pl.From("1", "two", "3"))
	write := serial.Each(func(_ context.Context, e *pl.StageError) error {
		letters = append(letters, fmt.Sprintf("%v: %v", e.Item, errors.Unwrap(e.Err)))
		return nil
	})
	sum := 0
	add := serial.Each(func(_ context.Context, x int) error {
		sum += x
		return nil
	})
	err := pl.Run(context.Background(), add(parsed), write(pl.Failures(parsed)))
	fmt.Println(sum, letters, err)
	// Output: 4 [two: invalid syntax] <nil>
}

func ExampleSplit() {
	small, large := pl.Split(pl.Range(10), func(x int) bool { return x < 7 })
	doubled := thread.Map(double, pl.Workers(2))(small)
	negated := thread.Map(func(_ context.Context, x int) (int, error) { return -x, nil })(large)
	all, err := pl.Concat(doubled.Ordered(), negated.Ordered()).Collect(context.Background())
	slices.Sort(all)
	fmt.Println(all, err)
	// Output: [-9 -8 -7 0 2 4 6 8 10 12] <nil>
}

// ticks is a limiter that lets one caller in per tick. A *rate.Limiter of golang.org/x/time does
// more.
type ticks struct{ *time.Ticker }

var _ pl.Limiter = ticks{}

func (t ticks) Wait(ctx context.Context) error {
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Eight workers together make at most 200 requests a second.
func ExampleLimit() {
	limit := ticks{time.NewTicker(5 * time.Millisecond)}
	defer limit.Stop()
	start := time.Now()
	doubled := thread.Map(double, pl.Workers(8), pl.Limit(limit))(pl.Range(10))
	values, err := doubled.Ordered().Collect(context.Background())
	fmt.Println(values, err)
	fmt.Println(time.Since(start) >= 45*time.Millisecond)
	// Output:
	// [0 2 4 6 8 10 12 14 16 18] <nil>
	// true
}

// A service would give Drain the context of signal.NotifyContext(…, syscall.SIGTERM, os.Interrupt).
func ExampleDrain() {
	stop, sigterm := context.WithCancel(context.Background())
	ticks := pl.FromFunc(func(ctx context.Context, yield func(int) bool) error {
		for i := 0; yield(i); i++ {
			if i == 2 {
				sigterm()
			}
		}
		fmt.Println("stopped reading:", context.Cause(ctx) == nil || errors.Is(context.Cause(ctx), pl.ErrDrain))
		return nil
	})
	batches := pl.Pipe2(ticks, thread.Map(double), pl.Batch[int](100, time.Hour))
	fmt.Println(batches.Collect(pl.Drain(context.Background(), stop, 25*time.Second)))
	// Output:
	// stopped reading: true
	// [[0 2 4 6]] <nil>
}
