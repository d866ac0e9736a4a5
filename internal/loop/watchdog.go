package loop

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"runtime/pprof"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	watchEvery   = 25 * time.Millisecond
	stallTicks   = 4 // unanswered: the loop has been held for 100 ms
	stallPause   = time.Minute
	courtesy     = 100
	mostProfiled = 20_000 // goroutines; a profile of more would be a stall of its own
)

// Owner is what tasks belong to: a stage.
type Owner struct {
	loop     *Loop
	labels   context.Context
	onStall  func(held time.Duration, stack string)
	reported time.Time // guarded by the watchdog's lock
}

var loopsMade atomic.Uint64

// NewOwner makes an owner of tasks of l. The goroutines of its tasks have the profiler labels of the context that it
// returns, which is ctx with one label more. onStall is called, on another goroutine, when a task of this owner has held
// the loop for 100 ms, and again after a minute if it happens again; stack is the task's, or why there is none.
func (l *Loop) NewOwner(ctx context.Context, onStall func(held time.Duration, stack string)) (*Owner, context.Context) {
	ctx = pprof.WithLabels(ctx, pprof.Labels(loopLabel, l.watch.id))
	return &Owner{loop: l, labels: ctx, onStall: onStall}, ctx
}

// Labels is the context with the profiler labels of its tasks.
func (o *Owner) Labels() context.Context { return o.labels }

// loopLabel is a label that tells the loops of the program apart, so that the watchdog finds its loop's goroutine.
const loopLabel = "task.loop"

// watchdog looks from time to time whether the loop makes progress. It costs the loop a load per sign of life, and has
// no timer while the loop sleeps.
type watchdog struct {
	loop    *Loop
	id      string
	waiting atomic.Bool // for a sign of the loop
	armed   atomic.Bool

	mu     sync.Mutex // held while it looks
	timer  *time.Timer
	looked time.Time
	missed int
	over   bool
}

// Sign tells the watchdog that the running task has not been in one function all the time.
func (l *Loop) Sign() { l.watch.sign() }

func (w *watchdog) sign() {
	if w.waiting.Load() {
		w.waiting.Store(false)
	}
}

func (w *watchdog) start(l *Loop) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.loop, w.over, w.missed = l, false, 0
	w.waiting.Store(false)
	w.armed.Store(true)
	w.timer = time.AfterFunc(watchEvery, w.look)
}

// stop ends the watch, and waits for a look under way.
func (w *watchdog) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.over = true
	w.timer.Stop()
}

// resume is called when the loop has slept: the watchdog may have gone to sleep too.
func (w *watchdog) resume() {
	if !w.armed.Load() && w.armed.CompareAndSwap(false, true) {
		w.timer.Reset(watchEvery)
	}
}

// look is the timer's function.
func (w *watchdog) look() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.over || w.restsWithLoop() {
		return
	}
	// A look that is late itself says that the program lacks processors, and nothing of the loop.
	late := time.Since(w.looked) > 2*watchEvery
	w.looked = time.Now()
	t := w.loop.current.Load()
	if t != nil && w.waiting.Load() && !late {
		w.missed++
	} else {
		w.missed = 0
		w.waiting.Store(true)
	}
	if w.missed >= stallTicks && w.held() {
		w.report(t.owner.Load())
	}
	w.timer.Reset(watchEvery)
}

// held tells a loop that is held by its task from one that waits for a processor in a busy program: that one gets its
// turn when the watchdog has let the others run a few times.
func (w *watchdog) held() bool {
	for range courtesy {
		if !w.waiting.Load() {
			return false
		}
		runtime.Gosched()
	}
	return true
}

// restsWithLoop disarms the watchdog while the loop sleeps. The loop looks at armed after it has woken up, and this
// looks whether it sleeps after armed is off: one of the two arms it again.
func (w *watchdog) restsWithLoop() bool {
	asleep := &w.loop.inbox.sleeping
	if !asleep.Load() {
		return false
	}
	w.missed = 0
	w.waiting.Store(false)
	w.armed.Store(false)
	return asleep.Load() || !w.armed.CompareAndSwap(false, true)
}

// report tells the owner, unless it was told a short while ago, or the task has gone on in the time that a stack takes:
// then the stack is not that of the stall.
func (w *watchdog) report(o *Owner) {
	if !o.reported.IsZero() && time.Since(o.reported) < stallPause {
		return
	}
	stack := w.stack()
	if w.waiting.Load() {
		o.reported = time.Now()
		o.onStall(time.Duration(w.missed)*watchEvery, stack)
	}
}

// stack finds the running task's in a profile of all goroutines, which does not stop the program as runtime.Stack
// would: it has this loop's label and a coroutine's frame, and is not in a switch.
func (w *watchdog) stack() string {
	if n := runtime.NumGoroutine(); n > mostProfiled {
		return fmt.Sprintf("not taken: there are %d goroutines", n)
	}
	var profile bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&profile, 1); err != nil {
		return "not taken: " + err.Error()
	}
	label := fmt.Sprintf("%q:%q", loopLabel, w.id)
	for record := range strings.SplitSeq(profile.String(), "\n\n") {
		stack, ok := frames(record, label)
		if ok {
			return stack
		}
	}
	return "not taken: the function has just returned"
}

// frames is the stack in a record of a profile, if it is that of a running task with label.
func frames(record, label string) (string, bool) {
	_, stack, ok := strings.Cut(record, "\n# labels: ")
	if !ok {
		return "", false
	}
	labels, stack, _ := strings.Cut(stack, "\n")
	const body, parked = "internal/loop.newTask", "internal/loop.(*Task).switchAway"
	if !strings.Contains(labels, label) || !strings.Contains(stack, body) || strings.Contains(stack, parked) {
		return "", false
	}
	return stack, true
}
