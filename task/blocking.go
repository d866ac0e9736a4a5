package task

import (
	"context"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/internal/loop"
)

// detachable returns op with a kernel and a One that run off the loop if the stage is Blocking.
func detachable[A, B any](op pl.Operation[A, B]) pl.Operation[A, B] {
	if one := op.One; one != nil {
		op.One = func(ctx context.Context, in A) (B, error) {
			if current(ctx).scope.executor.config.blocking {
				return awaitOne(ctx, one, in)
			}
			return one(ctx, in)
		}
	}
	open := op.Open
	op.Open = func(ctx context.Context) (pl.Kernel[A, B], func(ctx context.Context) error, error) {
		kernel, end, err := open(ctx)
		if pl.SiteFrom(ctx).Setting(blocking) == nil {
			if op.Results == pl.Many && err == nil {
				kernel = yielding(kernel)
			}
			return kernel, end, err
		}
		return func(ctx context.Context, in A, emit func(B) bool) error {
			return detach(ctx, current(ctx), kernel, in, emit)
		}, end, err
	}
	return op
}

// awaitOne calls one off the loop. The Timeout does not count the time that passes before the loop
// learns that one has returned.
func awaitOne[A, B any](ctx context.Context, one func(context.Context, A) (B, error), in A) (B, error) {
	limit := current(ctx).scope.limit
	return Await(ctx, func(ctx context.Context) (B, error) {
		defer limit.halt()
		return one(ctx, in)
	})
}

// detached is a call of a kernel off the loop. Only the loop may call emit, so the kernel offers
// each result to the task, and waits for what emit reports.
type detached[A, B any] struct {
	call   call
	ctx    offLoop
	kernel pl.Kernel[A, B]
	limit  *deadline // nil without Timeout
	in     A
	err    error // written by the kernel's goroutine before the call is done, then read by the task

	offer   loop.Message  // posted by the kernel's goroutine when result is set
	result  B             // set by the kernel's goroutine before it posts offer, then read by the task
	offered bool          // offer has been received; only the loop uses it
	answer  chan bool     // what emit reported, from the task to the kernel; of capacity 1
	gone    chan struct{} // closed by the task when it no longer waits for the kernel
}

// detach calls kernel off the loop and emits its results in the task of c.
func detach[A, B any](ctx context.Context, c *valueContext, kernel pl.Kernel[A, B], in A, emit func(B) bool) error {
	d := &detached[A, B]{
		ctx: offLoop{ctx}, kernel: kernel, in: in, limit: c.scope.limit,
		answer: make(chan bool, 1), gone: make(chan struct{}),
	}
	d.offer.To = d
	defer close(d.gone)
	d.call.start(c.place, d)
	for {
		if err := d.wait(ctx, c); err != nil {
			return err
		}
		if d.offered {
			d.offered = false
			d.answer <- emit(d.result)
			continue
		}
		return d.err
	}
}

// wait parks the task until there is a result or the kernel has returned, or ctx ends.
func (d *detached[A, B]) wait(ctx context.Context, c *valueContext) error {
	for !d.offered && !d.call.returned {
		c.park(ctx, 0)
		if err := ctx.Err(); err != nil && !d.offered && !d.call.returned {
			d.call.giveUp(c)
			return err
		}
	}
	return nil
}

// Receive receives an offer.
func (d *detached[A, B]) Receive() {
	d.offered = true
	d.call.task.Wake()
}

// run calls the kernel, on a goroutine of the pool.
func (d *detached[A, B]) run() {
	returned := false
	defer func() {
		if !returned {
			d.err = fault(recover())
		}
		d.limit.halt()
		d.call.post()
	}()
	d.err = d.kernel(&d.ctx, d.in, d.emit)
	returned = true
}

// emit is the kernel's emit. It reports false once the task no longer waits for the kernel.
func (d *detached[A, B]) emit(result B) bool {
	select {
	case <-d.gone: // an earlier offer may still be in the inbox, so offer must not be posted again
		return false
	default:
	}
	d.result = result
	if !d.limit.halt() {
		return false
	}
	d.call.executor.loop.Post(&d.offer)
	select {
	case ok := <-d.answer:
		return ok
	case <-d.gone:
		return false
	}
}
