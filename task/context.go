package task

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/internal/loop"
	"github.com/gopeln/pl/internal/timesheet"
)

// valueContext is the context that a function gets with a value. The functions of this package find
// the task by it. It is not used again for another value, since a function may keep it; so it is
// small, and many are allocated at a time.
//
// Without a Timeout it cannot end by itself: its Done is that of the stage's context, and contexts
// derived from it attach themselves to the stage's context, without a goroutine in between.
type valueContext struct {
	*place
	// ended is set on the loop when the function has returned; from then on place may be another
	// value's. Any goroutine that has the context may read it.
	ended atomic.Bool
}

// place is where a function runs: its task, and what its context has in common with others.
type place struct {
	scope *scope
	task  *loop.Task
}

// scope is what the contexts of many values have in common.
type scope struct {
	executor *executor
	ctx      context.Context // asked for values
	life     context.Context // asked for the rest: the ancestor of ctx that is cancelled, and is quicker
	limit    *deadline       // nil without Timeout
	outer    *scope          // of the task that called Gather; nil if the task has a seat
}

// timed is the place of one value under a Timeout. It has a scope of its own.
type timed struct {
	place    place
	scope    scope
	deadline deadline
}

// slab is a number of contexts that are allocated together, in half a kilobyte. A context that is
// kept keeps the memory of the others. Only the loop uses it.
type slab struct {
	contexts [31]valueContext
	used     int
}

func (s *slab) next() *valueContext {
	s.used++
	return &s.contexts[s.used-1]
}

// newContext returns a context for a value in p, and begins its Timeout if there is one.
func (e *executor) newContext(p *place) *valueContext {
	if e.fresh == nil || e.fresh.used == len(e.fresh.contexts) {
		e.fresh = new(slab)
	}
	c := e.fresh.next()
	c.place = p
	if e.config.timeout > 0 {
		own := &timed{scope: e.scope}
		own.deadline.begin(e.loop, e.scope.life, e.config.timeout, e.config.moves)
		own.scope.limit = &own.deadline
		own.place = place{&own.scope, p.task}
		c.place = &own.place
	}
	return c
}

// end ends the context because the function has returned. It reports whether the value's time was
// over.
func (c *valueContext) end() (expired bool) {
	c.ended.Store(true)
	return c.scope.limit != nil && c.scope.limit.end()
}

// Done implements context.Context.
func (c *valueContext) Done() <-chan struct{} {
	if c.scope.limit != nil {
		return c.scope.limit.Done()
	}
	return c.scope.life.Done()
}

// Err implements context.Context.
func (c *valueContext) Err() error {
	if c.scope.limit != nil {
		return c.scope.limit.Err()
	}
	return c.scope.life.Err()
}

// Deadline implements context.Context.
func (c *valueContext) Deadline() (time.Time, bool) {
	if c.scope.limit != nil {
		return c.scope.limit.Deadline()
	}
	return c.scope.life.Deadline()
}

// taskKey is the key for which a valueContext returns itself.
type taskKey struct{}

// Value implements context.Context. For taskKey it returns c.
func (c *valueContext) Value(key any) any {
	if key == (taskKey{}) {
		return c
	}
	if limit := c.scope.limit; limit != nil && limit.isExpired() {
		if v := timedOut.Value(key); v != nil {
			return v
		}
	}
	return c.scope.ctx.Value(key)
}

// timedOut is a context whose cause is pl.ErrTimeout, and which has no values. When context.Cause
// asks a context whose time is over, by a key of package context's own, timedOut gives the answer.
var timedOut = func() context.Context {
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(pl.ErrTimeout)
	return ctx
}()

// AfterFunc is the method by which package context attaches derived contexts without a goroutine.
func (c *valueContext) AfterFunc(f func()) (stop func() bool) {
	if c.scope.limit != nil {
		return c.scope.limit.AfterFunc(f)
	}
	return context.AfterFunc(c.scope.life, f)
}

// String keeps fmt from reading the fields, which belong to the loop.
func (c *valueContext) String() string { return "task.Context(" + c.scope.executor.site.Name() + ")" }

// offLoop is the context of a function that runs off the loop, and so outside the task.
type offLoop struct{ context.Context }

func (c *offLoop) Value(key any) any {
	if key == (taskKey{}) {
		return nil
	}
	return c.Context.Value(key)
}

// current returns the context of the task that ctx belongs to, or nil if ctx is not a task's.
func current(ctx context.Context) *valueContext {
	if c, ok := ctx.(*valueContext); ok {
		return c
	}
	c, _ := ctx.Value(taskKey{}).(*valueContext)
	if c != nil && pl.SiteFrom(ctx) != c.scope.executor.site {
		return nil // the context is of a run that the task's function consumes, and that has its own goroutines
	}
	return c
}

var (
	errEnded = errors.New("task: the context belongs to a function that has returned: " +
		"await before it returns, and wait there for what it starts (task.Gather does)")
	errForeign = errors.New("task: called by a goroutine that is not the task's, with the task's context: " +
		"start children with task.Gather, or give the goroutine a context from outside the task")
)

// mine returns nil if the caller is the task and may give the loop up. Otherwise the error says why
// it may not.
func (c *valueContext) mine() error {
	switch {
	case c.ended.Load():
		return errEnded
	case !c.task.Running():
		return errForeign
	}
	return nil
}

// ready is mine, but it also returns ctx's error if ctx has ended.
func (c *valueContext) ready(ctx context.Context) error {
	if err := c.mine(); err != nil {
		return err
	}
	return ctx.Err()
}

// park gives the loop up until the task is woken, ctx ends, or the loop's time is until, if that is
// more than 0. It reports whether the time was the reason. It may also return without one of these.
func (c *valueContext) park(ctx context.Context, until time.Duration) (expired bool) {
	if ctx != context.Context(c) && ctx.Done() != c.Done() {
		return c.parkWatching(ctx, until)
	}
	if c.scope.limit != nil {
		until = c.scope.limit.sooner(until)
	}
	c.passLead()
	expired = c.task.Park(until)
	c.takeLead()
	return expired
}

// parkWatching is park for a context that the function has derived from its own, and that may end
// earlier.
func (c *valueContext) parkWatching(ctx context.Context, until time.Duration) (expired bool) {
	defer afterFunc(ctx, c.scope.executor.loop, &loop.Message{To: (*waker)(c.task)})()
	c.passLead()
	expired = c.task.Park(until)
	c.takeLead()
	return expired
}

// passLead is called before the task gives the loop up: another seat may lead.
func (c *valueContext) passLead() {
	if c.scope.outer == nil {
		c.scope.executor.crowd.Wait(timesheet.Awaiting)
	}
	c.scope.executor.passLead(c.task)
}

// takeLead is called when the task has the loop again.
func (c *valueContext) takeLead() {
	if c.scope.outer == nil {
		c.scope.executor.crowd.Resume(timesheet.Awaiting)
		c.scope.executor.takeLead(c.task)
	}
}

// waker is a task that wakes when it receives a message.
type waker loop.Task

// Receive wakes the task.
func (w *waker) Receive() { (*loop.Task)(w).Wake() }

// afterFunc posts m to l when ctx ends, unless stop is called before.
func afterFunc(ctx context.Context, l *loop.Loop, m *loop.Message) (stop func() bool) {
	return context.AfterFunc(ctx, func() { l.Post(m) })
}
