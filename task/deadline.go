package task

import (
	"context"
	"sync"
	"time"

	"github.com/gopeln/pl/internal/loop"
)

// deadline is the part of a value's context that a Timeout needs. The loop's timers wake a task
// that is parked. So there is a timer here only once Done or AfterFunc has been called, which must
// work while the task holds the loop too. Its methods are safe for concurrent use.
type deadline struct {
	loop   *loop.Loop
	parent context.Context
	moves  bool // see config

	mu     sync.Mutex    // guards what follows
	due    time.Duration // in the loop's time
	paused bool
	since  time.Duration // when it was paused
	// expired is set if the context has ended because the value's time is over.
	expired bool
	err     error                // nil until the context ends
	done    chan struct{}        // nil until Done is called
	funcs   map[*func()]struct{} // those of AfterFunc that are still to be called
	timer   *time.Timer          // nil until listen is called
	unhook  func() bool          // removes the hook that listen has put on the parent
}

// begin starts the clock. It must be called before any other method.
func (d *deadline) begin(l *loop.Loop, parent context.Context, timeout time.Duration, moves bool) {
	d.loop, d.parent, d.due, d.moves = l, parent, l.In(timeout), moves
}

// Err is that of the value's context.
func (d *deadline) Err() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.look()
}

// isExpired reports whether the context has ended because the value's time is over.
func (d *deadline) isExpired() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.expired
}

// look ends the context if its time is over or its parent has ended, and returns its error. The
// caller must hold the lock.
func (d *deadline) look() error {
	if d.err == nil {
		d.lookAt(d.loop.Now())
	}
	return d.err
}

// lookAt is look at the time now, for a context that has not ended.
func (d *deadline) lookAt(now time.Duration) {
	if err := d.parent.Err(); err != nil {
		d.finish(err)
	} else if !d.paused && now >= d.due {
		d.expired = true
		d.finish(context.DeadlineExceeded)
	}
}

// finish ends the context with err. The caller must hold the lock.
func (d *deadline) finish(err error) {
	d.err = err
	if d.done != nil {
		close(d.done)
	}
	for f := range d.funcs {
		go (*f)()
	}
	d.funcs = nil
	if d.timer != nil {
		d.timer.Stop()
		d.unhook()
	}
}

// Deadline returns the end of the value's time, or the parent's deadline if that is sooner. If the
// end may still move, it returns the parent's: a function that passes it on, to a connection or in
// a request, would not learn of the move.
func (d *deadline) Deadline() (time.Time, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	own := d.loop.Time(d.due)
	if parents, ok := d.parent.Deadline(); d.moves || ok && parents.Before(own) {
		return parents, ok
	}
	return own, true
}

// Done is that of the value's context.
func (d *deadline) Done() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.done == nil {
		err := d.look()
		d.done = make(chan struct{})
		if err != nil {
			close(d.done)
		}
		d.listen()
	}
	return d.done
}

// AfterFunc calls f on a goroutine of its own when the context has ended, unless stop is called
// before.
func (d *deadline) AfterFunc(f func()) (stop func() bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.look() != nil {
		go f()
		return func() bool { return false }
	}
	if d.funcs == nil {
		d.funcs = map[*func()]struct{}{}
	}
	d.funcs[&f] = struct{}{}
	d.listen()
	return func() bool {
		d.mu.Lock()
		defer d.mu.Unlock()
		_, waiting := d.funcs[&f]
		delete(d.funcs, &f)
		return waiting
	}
}

// listen makes the context end in time even while the task holds the loop. The caller must hold the
// lock.
func (d *deadline) listen() {
	if d.err != nil || d.timer != nil {
		return
	}
	notice := func() { _ = d.Err() }
	left := d.due - d.loop.Now()
	d.timer = time.AfterFunc(left, notice)
	if d.paused {
		d.timer.Stop()
	}
	d.unhook = context.AfterFunc(d.parent, notice)
}

// pause stops the clock until resume. It reports false if the time was over.
func (d *deadline) pause() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.loop.Now()
	if d.err == nil {
		d.lookAt(now)
	}
	if d.expired {
		return false
	}
	if d.paused { // halt was called
		return true
	}
	d.paused, d.since = true, now
	if d.timer != nil {
		d.timer.Stop()
	}
	return true
}

// halt is pause for a function off the loop that has returned, or offers a result: other tasks may
// hold the loop for some time before the loop receives that. d may be nil.
func (d *deadline) halt() bool { return d == nil || d.pause() }

// resume starts the clock again. If the task has not waited, the time since pause is negligible,
// and resume does not read the clock, which would be most of its cost.
func (d *deadline) resume(waited bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.paused = false
	left := d.due - d.since
	if waited {
		d.due = d.loop.In(left)
	}
	if d.timer != nil && d.err == nil {
		d.timer.Reset(left)
	}
}

// sooner returns until, or the deadline if that is sooner. An until of 0 means never.
func (d *deadline) sooner(until time.Duration) time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	if until == 0 {
		return d.due
	}
	return min(until, d.due)
}

// left returns the time until the deadline. It is at most 0 if the time is over.
func (d *deadline) left() time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.due - d.loop.Now()
}

// end ends the context because the function has returned. It reports whether its time was over.
func (d *deadline) end() (expired bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.look() == nil {
		d.finish(context.Canceled)
	}
	return d.expired
}
