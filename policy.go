package pl

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gopeln/pl/internal/guard"
	"github.com/gopeln/pl/internal/queue"
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

	keepsGoing bool
	most       int // of values that may fail; 0: no limit
}

// Decision is what a stage's options, such as [Retry] and [OnError], have decided about a value
// that failed.
type Decision struct {
	Again bool          // call the function again
	After time.Duration // after this wait
	Err   error         // the run fails with it; if it is nil and Again is false, the value is dropped
}

// decider decides about the values of one stage that fail in one run.
type decider struct {
	op    *base
	site  *Site
	boxes []letterBox // of the Failures stages; with emitters if the decider is one worker's
}

// decider returns the decider of n, of which each worker needs its own; see forWorker.
func (b *builder) decider(n node, s *Site) *decider {
	boxes := b.letterBoxesOf(n)
	p := &n.meta().cfg.policy
	s.reports = len(boxes) > 0
	s.tolerant = p.onError != nil || p.keepsGoing || s.reports
	return &decider{op: n.meta(), site: s, boxes: boxes}
}

// forWorker returns the decider of one more worker.
func (d *decider) forWorker() *decider {
	if len(d.boxes) == 0 { // nothing in it is one worker's
		return d
	}
	return &decider{op: d.op, site: d.site, boxes: ofWorker(d.boxes)}
}

// decide decides about the value of e, which has been tried e.Attempts times. A value that is
// dropped goes to the Failures stages; decide waits for room there.
func (d *decider) decide(ctx context.Context, me *queue.Waiter, e *StageError) Decision {
	decision, answered := d.ask(ctx, e)
	if decision.Again || !answered {
		return decision
	}
	p := &d.op.cfg.policy
	switch {
	case decision.Err == nil:
	case p.keepsGoing && d.site.run.calls == nil:
		if !d.site.run.failed.add(d.op, countable(decision.Err, e)) {
			return Decision{Err: errTooMany}
		}
	case p.onError != nil || len(d.boxes) == 0:
		return decision
	}
	for i := range d.boxes {
		d.boxes[i].post(me, e)
	}
	return Decision{}
}

// ask calls the user's functions. answered reports whether they returned. If one panics, the
// decision has an error that says so. If one calls Goexit, ask fails the run, since it cannot
// return then.
func (d *decider) ask(ctx context.Context, e *StageError) (v Decision, answered bool) {
	defer func() {
		if answered {
			return
		}
		value := recover()
		err := errors.Join(e, &policyError{e.Stage, panicOrGoexit(value)})
		if v = (Decision{Err: err}); value == nil {
			d.site.Fail(err)
		}
	}()
	return d.op.cfg.policy.ask(ctx, e), true
}

// ask asks the stage's options in turn.
func (p *policy) ask(ctx context.Context, e *StageError) Decision {
	if again, after := p.retry(e.Attempts, e.Err); again {
		return Decision{Again: true, After: after}
	}
	if p.onError == nil {
		return Decision{Err: e}
	}
	return Decision{Err: p.onError(ctx, e)}
}

// policyError is a panic or Goexit in a stage's OnError, Retry or RetryIf. It calls the Error
// method of err, which may be the user's code, only in its own Error method.
type policyError struct {
	stage string
	err   error
}

func (e *policyError) Error() string {
	return fmt.Sprintf("pl: stage %q: in its OnError, Retry or RetryIf: %s", e.stage, guard.Text(e.err))
}

func (e *policyError) Unwrap() error { return e.err }
