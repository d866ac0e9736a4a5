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

	"github.com/gopeln/pl/internal/timesheet"
)

const (
	watchEvery   = 25 * time.Millisecond
	stallTicks   = 4           // looks without a sign: the loop has been held for 100 ms
	stallPause   = time.Minute // between two reports of an owner
	courtesy     = 100         // times that other goroutines are let run before the loop counts as held
	mostProfiled = 20_000      // goroutines; a profile of more would be a stall of its own
)

// Owner is what tasks belong to, such as a stage. [Loop.NewOwner] makes one.
type Owner struct {
	loop     *Loop
	labels   context.Context
	onStall  func(held time.Duration, stack string)
	reported time.Time // guarded by the watchdog's lock

	// Sheet, if it is not nil, keeps the time that the owner's tasks have the loop. It is set
	// before any of them starts.
	Sheet *timesheet.Sheet
}

var loopsMade atomic.Uint64

// NewOwner makes an owner of tasks of l. Their goroutines have the profiler labels of the context
// that it returns, which is ctx with one more label. onStall is called, on another goroutine, when
// a task of this owner has held the loop for 100 ms, but at most once a minute; stack is the
// task's, or says why there is none.
func (l *Loop) NewOwner(ctx context.Context, onStall func(held time.Duration, stack string)) (*Owner, context.Context) {
	ctx = pprof.WithLabels(ctx, pprof.Labels(loopLabel, l.watch.id))
	return &Owner{loop: l, labels: ctx, onStall: onStall}, ctx
}

// Labels returns the context with the profiler labels of the owner's tasks.
func (o *Owner) Labels() context.Context { return o.labels }

// loopLabel is the profiler label that tells the loops of the program apart. By it the watchdog
// finds the goroutine of its loop's running task.
const loopLabel = "task.loop"

// watchdog checks from time to time that the loop makes progress. This costs the loop an atomic
// load per sign of life. While the loop sleeps there is no timer.
type watchdog struct {
	loop    *Loop
	id      string
	waiting atomic.Bool // for a sign; a look sets it, the loop clears it
	armed   atomic.Bool // the timer is set, or a look is under way; the loop sets it, a look clears it

	mu     sync.Mutex // guards what follows; held during a look
	timer  *time.Timer
	looked time.Time // the last look
	missed int       // looks in a row without a sign
	over   bool
}

// Sign tells the watchdog that the running task has left one function and will enter another.
func (l *Loop) Sign() { l.watch.sign() }

// sign clears waiting. Only the loop calls it.
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

// stop ends the watch. It waits for a look under way.
func (w *watchdog) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.over = true
	w.timer.Stop()
}

// resume sets the timer again if a look has not, because the loop slept. The loop calls it when it
// has slept.
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
	// If the look itself is late, the program lacks processors, and a missing sign means nothing.
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

// held reports whether the loop is held by its task. A loop that only waits for a processor, in a
// busy program, gets one when the watchdog has let others run a few times.
func (w *watchdog) held() bool {
	for range courtesy {
		if !w.waiting.Load() {
			return false
		}
		runtime.Gosched()
	}
	return true
}

// restsWithLoop disarms the watchdog if the loop sleeps, and reports whether it did. The loop
// checks armed after it has woken up, and restsWithLoop checks whether the loop sleeps after it has
// cleared armed. So at least one of the two sees the other, and the exchange lets one arm the
// watchdog again.
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

// report calls the owner's onStall, unless it did so less than stallPause ago, or the task has gone
// on while its stack was taken, so that the stack is not that of the stall.
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

// stack returns the stack of the running task. It is in a profile of all goroutines, which does not
// stop the program as runtime.Stack does: it has this loop's label and a coroutine's frame, and is
// not in a switch.
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

// frames returns the stack in a record of a profile, if the record is of a running task with label.
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
