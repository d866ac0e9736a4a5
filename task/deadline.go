package task

import (
	"context"
	"sync"
	"time"

	"github.com/gopeln/pl/internal/loop"
)

// deadline is the part of a value's context that a Timeout needs. A task that parks has its deadline in the loop's
// timers, so as long as nobody asks for Done or AfterFunc it needs no timer of its own. Its methods may be called by
// any goroutine.
type deadline struct {
	loop   *loop.Loop
	parent context.Context
	moves  bool

	mu     sync.Mutex
	due    time.Duration // in the loop's time
	paused bool
	since  time.Duration // when it was paused
	// expired tells the end of the value's time from that of the parent's.
	expired bool
	err     error
	done    chan struct{} // nil until somebody asks
	funcs   map[*func()]struct{}
	// once somebody listens
	timer  *time.Timer
	unhook func() bool
}

func (d *deadline) begin(l *loop.Loop, parent context.Context, timeout time.Duration, moves bool) {
	d.loop, d.parent, d.due, d.moves = l, parent, l.In(timeout), moves
}

func (d *deadline) Err() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.look()
}

// isExpired reports whether the time is over, as opposed to the parent's.
func (d *deadline) isExpired() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.expired
}

// look finds out whether the context has ended by now.
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

// Deadline is the parent's where that comes first, and where the own one may yet move: a client that takes it along, to set
// it on a connection or send it with a call, would not hear of that.
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

// AfterFunc calls f on a goroutine of its own when the context has ended, unless stop is called before.
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

// listen sees to it that the context's end is noticed while the task holds the loop.
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
	if d.paused { // by halt
		return true
	}
	d.paused, d.since = true, now
	if d.timer != nil {
		d.timer.Stop()
	}
	return true
}

// halt is pause where a function off the loop has returned, or hands a result over: others may hold the loop for some time
// before it takes notice.
func (d *deadline) halt() bool { return d == nil || d.pause() }

// resume starts the clock again. Where nobody has waited no time has passed, and asking for it would be what costs.
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

// sooner is until, or the deadline if that comes first. until 0 is never.
func (d *deadline) sooner(until time.Duration) time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	if until == 0 {
		return d.due
	}
	return min(until, d.due)
}

// left is the time until the deadline, at most 0 when it is over.
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
