package stopwatch

import (
	"context"
	"time"
)

// call is one call of the function, and the context that it gets. It is used once, since a function
// may keep its context; so it is small, and made many at a time.
//
// As long as nobody asks for more than can be seen in the parent, there is nothing but these
// fields. Then real is made: an ordinary context derived from the parent, which the watch cancels,
// and which answers all questions.
type call struct {
	*batch
	due time.Duration // by the watch

	// guarded by the watch's lock
	real *realContext
	end  end
}

// end is why a call has ended by itself.
type end uint8

const (
	none end = iota
	returned
	timedOut
)

// batch is calls that are allocated together: half a kilobyte of them. One that is kept keeps the
// others' memory.
type batch struct {
	watch *Watch
	calls [15]call
	used  int
}

func (b *batch) next(due time.Duration) *call {
	c := &b.calls[b.used]
	b.used++
	c.batch, c.due = b, due
	return c
}

// realContext is a context that its watch cancels. To the function it looks like one whose deadline
// has passed.
type realContext struct {
	context.Context
	cancel context.CancelCauseFunc
	cause  error // of the end of the time
}

func (r *realContext) Err() error {
	err := r.Context.Err()
	if err != nil && context.Cause(r.Context) == r.cause {
		return context.DeadlineExceeded
	}
	return err
}

// over ends the context. The watch's lock is held.
func (c *call) over(why end) {
	c.end = why
	if c.real != nil {
		c.cancelReal()
	}
}

func (c *call) cancelReal() {
	switch c.end {
	case returned:
		c.real.cancel(nil)
	case timedOut:
		c.real.cancel(c.real.cause)
	}
}

// realize makes real, if it is not there.
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

// plain reports whether the parent's state is the call's: it has not ended by itself, and real is
// not there.
func (c *call) plain() bool {
	c.watch.mu.Lock()
	defer c.watch.mu.Unlock()
	return c.real == nil && c.end == none
}

func (c *call) parent() context.Context { return c.watch.settings.Context }

func (c *call) Done() <-chan struct{} { return c.realize().Done() }

func (c *call) Err() error {
	if c.plain() {
		return c.parent().Err()
	}
	return c.realize().Err()
}

// Deadline is the end of the call's time, or the parent's deadline if that is sooner. A time that
// may still move is not told: a client that passes it on, to a connection or in a request, would
// not learn of the move.
func (c *call) Deadline() (time.Time, bool) {
	parents, ok := c.parent().Deadline()
	own := c.watch.epoch.Add(c.due)
	if c.watch.settings.Moves || ok && parents.Before(own) {
		return parents, ok
	}
	return own, true
}

// Value finds what the parent finds. If that is a context, it is package context that asks, for
// what cancels this one.
func (c *call) Value(key any) any {
	v := c.parent().Value(key)
	if _, ok := v.(context.Context); ok {
		return c.realize().Value(key)
	}
	return v
}

// String keeps fmt from reading the fields, which are guarded by a lock.
func (c *call) String() string { return "pl.Timeout(" + c.watch.settings.Timeout.String() + ")" }
