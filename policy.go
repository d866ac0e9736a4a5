package pl

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/gopeln/pl/internal/guard"
)

// OnError sets what happens to a value whose function failed, panicked or ran out of time, after
// the last attempt of [Retry]. The worker calls h: if h returns nil, the value is dropped and the
// stage goes on; if not, the run fails with the error that h returned. What a FlatMap yielded
// before it failed stays yielded. Several workers call h at once. Without OnError the run fails
// with the *[StageError].
func OnError(h func(ctx context.Context, e *StageError) error) Option {
	return option(optOnError, "OnError", h != nil, "the handler must not be nil",
		func(c *config) { c.policy.onError = h })
}

// Skip is a handler for [OnError] that drops the value.
func Skip(context.Context, *StageError) error { return nil }

// Retry calls the function again for a value that failed, panicked or ran out of time: up to
// attempts times in all, the first included, before [OnError] decides. wait returns how long to
// wait before the attempt of that number; the first call is for attempt 2. A nil wait means no
// wait; [Backoff] makes the usual one. The wait occupies the worker, ends with the run, and does
// not count toward [Timeout].
//
// A FlatMap that failed after it had yielded is called again from its start. As many results as it
// had yielded before count as the same ones, and are not yielded twice.
func Retry(attempts int, wait func(attempt int) time.Duration) Option {
	return option(optRetry, fmt.Sprintf("Retry(%d, …)", attempts), attempts >= 1, "must be at least 1 attempt",
		func(c *config) { c.policy.attempts, c.policy.wait = attempts, wait })
}

// Backoff returns a wait for [Retry] that doubles from first, at the second attempt, up to most.
// The actual wait is random, between half of that and all of it, so that workers that failed
// together do not try again together. A negative duration counts as 0, and most counts as first if
// it is less.
func Backoff(first, most time.Duration) func(attempt int) time.Duration {
	first = max(first, 0)
	most = max(most, first)
	return func(attempt int) time.Duration {
		d := first
		for range min(attempt-2, 63) {
			if d > most/2 {
				d = most
				break
			}
			d *= 2
		}
		return d - rand.N(d/2+1)
	}
}

// policy decides what becomes of a value that failed.
type policy struct {
	attempts int // 0 counts as 1
	wait     func(attempt int) time.Duration
	onError  func(ctx context.Context, e *StageError) error
}

// Verdict is what a stage's [Retry] and [OnError] have decided about a value that failed.
type Verdict struct {
	Again bool          // call the function again
	After time.Duration // after this wait
	Err   error         // the run fails with it; if it is nil and Again is false, the value is dropped
}

// judge decides about the failure e of attempt n. It calls the user's functions. A panic in them
// becomes the verdict's error. Goexit goes to fail as an error, since judge cannot return then.
func (p *policy) judge(ctx context.Context, n int, e *StageError, fail func(error)) (v Verdict) {
	returned := false
	defer func() {
		if returned {
			return
		}
		value := recover()
		err := errors.Join(e, &policyError{e.Stage, panicOrGoexit(value)})
		if v = (Verdict{Err: err}); value == nil {
			fail(err)
		}
	}()
	v = p.ask(ctx, n, e)
	returned = true
	return v
}

// policyError is a panic or Goexit in a stage's OnError or Retry. It calls err's Error method only
// in its own.
type policyError struct {
	stage string
	err   error
}

func (e *policyError) Error() string {
	return fmt.Sprintf("pl: stage %q: in its OnError or Retry: %s", e.stage, guard.Text(e.err))
}

func (e *policyError) Unwrap() error { return e.err }

func (p *policy) ask(ctx context.Context, n int, e *StageError) Verdict {
	switch {
	case n < p.attempts && p.wait == nil:
		return Verdict{Again: true}
	case n < p.attempts:
		return Verdict{Again: true, After: p.wait(n + 1)}
	case p.onError == nil:
		return Verdict{Err: e}
	default:
		return Verdict{Err: p.onError(ctx, e)}
	}
}
