// Package loop is a cooperative scheduler: a [Loop] runs tasks one at a time, on a goroutine of its own, and a task
// gives the loop up only where it parks. So tasks of one loop share state without locks.
//
// A task is a coroutine made with iter.Pull. It runs its work to the end without a switch unless it parks, and is
// reused for other work afterwards. Everything here is called on the loop, that is, by the task that is running or by
// a [Receiver], except where it says otherwise.
package loop

import (
	"math"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// Loop runs tasks. New makes one.
type Loop struct {
	current atomic.Pointer[Task] // the task that runs; nil between two

	ready  fifo
	fresh  fifo // ready too, and about to begin something new
	turns  uint64
	timers timers
	inbox  inbox
	free   *Task // idle coroutines; the last used is the first to be used again
	idlers []Receiver
	rounds uint
	epoch  time.Time
	timer  *time.Timer
	watch  watchdog

	mu    sync.Mutex
	users int
	ended chan struct{} // nil: the loop does not run
	end   Message
	// posted: end is in the inbox. It has arrived: ending.
	posted, ending bool
}

// Receiver takes in a message on the loop.
type Receiver interface{ Receive() }

// Limits on what happens before something else gets its turn.
const (
	roundSize  = 32  // tasks resumed before the inbox and the timers
	patience   = 256 // rounds that WhenIdle waits for a loop that is never idle
	neverWakes = -1
)

// New makes a loop that does not run yet.
func New() *Loop {
	l := &Loop{epoch: time.Now()}
	l.inbox.wake = make(chan struct{}, 1)
	l.end.To = (*lastUser)(l)
	l.watch.id = strconv.FormatUint(loopsMade.Add(1), 10)
	return l
}

// Acquire keeps the loop running until Release. Where the loop did not run, it starts it and returns a function that
// waits for its end; else wait is nil. Any goroutine may call it.
func (l *Loop) Acquire() (wait func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.users++
	if l.users > 1 || l.ended != nil {
		return nil
	}
	ended := make(chan struct{})
	l.ended = ended
	l.watch.start(l)
	go l.run()
	return func() { <-ended }
}

// Release takes back one Acquire; with the last one the loop ends. By then all its tasks must have finished. Any
// goroutine may call it, also a task of the loop.
func (l *Loop) Release() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.users--
	if l.users == 0 && !l.posted {
		l.posted = true
		l.Post(&l.end)
	}
}

// lastUser is the receiver of the message that ends the loop.
type lastUser Loop

func (l *lastUser) Receive() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.posted, l.ending = false, true
}

// Post hands m to the loop, which calls its receiver soon. Any goroutine may call it. Until the receiver has been
// called, m must not be posted again.
func (l *Loop) Post(m *Message) { l.inbox.post(m) }

// WhenIdle calls r once the loop has nothing else to do, or after a while if that never happens.
func (l *Loop) WhenIdle(r Receiver) { l.idlers = append(l.idlers, r) }

// Now is the time since the loop was made; it is what [Task.Park] understands. Any goroutine may call it.
func (l *Loop) Now() time.Duration { return time.Since(l.epoch) }

// In is what Now will return after d. Any goroutine may call it.
func (l *Loop) In(d time.Duration) time.Duration {
	now := l.Now()
	return now + min(d, math.MaxInt64-now)
}

// Time converts what Now returns back to a time. Any goroutine may call it.
func (l *Loop) Time(now time.Duration) time.Time { return l.epoch.Add(now) }

// run is the loop's goroutine.
func (l *Loop) run() {
	over := false
	// A task that ends by Goexit ends this goroutine too: iter.Pull passes it on to whoever resumed the coroutine. The
	// coroutine is gone, and its deferred functions have told its owner; the loop goes on.
	defer func() {
		if !over {
			l.current.Store(nil)
			go l.run()
		}
	}()
	for !over {
		l.round()
		switch {
		case l.ready.n+l.fresh.n > 0:
		case l.ending:
			over = l.stop()
		default:
			l.idle()
		}
	}
}

// round resumes tasks, delivers messages and looks at the timers. What becomes ready meanwhile waits for the next round.
//
// Tasks run in the order in which they became ready, but the first of a round is a fresh one if there is any: else values
// would begin once per turn of all ready tasks, and the more tasks poll, the slower the rest would start.
func (l *Loop) round() {
	ready, fresh := l.ready.n, l.fresh.n
	for turn := range min(ready+fresh, roundSize) {
		if fresh > 0 && (turn == 0 || ready == 0 || l.fresh.first.turn < l.ready.first.turn) {
			fresh--
			l.resume(l.fresh.pop())
		} else {
			ready--
			l.resume(l.ready.pop())
		}
	}
	l.current.Store(nil)
	l.deliver()
	l.expire()
	l.rounds++
	if len(l.idlers) > 0 && (l.ready.n+l.fresh.n == 0 || l.rounds%patience == 0) {
		l.callIdlers()
	}
}

// deliver hands the messages out. It reports whether there were any.
func (l *Loop) deliver() bool {
	m := l.inbox.take()
	if m == nil {
		return false
	}
	for m != nil {
		next := m.next // the receiver may post m again
		m.next = nil
		m.To.Receive()
		m = next
	}
	return true
}

// due tells whether a timer's time has come.
func (l *Loop) due() bool { return len(l.timers.heap) > 0 && l.timers.heap[0].when <= l.Now() }

// expire makes the tasks ready whose time has come.
func (l *Loop) expire() {
	if len(l.timers.heap) == 0 {
		return
	}
	for now := l.Now(); len(l.timers.heap) > 0 && l.timers.heap[0].when <= now; {
		t := l.timers.heap[0].task
		t.expired = true
		t.Wake()
	}
}

func (l *Loop) callIdlers() {
	due := l.idlers
	l.idlers = nil
	for _, r := range due {
		r.Receive()
	}
}

// idle waits for a message or a timer.
func (l *Loop) idle() {
	// Who would wake the loop is often about to: a turn for the others is cheaper than a sleep and a wake-up.
	runtime.Gosched()
	if l.deliver() || len(l.idlers) > 0 {
		return
	}
	wait := time.Duration(neverWakes)
	if len(l.timers.heap) > 0 {
		if wait = l.timers.heap[0].when - l.Now(); wait <= 0 {
			return
		}
	}
	l.sleep(wait)
	l.watch.resume()
}

func (l *Loop) sleep(wait time.Duration) {
	if !l.inbox.fallAsleep() {
		return
	}
	if wait == neverWakes {
		<-l.inbox.wake
		return
	}
	if l.timer == nil {
		l.timer = time.NewTimer(wait)
	} else {
		l.timer.Reset(wait)
	}
	select {
	case <-l.inbox.wake:
	case <-l.timer.C:
		l.inbox.wakeUp()
	}
}

// stop ends the loop, unless it has been acquired again. Idle coroutines are goroutines, so none may be left: the
// garbage collector does not take them.
func (l *Loop) stop() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ending = false
	if l.users > 0 {
		return false
	}
	for t := l.free; t != nil; t = t.link {
		t.next()
	}
	l.free = nil
	if l.timer != nil {
		l.timer.Stop()
	}
	l.watch.stop()
	close(l.ended)
	l.ended = nil
	return true
}
