package pl

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"time"
)

// watch times the calls of one goroutine's function.
type watch struct {
	timeout time.Duration
	replace func()

	mu     sync.Mutex
	state  watchState
	calls  uint64 // counts the calls, to tell one from the next
	timer  *time.Timer
	due    time.Time
	left   time.Duration // of a paused call
	cancel context.CancelCauseFunc
}

type watchState uint8

const (
	watchIdle watchState = iota
	watchRunning
	watchPaused
	watchExpired   // the context was cancelled; the function has a moment to return
	watchAbandoned // it did not: what it does counts no longer
)

// patience is how many times others are let run before a function whose time is over counts as one that ignores its
// context. It is a count, not a time, so that under virtual time none passes; it comes to about half a millisecond on
// an idle machine, and more on a busy one.
const patience = 5000

// errAbandoned is what leave returns to a goroutine that was replaced.
var errAbandoned = errors.New("pl: the worker was replaced")

func newWatch(timeout time.Duration, replace func()) *watch {
	return &watch{timeout: timeout, replace: replace}
}

func (w *watch) enter(ctx context.Context) context.Context {
	ctx, cancel := context.WithCancelCause(ctx)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls++
	w.cancel = cancel
	w.run(w.timeout)
	return timedContext{ctx}
}

// run starts the clock with d left.
func (w *watch) run(d time.Duration) {
	w.state = watchRunning
	w.due = time.Now().Add(d)
	if w.timer == nil {
		w.timer = time.AfterFunc(d, w.expire)
	} else {
		w.timer.Reset(d)
	}
}

func (w *watch) pause() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.state != watchRunning {
		return false
	}
	w.timer.Stop()
	w.state, w.left = watchPaused, time.Until(w.due)
	return true
}

func (w *watch) resume() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.run(w.left)
}

func (w *watch) leave(err error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch w.state {
	case watchAbandoned:
		return errAbandoned
	case watchExpired:
		err = ErrTimeout
	default:
		w.timer.Stop()
	}
	w.state = watchIdle
	w.cancel(nil)
	return err
}

// expire is called by the timer. It cancels the call's context, and if the function does not return for that, gives
// the worker's place to another.
func (w *watch) expire() {
	w.mu.Lock()
	call := w.calls
	over := w.state == watchRunning && !time.Now().Before(w.due) // else the timer was late, and this is the next call
	if over {
		w.state = watchExpired
		w.cancel(ErrTimeout)
	}
	w.mu.Unlock()
	for range patience {
		if !over || w.replace == nil || !w.still(watchExpired, call) {
			return
		}
		runtime.Gosched()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.state == watchExpired && w.calls == call {
		w.state = watchAbandoned
		w.replace() // under the lock: the old goroutine must not come back in the middle of it
	}
}

func (w *watch) still(state watchState, call uint64) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.state == state && w.calls == call
}

func (w *watch) abandoned() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.state == watchAbandoned
}

// stop ends the timer with its goroutine's work.
func (w *watch) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.timer != nil {
		w.timer.Stop()
	}
}

// timedContext is a context that its watch cancels. To the function it looks like one whose deadline has passed.
type timedContext struct{ context.Context }

func (c timedContext) Err() error {
	err := c.Context.Err()
	if err != nil && errors.Is(context.Cause(c.Context), ErrTimeout) {
		return context.DeadlineExceeded
	}
	return err
}
