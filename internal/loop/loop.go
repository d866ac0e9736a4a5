// Package loop is a cooperative scheduler. A [Loop] runs tasks one at a time, on a goroutine of its
// own, and a task gives the loop up only when it parks or yields. So the tasks of a loop share
// state without locks.
//
// A task is a coroutine made with iter.Pull. It runs its work to the end without a switch unless it
// parks, and is used again for other work. All functions of this package must be called on the
// loop, that is, by the running task or by a [Receiver], unless they say otherwise.
package loop

import (
	"math"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gopeln/pl/internal/timesheet"
)

// Loop runs tasks. [New] makes one.
type Loop struct {
	// current is the running task, nil between two. The loop writes it; the watchdog and Running
	// read it.
	current atomic.Pointer[Task]

	// These are used on the loop only, but for the inbox and the watchdog, which have rules of
	// their own, and epoch, which never changes.
	ready  fifo
	fresh  fifo   // tasks that are ready too, and will begin something new
	turns  uint64 // the last turn that a task in ready or fresh was given
	timers timers
	inbox  inbox
	free   *Task      // idle coroutines, the last used first
	idlers []Receiver // of WhenIdle
	rounds uint
	epoch  time.Time
	timer  *time.Timer // ends a sleep
	watch  watchdog

	// Sheet, if it is not nil, keeps the loop's time. It is set before the loop runs.
	Sheet *timesheet.Sheet

	mu     sync.Mutex    // guards users, ended, posted and ending
	users  int           // calls of Acquire without their Release
	ended  chan struct{} // closed at the end of the loop; nil if it does not run
	end    Message
	posted bool // end is in the inbox
	ending bool // end has been received; the loop reads it without mu, since it alone writes it
}

// Receiver receives a message, on the loop.
type Receiver interface{ Receive() }

// These limits keep one kind of event from starving another.
const (
	roundSize = 32  // tasks resumed before the loop looks at the inbox and the timers
	patience  = 256 // rounds that WhenIdle waits for a loop that is never idle
)

// noTimer is a sleep without an end.
const noTimer time.Duration = -1

// New makes a loop. It does not run yet.
func New() *Loop {
	l := &Loop{epoch: time.Now()}
	l.inbox.wake = make(chan struct{}, 1)
	l.end.To = (*lastUser)(l)
	l.watch.id = strconv.FormatUint(loopsMade.Add(1), 10)
	return l
}

// Acquire keeps the loop running until Release. If the loop does not run, Acquire starts it and
// returns a function that waits for its end; otherwise wait is nil. Any goroutine may call it.
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

// Release undoes one Acquire. With the last one the loop ends; by then all its tasks must have
// finished. Any goroutine may call it, and so may a task of the loop.
func (l *Loop) Release() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.users--
	if l.users == 0 && !l.posted {
		l.posted = true
		l.Post(&l.end)
	}
}

// lastUser receives the message that ends the loop.
type lastUser Loop

// Receive makes the loop end after the tasks that are ready.
func (l *lastUser) Receive() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.posted, l.ending = false, true
}

// Post makes the loop call m's receiver soon. It does not wait. Until then m must not be posted
// again. Any goroutine may call it.
func (l *Loop) Post(m *Message) { l.inbox.post(m) }

// WhenIdle makes the loop call r, once, when it has nothing else to do, or after some rounds if
// that does not happen.
func (l *Loop) WhenIdle(r Receiver) { l.idlers = append(l.idlers, r) }

// Now returns the time since the loop was made, which is what [Task.Park] takes. Any goroutine may
// call it.
func (l *Loop) Now() time.Duration { return time.Since(l.epoch) }

// In returns what Now will return after d. Any goroutine may call it.
func (l *Loop) In(d time.Duration) time.Duration {
	now := l.Now()
	return now + min(d, math.MaxInt64-now)
}

// Time returns the time at which Now returns now. Any goroutine may call it.
func (l *Loop) Time(now time.Duration) time.Time { return l.epoch.Add(now) }

// run is the loop's goroutine.
//
// A task that calls Goexit ends this goroutine too, since iter.Pull passes Goexit on to the caller
// of next. The coroutine has ended, after its deferred functions have told its owner; the loop goes
// on in a new goroutine.
func (l *Loop) run() {
	over := false
	if l.Sheet != nil {
		l.Sheet.Begin()
	}
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

// round resumes tasks, delivers messages and looks at the timers. Tasks that become ready meanwhile
// wait for the next round.
//
// Tasks run in the order in which they became ready, but the first task of a round is a fresh one
// if there is any. Otherwise one value would begin for each turn of all ready tasks: the more tasks
// poll, the more slowly the rest would begin.
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

// deliver calls the receivers of all messages. It reports whether there were any.
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

// due reports whether the time of a parked task has come.
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

// callIdlers calls the receivers of WhenIdle, each once.
func (l *Loop) callIdlers() {
	due := l.idlers
	l.idlers = nil
	for _, r := range due {
		r.Receive()
	}
}

// idle waits for a message or a timer. It lets other goroutines run first, since one of them is
// often about to post a message: that is cheaper than a sleep and a wake-up.
func (l *Loop) idle() {
	runtime.Gosched()
	if l.deliver() || len(l.idlers) > 0 {
		return
	}
	wait := noTimer
	if len(l.timers.heap) > 0 {
		if wait = l.timers.heap[0].when - l.Now(); wait <= 0 {
			return
		}
	}
	if l.Sheet != nil {
		l.Sheet.Wait(timesheet.Starved)
	}
	l.sleep(wait)
	if l.Sheet != nil {
		l.Sheet.Resume(timesheet.Starved)
	}
	l.watch.resume()
}

// sleep waits for a message, or for wait if that is not noTimer.
func (l *Loop) sleep(wait time.Duration) {
	if !l.inbox.fallAsleep() {
		return
	}
	if wait == noTimer {
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

// stop ends the loop and its idle coroutines, which are goroutines. It reports false if the loop
// has been acquired again.
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
	if l.Sheet != nil {
		l.Sheet.End()
	}
	close(l.ended)
	l.ended = nil
	return true
}
