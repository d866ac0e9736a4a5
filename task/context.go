package task

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/internal/loop"
)

// valueContext is the context that a function gets with a value. It says which task runs the function, so that the
// functions of this package find it. It is never used for another value, since whoever keeps it would speak for that
// one; so it is small, and made many at a time.
//
// It cancels nothing itself unless there is a Timeout: Done is the stage's, and contexts derived from it attach themselves
// to the stage's context without a goroutine in between.
type valueContext struct {
	*place
	ended atomic.Bool // then place may be another value's
}

// place is where a function runs.
type place struct {
	scope *scope
	task  *loop.Task
}

// scope is what the contexts of many values have in common.
type scope struct {
	host  *host
	ctx   context.Context // for Value
	life  context.Context // for the rest: the context above ctx that is cancelled, without the steps between
	limit *deadline       // nil without Timeout
	outer *scope          // of the task whose Gather these are the children of; nil for those with a seat
}

// timed is the place of one value under a Timeout.
type timed struct {
	place    place
	scope    scope
	deadline deadline
}

// slab is contexts made at a time: half a kilobyte of them. One that is kept keeps the others' memory.
type slab struct {
	contexts [31]valueContext
	used     int
}

// next is a context that nobody has had.
func (s *slab) next() *valueContext {
	s.used++
	return &s.contexts[s.used-1]
}

func (h *host) newContext(p *place) *valueContext {
	if h.fresh == nil || h.fresh.used == len(h.fresh.contexts) {
		h.fresh = new(slab)
	}
	c := h.fresh.next()
	c.place = p
	if h.config.timeout > 0 {
		own := &timed{scope: h.scope}
		own.deadline.begin(h.loop, h.scope.life, h.config.timeout, h.config.moves)
		own.scope.limit = &own.deadline
		own.place = place{&own.scope, p.task}
		c.place = &own.place
	}
	return c
}

// end is called when the function has returned. It reports whether its time was over.
func (c *valueContext) end() (expired bool) {
	c.ended.Store(true)
	return c.scope.limit != nil && c.scope.limit.end()
}

func (c *valueContext) Done() <-chan struct{} {
	if c.scope.limit != nil {
		return c.scope.limit.Done()
	}
	return c.scope.life.Done()
}

func (c *valueContext) Err() error {
	if c.scope.limit != nil {
		return c.scope.limit.Err()
	}
	return c.scope.life.Err()
}

func (c *valueContext) Deadline() (time.Time, bool) {
	if c.scope.limit != nil {
		return c.scope.limit.Deadline()
	}
	return c.scope.life.Deadline()
}

// taskKey is what a valueContext answers to with itself.
type taskKey struct{}

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

// timedOut is a context whose cause is pl.ErrTimeout. It answers for a context whose time is over when package context asks
// that, with a key of its own, for the cause; it has no other values.
var timedOut = func() context.Context {
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(pl.ErrTimeout)
	return ctx
}()

// AfterFunc is how package context attaches derived contexts without a goroutine where Done is not a parent's.
func (c *valueContext) AfterFunc(f func()) (stop func() bool) {
	if c.scope.limit != nil {
		return c.scope.limit.AfterFunc(f)
	}
	return context.AfterFunc(c.scope.life, f)
}

// String keeps fmt from reading the fields, which belong to the loop.
func (c *valueContext) String() string { return "task.Context(" + c.scope.host.site.Name() + ")" }

// offLoop is a context for a function that runs off the loop: there it is outside the task.
type offLoop struct{ context.Context }

func (c *offLoop) Value(key any) any {
	if key == (taskKey{}) {
		return nil
	}
	return c.Context.Value(key)
}

// current is the context of the task that ctx belongs to; nil outside a task.
func current(ctx context.Context) *valueContext {
	if c, ok := ctx.(*valueContext); ok {
		return c
	}
	c, _ := ctx.Value(taskKey{}).(*valueContext)
	if c != nil && pl.SiteFrom(ctx) != c.scope.host.site {
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

// mine tells whether it is the task itself that asks to give the loop up.
func (c *valueContext) mine() error {
	switch {
	case c.ended.Load():
		return errEnded
	case !c.task.Running():
		return errForeign
	}
	return nil
}

// ready is mine, and whether there is anything left to wait for.
func (c *valueContext) ready(ctx context.Context) error {
	if err := c.mine(); err != nil {
		return err
	}
	return ctx.Err()
}

// park gives the loop up until the task is woken, ctx ends, or the loop's time is until, if that is more than 0; it
// tells whether the time was the reason. It may return for nothing.
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

// parkWatching is park for a context that the function derived from its own and that may end before it.
func (c *valueContext) parkWatching(ctx context.Context, until time.Duration) (expired bool) {
	defer afterFunc(ctx, c.scope.host.loop, &loop.Message{To: (*waker)(c.task)})()
	c.passLead()
	expired = c.task.Park(until)
	c.takeLead()
	return expired
}

func (c *valueContext) passLead() { c.scope.host.passLead(c.task) }

func (c *valueContext) takeLead() {
	if c.scope.outer == nil {
		c.scope.host.takeLead(c.task)
	}
}

// waker is a receiver that wakes its task.
type waker loop.Task

func (w *waker) Receive() { (*loop.Task)(w).Wake() }

// afterFunc posts m to l when ctx ends.
func afterFunc(ctx context.Context, l *loop.Loop, m *loop.Message) (stop func() bool) {
	return context.AfterFunc(ctx, func() { l.Post(m) })
}
