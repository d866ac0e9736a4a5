package pltest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gopeln/pl"
)

// Fail hands values on, but those of the numbers at fail with err, at each attempt. Numbers count
// the values as they arrive, from 0, in each run. It runs in its consumer's goroutine and knows the
// common options, by [pl.Stage.With]. A nil err, or a number below 0, is a bad option.
func Fail[T any](err error, at ...int) pl.Partial[T, T] {
	var bad error
	if err == nil {
		bad = errors.New("the error is nil")
	}
	return fault[T]("pltest.Fail", bad, at, func(context.Context) error { return err })
}

// Panic is [Fail] with a panic of that value instead of an error.
func Panic[T any](value any, at ...int) pl.Partial[T, T] {
	return fault[T]("pltest.Panic", nil, at, func(context.Context) error { panic(value) })
}

// Delay hands values on, but those of the numbers at only after d, which their context cuts short:
// that of the run, or of pl.Timeout. Numbers are those of [Fail].
func Delay[T any](d time.Duration, at ...int) pl.Partial[T, T] {
	return fault[T]("pltest.Delay", nil, at, func(ctx context.Context) error {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	})
}

// fault makes an operator that calls do before it hands on the values of the numbers at. The
// numbers come with the values, since the operator cannot know a further attempt from a further
// value.
func fault[T any](name string, bad error, at []int, do func(context.Context) error) pl.Partial[T, T] {
	type numbered = pl.Indexed[T]
	chosen := map[int]bool{}
	for _, i := range at {
		if chosen[i] = true; i < 0 {
			bad = errors.Join(bad, fmt.Errorf("the number %d: must be at least 0", i))
		}
	}
	kernel := func(ctx context.Context, in numbered, emit func(T) bool) error {
		if chosen[in.Index] {
			if err := do(ctx); err != nil {
				return err
			}
		}
		emit(in.Value)
		return nil
	}
	op := pl.Operation[numbered, T]{
		Verb: name, Results: pl.One, Func: do, Err: bad,
		Open: func(context.Context) (pl.Kernel[numbered, T], func(context.Context) error, error) {
			return kernel, nil, nil
		},
		Item: func(in numbered) any { return in.Value },
	}
	return pl.Compose(pl.Enumerate[T], pl.NewInline("pl", op, pl.Name(name)))
}
