// Package stopwatch bounds how long a function may run for one value: the context of the call ends
// when the time is over, and a function that ignores that is abandoned.
//
// Nearly all calls end in time and never look at their context, so a call locks a mutex twice and
// reads the clock once, and does no more. The timer runs on from one call to the next, and a call
// gets a context that can be cancelled only when its function asks for it.
package stopwatch

import (
	"context"
	"errors"
	"math"
	"runtime"
	"sync"
	"time"
)

// Watch times the calls of one goroutine's function, one after the other. [New] makes one. Only
// that goroutine may call Enter, Pause, Resume, Leave and Stop; any goroutine may call Abandoned.
type Watch struct {
	settings Settings  // never changes
	epoch    time.Time // never changes
	fresh    *batch    // of calls to come; only the goroutine uses it

	mu    sync.Mutex // guards what follows; the goroutine and the timer's write it
	state state
	call  *call         // the call under way, or the last
	due   time.Duration // the end of that call's time, since epoch; it never decreases
	left  time.Duration // the time that a paused call has left

	// If armed, the timer is set, for no later than due. When it fires early, because the call that
	// it was set for has ended, it is set again.
	timer  *time.Timer
	armed  bool
	alarms sync.WaitGroup // alarms that are armed or under way; Stop waits for them
}

// Settings are what a watch needs to know.
type Settings struct {
	Context context.Context // parent of the contexts of all calls
	Timeout time.Duration
	Cause   error // of the context of a call whose time is over; Leave returns it
	// Moves says that Pause and Resume are called during a call. The end of the call's time may
	// move then, so its context has no deadline.
	Moves bool
	// Replace is called, under the watch's lock, when a function has ignored the end of its time.
	// It gives the function's worker another goroutine. If it is nil, the function is waited for.
	Replace func()
}

// state is how a Watch stands.
type state uint8

const (
	idle state = iota
	running
	paused
	expired   // the call's context has ended; the function has a moment to return
	abandoned // it did not; what it does has no effect any more
)

// graceYields is how many times other goroutines are let run before a function whose time is over
// counts as one that ignores its context. It is a count, not a time, so that no virtual time
// passes; it takes about half a millisecond on an idle machine, and more on a busy one.
const graceYields = 5000

// ErrAbandoned is the error that Leave returns to a goroutine that was replaced.
var ErrAbandoned = errors.New("pl: the worker was replaced")

// New makes a watch.
func New(s Settings) *Watch { return &Watch{settings: s, epoch: time.Now()} }

// Enter begins a call and returns the context for it. The context ends with its parent, when the
// time is over, and when the call ends.
func (w *Watch) Enter() context.Context {
	if w.fresh == nil || w.fresh.used == len(w.fresh.calls) {
		w.fresh = &batch{watch: w}
	}
	due := w.in(w.settings.Timeout)
	c := w.fresh.next(due)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.call = c
	w.run(due)
	return c
}

// in returns the time, since epoch, that is d from now.
func (w *Watch) in(d time.Duration) time.Duration {
	now := time.Since(w.epoch)
	return now + min(d, math.MaxInt64-now)
}

// run starts the clock of the call, up to due. The caller must hold the lock.
func (w *Watch) run(due time.Duration) {
	w.state, w.due = running, due
	if !w.armed {
		w.arm()
	}
}

// arm sets the timer. The caller must hold the lock.
func (w *Watch) arm() {
	w.armed = true
	w.alarms.Add(1)
	left := w.due - time.Since(w.epoch)
	if w.timer == nil {
		w.timer = time.AfterFunc(left, w.alarm)
	} else {
		w.timer.Reset(left)
	}
}

// Pause stops the clock until Resume or Leave. It reports false if the time was over.
func (w *Watch) Pause() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.state != running {
		return false
	}
	w.state, w.left = paused, w.due-time.Since(w.epoch)
	return true
}

// Resume starts the clock again, with the time that was left.
func (w *Watch) Resume() {
	due := w.in(w.left)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.run(due)
}

// Leave ends the call. It returns ErrAbandoned if the goroutine was replaced, the cause if the time
// was over, and err otherwise.
func (w *Watch) Leave(err error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch w.state {
	case abandoned:
		return ErrAbandoned
	case expired:
		err = w.settings.Cause
	default:
		w.call.over(returned)
	}
	w.state = idle
	return err
}

// alarm is the timer's function.
func (w *Watch) alarm() {
	defer w.alarms.Done()
	c := w.expire()
	if c == nil || w.settings.Replace == nil {
		return
	}
	for range graceYields {
		if w.hasLeft(c) {
			return
		}
		runtime.Gosched()
	}
	w.abandon(c)
}

// expire ends the context of the call under way and returns the call, if its time is over.
// Otherwise it returns nil: the timer was set for an earlier call.
func (w *Watch) expire() *call {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.armed = false
	switch {
	case w.state != running:
		return nil
	case time.Since(w.epoch) < w.due:
		w.arm()
		return nil
	}
	w.state = expired
	w.call.over(timedOut)
	return w.call
}

// hasLeft reports whether c, whose time is over, has ended.
func (w *Watch) hasLeft(c *call) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.state != expired || w.call != c
}

// abandon replaces the goroutine, unless its function has returned after all.
func (w *Watch) abandon(c *call) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.state == expired && w.call == c {
		w.state = abandoned
		w.settings.Replace() // under the lock, so that Leave waits until it has returned
	}
}

// Abandoned reports whether the function was abandoned.
func (w *Watch) Abandoned() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.state == abandoned
}

// Stop stops the timer, and waits for an alarm under way. It must be called after the last call.
func (w *Watch) Stop() {
	w.mu.Lock()
	if w.armed && w.timer.Stop() {
		w.armed = false
		w.alarms.Done()
	}
	w.mu.Unlock()
	w.alarms.Wait()
}
