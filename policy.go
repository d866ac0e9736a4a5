package pl

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gopeln/pl/internal/guard"
)

// OnError sets what happens to a value whose function failed, panicked or ran out of time, after
// the last attempt of [Retry]. The worker calls h: if h returns nil, the value is dropped and the
// stage goes on; if not, the run fails with the error that h returned. What a FlatMap yielded
// before it failed stays yielded. Without OnError the run fails with the *[StageError]. [Skip] and
// [SkipLog] are handlers that are ready to use.
//
// h runs in the program itself, even if the function runs in a subprocess. Several goroutines may
// call it at once. The worker waits for h; in package task, all tasks of the worker's loop do. h is
// not called for values that fail because the run ends.
func OnError(h func(ctx context.Context, e *StageError) error) Option {
	return option(optOnError, "OnError", h != nil, "the handler must not be nil",
		func(c *config) { c.policy.onError = h })
}

// Skip is a handler for [OnError] that drops the value. [SkipLog] makes one that logs it too.
func Skip(context.Context, *StageError) error { return nil }

// policy decides what becomes of a value that failed.
type policy struct {
	attempts int // 0 counts as 1
	wait     func(attempt int) time.Duration
	worth    func(err error) bool
	onError  func(ctx context.Context, e *StageError) error
}

// Decision is what a stage's options, such as [Retry] and [OnError], have decided about a value that
// failed.
type Decision struct {
	Again bool          // call the function again
	After time.Duration // after this wait
	Err   error         // the run fails with it; if it is nil and Again is false, the value is dropped
}

// court judges the values of one stage that fail in one run.
type court struct {
	op   *base
	site *Site
}

// judge decides about the value of e, which has been tried e.Attempts times. It calls the user's
// functions. A panic in them becomes the decision's error. Goexit fails the run, since judge cannot
// return then.
func (c *court) judge(ctx context.Context, e *StageError) (v Decision) {
	returned := false
	defer func() {
		if returned {
			return
		}
		value := recover()
		err := errors.Join(e, &policyError{e.Stage, panicOrGoexit(value)})
		if v = (Decision{Err: err}); value == nil {
			c.site.Fail(err)
		}
	}()
	v = c.ask(ctx, e)
	returned = true
	return v
}

// ask asks the stage's options in turn.
func (c *court) ask(ctx context.Context, e *StageError) Decision {
	p := &c.op.cfg.policy
	if again, after := p.retry(e.Attempts, e.Err); again {
		return Decision{Again: true, After: after}
	}
	if p.onError == nil {
		return Decision{Err: e}
	}
	return Decision{Err: p.onError(ctx, e)}
}

// policyError is a panic or Goexit in a stage's OnError, Retry or RetryIf. It calls err's Error
// method only in its own.
type policyError struct {
	stage string
	err   error
}

func (e *policyError) Error() string {
	return fmt.Sprintf("pl: stage %q: in its OnError, Retry or RetryIf: %s", e.stage, guard.Text(e.err))
}

func (e *policyError) Unwrap() error { return e.err }
