package crossing

import (
	"context"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/internal/guard"
)

// Ending is how a run's context has ended, as the program tells a worker.
type Ending struct {
	Late     bool      // by its deadline
	Cause    *Failure  // context.Cause
	Sentinel *Sentinel `json:",omitempty"` // which the cause is itself
}

// EndingOf is how ctx has ended.
func EndingOf(ctx context.Context) Ending {
	cause := context.Cause(ctx)
	e := Ending{Late: ctx.Err() == context.DeadlineExceeded, Cause: NewFailure(cause)}
	for i, s := range sentinels.list() {
		if same(cause, s) {
			e.Sentinel = &Sentinel{i, guard.Text(s)}
			break
		}
	}
	return e
}

// Shortened is e with at most about so many bytes of text. It is for a worker of the same build.
func (e Ending) Shortened(most int) Ending {
	cause := e.Cause
	message := cause.Message
	e.Cause = &Failure{
		Type:    cause.Type[:min(len(cause.Type), most)],
		Message: strings.ToValidUTF8(message[:min(len(message), most)], "") + " …",
	}
	for _, s := range cause.Sentinels[:min(len(cause.Sentinels), most/20)] {
		e.Cause.Sentinels = append(e.Cause.Sentinels, Sentinel{Number: s.Number})
	}
	if e.Sentinel != nil {
		e.Sentinel = &Sentinel{Number: e.Sentinel.Number}
	}
	return e
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
func (e *Ending) cause() error {
	if e.Cause == nil {
		return context.Canceled
	}
	if e.Sentinel != nil {
		if err := e.Sentinel.in(sentinels.list()); err != nil {
			return err
		}
	}
	return e.Cause.Err()
}

// deadlinePatience is how long after its deadline a worker's context waits to be told by the
// program how it ended: the program may know a cause.
const deadlinePatience = 250 * time.Millisecond

// NewContext returns the context of a worker's functions, and what ends it. A zero deadline is
// none.
func NewContext(deadline time.Time, info pl.WorkerInfo) (ctx context.Context, end func(Ending)) {
	inner, cancel := context.WithCancelCause(context.Background())
	ctx = pl.WithWorker(inner, info)
	if deadline.IsZero() {
		return ctx, func(e Ending) { cancel(e.cause()) }
	}
	c := &deadlineContext{Context: ctx, deadline: deadline, done: make(chan struct{})}
	end = func(e Ending) {
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
		end(Ending{Late: true, Cause: &Failure{}, Sentinel: &Sentinel{Number: sentinelDeadline}})
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
