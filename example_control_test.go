package pl_test

import (
	"context"
	"errors"
	"fmt"
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
