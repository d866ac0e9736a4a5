package stopwatch

import (
	"context"
	"time"
)

// call is one call of the function, and the context that the function gets. A call is used once,
// since the function may keep its context; so it is small, and many are allocated at a time.
//
// As long as the parent has the answer to all that is asked of the context, there are only these
// fields. When the function asks for more, real is made: an ordinary context derived from the
// parent, which the watch cancels, and which answers from then on.
type call struct {
	*batch
	due time.Duration // the end of its time when it began, since the watch's epoch; never changes

	// Guarded by the watch's lock. Any goroutine with the context may make real; the watch's
	// goroutine and its timer write end.
	real *realContext
	end  end
}

// end is why a call has ended, if not by the end of its parent.
type end uint8

const (
	none end = iota
	returned
	timedOut
)

// batch is a number of calls that are allocated together, in half a kilobyte. A call that is kept
// keeps the memory of the others.
type batch struct {
	watch *Watch
	calls [15]call
	used  int // only the watch's goroutine uses it
}

// next returns the next call of the batch, which must have one.
func (b *batch) next(due time.Duration) *call {
	c := &b.calls[b.used]
	b.used++
	c.batch, c.due = b, due
	return c
}

// realContext is a context that its watch cancels. When the time is over, it looks to the function
// like a context whose deadline has passed.
type realContext struct {
	context.Context
	cancel context.CancelCauseFunc
	cause  error // what it is cancelled with when the time is over
}

func (r *realContext) Err() error {
	err := r.Context.Err()
	if err != nil && context.Cause(r.Context) == r.cause {
		return context.DeadlineExceeded
	}
	return err
}

// over ends the context. The caller must hold the watch's lock.
func (c *call) over(why end) {
	c.end = why
	if c.real != nil {
		c.cancelReal()
	}
}

// cancelReal cancels real as end says. The caller must hold the watch's lock.
func (c *call) cancelReal() {
	switch c.end {
	case returned:
		c.real.cancel(nil)
	case timedOut:
		c.real.cancel(c.real.cause)
	}
}

// realize returns real, which it makes if there is none.
func (c *call) realize() *realContext {
	c.watch.mu.Lock()
	defer c.watch.mu.Unlock()
	if c.real != nil {
		return c.real
	}
	parent := c.parent()
	if c.end == timedOut {
		parent = context.WithoutCancel(parent) // which may have ended since
	}
	ctx, cancel := context.WithCancelCause(parent)
	c.real = &realContext{ctx, cancel, c.watch.settings.Cause}
	c.cancelReal()
	return c.real
}

// plain reports whether the parent answers for the call: the call has not ended by itself, and real
// has not been made.
func (c *call) plain() bool {
	c.watch.mu.Lock()
	defer c.watch.mu.Unlock()
	return c.real == nil && c.end == none
}

func (c *call) parent() context.Context { return c.watch.settings.Context }

// Done implements context.Context.
func (c *call) Done() <-chan struct{} { return c.realize().Done() }

// Err implements context.Context.
func (c *call) Err() error {
	if c.plain() {
		return c.parent().Err()
	}
	return c.realize().Err()
}

// Deadline returns the end of the call's time, or the parent's deadline if that is sooner. It does
// not return a time that may still move: a function that passes it on, to a connection or in a
// request, would not learn of the move.
func (c *call) Deadline() (time.Time, bool) {
	parents, ok := c.parent().Deadline()
	own := c.watch.epoch.Add(c.due)
	if c.watch.settings.Moves || ok && parents.Before(own) {
		return parents, ok
	}
	return own, true
}

// Value returns the parent's value. If that is a context, package context asks for the one that
// cancels this context: real.
func (c *call) Value(key any) any {
	v := c.parent().Value(key)
	if _, ok := v.(context.Context); ok {
		return c.realize().Value(key)
	}
	return v
}

// String keeps fmt from reading the fields, which are guarded by a lock.
func (c *call) String() string { return "pl.Timeout(" + c.watch.settings.Timeout.String() + ")" }
