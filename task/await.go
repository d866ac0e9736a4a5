package task

import (
	"context"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/internal/loop"
)

// Sleep waits for d while other tasks run. It returns early, with ctx's error, when ctx ends. A d
// of 0 or less is a [Yield]. Outside a task it just waits.
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
	until := c.scope.executor.loop.In(d)
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

// sleepOutside is Sleep outside a task.
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

// Yield gives every other task that can run a turn, and lets a value that has not begun begin. It
// returns ctx's error if ctx has ended. Outside a task it is runtime.Gosched.
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

// Await calls f on another goroutine, while other tasks run, and returns what f returned. So f may
// block. It must lock what it shares with tasks. If f panics, Await returns a [*pl.PanicError]. The
// goroutine is used again, so f must undo what it does to it, such as runtime.LockOSThread.
//
// In the context that f gets, f is outside the task. When ctx ends, Await returns ctx's error at
// once, and drops what f returns later. So f must not acquire what its caller has to give back; for
// slots there is [Semaphore]. The run waits for f before it ends, but under a Timeout no longer
// than that. Outside a task Await just calls f.
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

// awaited is Await without the checks.
func awaited[T any](ctx context.Context, c *valueContext, f func(ctx context.Context) (T, error)) (T, error) {
	a := &await[T]{f: f, ctx: offLoop{ctx}}
	a.call.start(c.place, a)
	if err := a.call.wait(ctx, c); err != nil {
		var zero T
		return zero, err
	}
	return a.value, a.err
}

// await is one call of Await. It is allocated apart from the task, since a call that is given up
// may outlive its task.
type await[T any] struct {
	call call
	ctx  offLoop
	f    func(ctx context.Context) (T, error)

	// Written by the goroutine of f before it posts that the call is done, and read by the task
	// after.
	value T
	err   error
}

// run calls f, on a goroutine of the pool.
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

// call is a job off the loop that a task waits for. It is used on the loop only, but for post.
type call struct {
	job      job
	note     loop.Message // posted when the job is done
	executor *executor
	task     *loop.Task
	timer    *time.Timer // for forget; nil without a Timeout

	returned  bool // the loop has received note
	forgotten bool // the executor does not wait for the call
}

// start calls do off the loop. do must call post when it is done.
func (k *call) start(p *place, do interface{ run() }) {
	k.executor, k.task = p.scope.executor, p.task
	k.note.To, k.job.do = (*returning)(k), do
	k.executor.calls++
	k.executor.pool.start(&k.job)
}

// post tells the loop that the job is done. The job's goroutine calls it.
func (k *call) post() { k.executor.loop.Post(&k.note) }

// wait parks the task until the job is done. When ctx ends, it gives the job up and returns ctx's
// error.
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

// giveUp is called by a task that no longer waits for the job. The executor still waits for it, but
// under a Timeout only until the Timeout ends.
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
		k.timer = time.AfterFunc(left, func() { k.executor.loop.Post(late) })
		return
	}
	k.forget()
}

// forget makes the executor not wait for the call any longer.
func (k *call) forget() {
	if !k.forgotten {
		k.forgotten = true
		if !k.returned {
			k.executor.pool.abandon(&k.job)
		}
		k.executor.calls--
		k.executor.settle()
	}
}

// returning receives note.
type returning call

// Receive wakes the task.
func (r *returning) Receive() {
	k := (*call)(r)
	k.returned = true
	if k.timer != nil {
		k.timer.Stop()
	}
	k.task.Wake()
	k.forget()
}

// forgetting receives the message that the Timeout of a call that was given up has ended.
type forgetting call

// Receive forgets the call.
func (f *forgetting) Receive() { (*call)(f).forget() }

// fault returns the error of a function that did not return: of a panic with value, or of Goexit if
// value is nil. It must be called in the deferred function, where the stack still has the frames of
// the panic.
func fault(value any) error {
	if value == nil {
		return pl.ErrGoexit
	}
	return &pl.PanicError{Value: value, Stack: debug.Stack()}
}
