// Package stopwatch bounds how long a function may run for one value: its context is cancelled when the time is over, and
// a function that ignores that is given up.
package stopwatch

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"time"
)

// Watch times the calls of one goroutine's function.
type Watch struct {
	timeout time.Duration
	pauses  bool   // the clock may stand still during a call, so its deadline is not known
	cause   error  // of the context of a call whose time is over, and what Leave returns for it
	replace func() // takes over from a function that does not return; nil: it is waited for

	mu        sync.Mutex
	state     state
	calls     uint64 // counts the calls, to tell one from the next
	timer     *time.Timer
	due       time.Time
	remaining time.Duration // of a paused call
	cancel    context.CancelCauseFunc
}

type state uint8

const (
	idle state = iota
	running
	paused
	expired   // the context was cancelled; the function has a moment to return
	abandoned // it did not: what it does counts no longer
)

// graceYields is how many times others are let run before a function whose time is over counts as one that ignores its
// context. It is a count, not a time, so that under virtual time none passes; it comes to about half a millisecond on
// an idle machine, and more on a busy one.
const graceYields = 5000

// ErrAbandoned is what leave returns to a goroutine that was replaced.
var ErrAbandoned = errors.New("pl: the worker was replaced")

// New makes a watch. If pauses is false, Pause is only called when the function has nothing left to do.
func New(timeout time.Duration, pauses bool, cause error, replace func()) *Watch {
	return &Watch{timeout: timeout, pauses: pauses, cause: cause, replace: replace}
}

func (w *Watch) Enter(ctx context.Context) context.Context {
	ctx, cancel := context.WithCancelCause(ctx)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls++
	w.cancel = cancel
	w.start(w.timeout)
	timed := timedContext{Context: ctx, cause: w.cause}
	if !w.pauses {
		timed.due = w.due
	}
	return timed
}

// start starts the clock with d left.
func (w *Watch) start(d time.Duration) {
	w.state = running
	w.due = time.Now().Add(d)
	if w.timer == nil {
		w.timer = time.AfterFunc(d, w.expire)
	} else {
		w.timer.Reset(d)
	}
}

func (w *Watch) Pause() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.state != running {
		return false
	}
	w.timer.Stop()
	w.state, w.remaining = paused, time.Until(w.due)
	return true
}

func (w *Watch) Resume() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.start(w.remaining)
}

func (w *Watch) Leave(err error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch w.state {
	case abandoned:
		return ErrAbandoned
	case expired:
		err = w.cause
	default:
		w.timer.Stop()
	}
	w.state = idle
	w.cancel(nil)
	return err
}

// expire is called by the timer. It cancels the call's context, and if the function does not return for that, gives
// the worker's place to another.
func (w *Watch) expire() {
	w.mu.Lock()
	call := w.calls
	over := w.state == running && !time.Now().Before(w.due) // else the timer was late, and this is the next call
	if over {
		w.state = expired
		w.cancel(w.cause)
	}
	w.mu.Unlock()
	for range graceYields {
		if !over || w.replace == nil || !w.inState(expired, call) {
			return
		}
		runtime.Gosched()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.state == expired && w.calls == call {
		w.state = abandoned
		w.replace() // under the lock: the old goroutine must not come back in the middle of it
	}
}

func (w *Watch) inState(state state, call uint64) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.state == state && w.calls == call
}

// Abandoned tells whether the function was given up.
func (w *Watch) Abandoned() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.state == abandoned
}

// stop ends the timer with its goroutine's work.
func (w *Watch) Stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.timer != nil {
		w.timer.Stop()
	}
}

// timedContext is a context that its watch cancels. To the function it looks like one whose deadline has passed.
type timedContext struct {
	context.Context
	cause error
	due   time.Time // zero: not known
}

// Deadline is the parent's if that comes first. A deadline that may yet move is not told: a client that takes it along,
// to set it on a connection or to send it with a call, would not hear of that.
func (c timedContext) Deadline() (time.Time, bool) {
	parents, ok := c.Context.Deadline()
	if c.due.IsZero() || ok && parents.Before(c.due) {
		return parents, ok
	}
	return c.due, true
}

func (c timedContext) Err() error {
	err := c.Context.Err()
	if err != nil && context.Cause(c.Context) == c.cause {
		return context.DeadlineExceeded
	}
	return err
}
