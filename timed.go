package pl

import (
	"context"
	"errors"
	"time"
)

// timedContext is the context of one call, which a watch cancels. To the function, and to contexts derived from it, it is
// one with a deadline.
type timedContext struct {
	context.Context                 // the worker's, for Value
	call            context.Context // ends with the call
	watch           *watch
	n               uint64    // the call's number
	due             time.Time // at first
}

func (c *timedContext) Done() <-chan struct{} { return c.call.Done() }

func (c *timedContext) Err() error {
	err := c.call.Err()
	if err != nil && errors.Is(context.Cause(c.call), ErrTimeout) {
		return context.DeadlineExceeded
	}
	return err
}

func (c *timedContext) Deadline() (time.Time, bool) {
	due, ok := c.watch.deadline(c.n)
	if !ok {
		due = c.due
	}
	if outer, ok := c.Context.Deadline(); ok && outer.Before(due) {
		return outer, true
	}
	return due, true
}

// AfterFunc is how package context attaches derived contexts, which take their error from Err then. It does so since Value
// does not lead it to call, whose own error is Canceled.
func (c *timedContext) AfterFunc(f func()) (stop func() bool) { return context.AfterFunc(c.call, f) }
