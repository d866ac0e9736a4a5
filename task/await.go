package task

import (
	"context"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/internal/loop"
)

// Sleep waits for d while other tasks run. It returns early, with ctx's error, when ctx ends. A d of 0 or less is a
// [Yield]. Outside a task it just waits.
func Sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return Yield(ctx)
	}
	c := current(ctx)
	if c == nil {
		return sleepOutside(ctx, d)
	}
	if err := c.ready(ctx); err != nil {
		return err
	}
	until := c.scope.host.loop.In(d)
	for {
		expired := c.park(ctx, until)
		if err := ctx.Err(); err != nil {
			return err
		}
		if expired {
			return nil
		}
	}
}

func sleepOutside(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Yield lets every other task that could run have a turn, values that have not been begun included. It returns ctx's
// error if ctx has ended. Outside a task it is runtime.Gosched.
func Yield(ctx context.Context) error {
	c := current(ctx)
	if c == nil {
		runtime.Gosched()
		return ctx.Err()
	}
	if err := c.mine(); err != nil {
		return err
	}
	c.passLead()
	c.task.Yield()
	c.takeLead()
	return ctx.Err()
}

// Await calls f on another goroutine, while other tasks run, and returns what f returned. So f may block, and shares
// nothing with the tasks but what it locks. A panic in f comes back as a [*pl.PanicError]. The goroutine is used for other
// calls afterwards, so f must undo what it does to it, such as runtime.LockOSThread.
//
// f gets a context in which it is outside the task. When ctx ends, Await returns ctx's error at once; what f returns
// then is dropped, and the run still waits for f before it ends, except that under a Timeout it waits for no f longer
// than that. So f must not acquire what its caller has to give back; for a slot there is [Semaphore]. Outside a task Await
// just calls f.
func Await[T any](ctx context.Context, f func(ctx context.Context) (T, error)) (T, error) {
	c := current(ctx)
	if c == nil {
		return f(ctx)
	}
	if err := c.ready(ctx); err != nil {
		var zero T
		return zero, err
	}
	return awaited(ctx, c, f)
}

// awaited is Await once it is clear that f will be called.
func awaited[T any](ctx context.Context, c *valueContext, f func(ctx context.Context) (T, error)) (T, error) {
	a := &await[T]{f: f, ctx: offLoop{ctx}}
	a.call.start(c, a)
	if err := a.call.wait(ctx, c); err != nil {
		var zero T
		return zero, err
	}
	return a.value, a.err
}

// await is one call of Await. It is one object, since a call that was given up may outlive its task.
type await[T any] struct {
	call  call
	ctx   offLoop
	f     func(ctx context.Context) (T, error)
	value T
	err   error
}

func (a *await[T]) run() {
	returned := false
	defer func() {
		if !returned {
			a.err = fault(recover())
		}
		a.call.post()
	}()
	a.value, a.err = a.f(&a.ctx)
	returned = true
}

// call is a job that is done for a task, as the loop sees it.
type call struct {
	job   job
	note  loop.Message // that it has returned
	host  *host
	task  *loop.Task
	timer *time.Timer

	returned  bool
	forgotten bool // the host does not wait for it
}

// start calls do off the loop. It posts note when it is done.
func (k *call) start(c *valueContext, do interface{ run() }) {
	k.host, k.task = c.scope.host, c.task
	k.note.To, k.job.do = (*returning)(k), do
	k.host.calls++
	k.host.crew.start(&k.job)
}

// post tells the loop that the job is done.
func (k *call) post() { k.host.loop.Post(&k.note) }

// wait parks the task until the job is done. It gives it up, with an error, when ctx ends.
func (k *call) wait(ctx context.Context, c *valueContext) error {
	for !k.returned {
		c.park(ctx, 0)
		if err := ctx.Err(); err != nil && !k.returned {
			k.giveUp(c)
			return err
		}
	}
	return nil
}

// giveUp leaves the job to itself. The host waits for it, but under a Timeout no longer than that.
func (k *call) giveUp(c *valueContext) {
	limit := c.scope.limit
	for s := c.scope.outer; s != nil && limit == nil; s = s.outer {
		limit = s.limit
	}
	if limit == nil {
		return
	}
	if left := limit.left(); left > 0 {
		late := &loop.Message{To: (*forgetting)(k)}
		k.timer = time.AfterFunc(left, func() { k.host.loop.Post(late) })
		return
	}
	k.forget()
}

func (k *call) forget() {
	if !k.forgotten {
		k.forgotten = true
		if !k.returned {
			k.host.crew.abandon(&k.job)
		}
		k.host.calls--
		k.host.settle()
	}
}

type returning call

func (r *returning) Receive() {
	k := (*call)(r)
	k.returned = true
	if k.timer != nil {
		k.timer.Stop()
	}
	k.task.Wake()
	k.forget()
}

type forgetting call

func (f *forgetting) Receive() { (*call)(f).forget() }

// fault is the error of a function that did not return: of its panic, or of Goexit where value is nil. It is called in
// the deferred function, where the stack still reaches down to the panic.
func fault(value any) error {
	if value == nil {
		return pl.ErrGoexit
	}
	return &pl.PanicError{Value: value, Stack: debug.Stack()}
}
