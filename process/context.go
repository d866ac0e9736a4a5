package process

import (
	"context"
	"encoding/json"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gopeln/pl"
)

// ending is how a run's context has ended, as the program tells a worker.
type ending struct {
	Late     bool     // by its deadline
	Cause    *failure // context.Cause
	Sentinel int      // index plus 1 of the sentinel that the cause is itself; 0: none
}

// mostEnding bounds an ending on the page; the message of a longer one is cut.
const mostEnding = 3 << 10

// endingOf encodes how ctx has ended.
func endingOf(ctx context.Context) []byte {
	cause := context.Cause(ctx)
	e := ending{Late: ctx.Err() == context.DeadlineExceeded, Cause: newFailure(cause)}
	for i, s := range sentinels.list() {
		if same(cause, s) {
			e.Sentinel = i + 1
			break
		}
	}
	text, err := json.Marshal(e)
	if err == nil && len(text) <= mostEnding {
		return text
	}
	const most = mostEnding / 10 // JSON writes a byte as up to 6
	message := e.Cause.Message
	e.Cause = &failure{
		Type:      e.Cause.Type[:min(len(e.Cause.Type), most)],
		Message:   strings.ToValidUTF8(message[:min(len(message), most)], "") + " …",
		Sentinels: e.Cause.Sentinels[:min(len(e.Cause.Sentinels), most)],
	}
	text, _ = json.Marshal(e)
	return text
}

// same reports whether err is target itself.
func same(err, target error) (is bool) {
	defer func() {
		if recover() != nil { // they cannot be compared
			is = false
		}
	}()
	return err == target
}

// cause is the cause as the worker's functions see it.
func (e *ending) cause() error {
	all := sentinels.list()
	switch {
	case e.Cause == nil:
		return context.Canceled
	case e.Sentinel > 0 && e.Sentinel <= len(all):
		return all[e.Sentinel-1]
	}
	return e.Cause.err()
}

// deadlinePatience is how long after its deadline a worker's context waits to be told by the
// program how it ended: the program may know a cause.
const deadlinePatience = 250 * time.Millisecond

// newContext returns the context of a worker's functions, and what ends it. A zero deadline is
// none.
func newContext(deadline time.Time, info pl.WorkerInfo) (ctx context.Context, end func(ending)) {
	inner, cancel := context.WithCancelCause(context.Background())
	ctx = pl.WithWorker(inner, info)
	if deadline.IsZero() {
		return ctx, func(e ending) { cancel(e.cause()) }
	}
	c := &deadlineContext{Context: ctx, deadline: deadline, done: make(chan struct{})}
	end = func(e ending) {
		err := context.Canceled
		if e.Late {
			err = context.DeadlineExceeded
		}
		if c.err.CompareAndSwap(nil, &err) {
			cancel(e.cause())
			close(c.done)
		}
	}
	time.AfterFunc(time.Until(deadline)+deadlinePatience, func() {
		end(ending{Late: true, Cause: &failure{}, Sentinel: sentinelDeadline + 1})
	})
	return c, end
}

// deadlineContext is a context whose end comes from elsewhere, though its deadline is known. The
// context inside holds the cause; it ends just before.
type deadlineContext struct {
	context.Context
	deadline time.Time
	done     chan struct{}
	err      atomic.Pointer[error]
}

func (c *deadlineContext) Deadline() (time.Time, bool) { return c.deadline, true }
func (c *deadlineContext) Done() <-chan struct{}       { return c.done }

func (c *deadlineContext) Err() error {
	select {
	case <-c.done:
		return *c.err.Load()
	default:
		return nil
	}
}

// AfterFunc lets package context follow the end without a goroutine for each context made of this
// one.
func (c *deadlineContext) AfterFunc(f func()) (stop func() bool) {
	return context.AfterFunc(c.Context, func() {
		<-c.done
		f()
	})
}

// valueContext is the context of one value under a Timeout. The program watches over the time and
// kills the worker when it is over, so the deadline is only told.
type valueContext struct {
	context.Context
	due time.Time
}

func (c valueContext) Deadline() (time.Time, bool) {
	if parents, ok := c.Context.Deadline(); ok && parents.Before(c.due) {
		return parents, true
	}
	return c.due, true
}
