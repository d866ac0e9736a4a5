package task

import (
	"context"
	"sync"
	"time"

	"github.com/gopeln/pl/internal/loop"
)

// deadline is the part of a value's context that a Timeout needs. A task that parks has its
// deadline in the loop's timers. So there is a timer here only once Done or AfterFunc is called:
// only they must work while the task holds the loop. Any goroutine may call its methods.
type deadline struct {
	loop   *loop.Loop
	parent context.Context
	moves  bool // see config

	mu     sync.Mutex
	due    time.Duration // in the loop's time
	paused bool
	since  time.Duration // when it was paused
	// expired: the context has ended because the value's time is over, and not for another reason.
	expired bool
	err     error                // nil until the end
	done    chan struct{}        // nil until Done
	funcs   map[*func()]struct{} // of AfterFunc
	timer   *time.Timer          // nil until listen
	unhook  func() bool          // from the parent; set by listen
}

func (d *deadline) begin(l *loop.Loop, parent context.Context, timeout time.Duration, moves bool) {
	d.loop, d.parent, d.due, d.moves = l, parent, l.In(timeout), moves
}

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

// look ends the context if its time is over or its parent has ended, and returns its error.
func (d *deadline) look() error {
	if d.err == nil {
		d.lookAt(d.loop.Now())
	}
	return d.err
}

func (d *deadline) lookAt(now time.Duration) {
	if err := d.parent.Err(); err != nil {
		d.finish(err)
	} else if !d.paused && now >= d.due {
		d.expired = true
		d.finish(context.DeadlineExceeded)
	}
}

// finish ends the context. The lock is held.
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
// end may still move, it returns the parent's: a client that passes it on, to a connection or in a
// request, would not learn of the move.
func (d *deadline) Deadline() (time.Time, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	own := d.loop.Time(d.due)
	if parents, ok := d.parent.Deadline(); d.moves || ok && parents.Before(own) {
		return parents, ok
	}
	return own, true
}

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

// listen makes the context end in time even while the task holds the loop. The lock is held.
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

// pause stops the clock, unless the time is over. It reports whether it did.
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
// hold the loop for some time before the loop learns of it.
func (d *deadline) halt() bool { return d == nil || d.pause() }

// resume starts the clock again. If the task has not waited, the time since pause is negligible,
// and is not asked for, since that would cost most.
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

// sooner returns until, or the deadline if that is sooner. An until of 0 is never.
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
