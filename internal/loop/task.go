package loop

import (
	"iter"
	"runtime/pprof"
	"sync/atomic"
	"time"
)

// Task is a coroutine with something to do.
type Task struct {
	loop  *Loop
	next  func() (struct{}, bool)
	stop  func()
	yield func(struct{}) bool
	work  func()
	owner atomic.Pointer[Owner] // atomic for the watchdog
	goid  uint64                // with the race detector only

	link    *Task // the next one in the list that the task is in
	parked  bool
	expired bool
	again   bool          // it yields
	until   time.Duration // for the loop to set the timer: a task's stack is small, and had better stay so
	slot    int           // in the timers; 0: none, else index+1
}

// Go starts a task of owner that runs work; it gets its turn after the tasks that are ready now. work must recover its
// own panics. Where it ends by Goexit the task is gone, and work's deferred functions are the place to notice.
func (l *Loop) Go(owner *Owner, work func()) *Task {
	t := l.free
	if t == nil {
		t = &Task{loop: l}
		t.next, t.stop = iter.Pull(func(yield func(struct{}) bool) {
			t.yield, t.goid = yield, goid()
			t.body()
		})
	} else {
		l.free = t.link
	}
	t.work = work
	t.owner.Store(owner)
	l.ready.push(t)
	return t
}

// body is the coroutine. Between two pieces of work it waits among the idle ones.
func (t *Task) body() {
	for {
		pprof.SetGoroutineLabels(t.owner.Load().labels)
		t.work()
		t.work = nil
		t.link = t.loop.free
		t.loop.free = t
		if !t.switchAway() {
			return
		}
	}
}

// resume switches to t until it parks, yields or has finished.
func (l *Loop) resume(t *Task) {
	l.current.Store(t)
	l.watch.sign()
	t.next()
	switch {
	case t.again:
		t.again = false
		l.deliver() // what the task has asked for comes before its own next turn
		l.ready.push(t)
	case t.until > 0:
		l.timers.add(t, t.until)
		t.until = 0
	}
}

// switchAway gives the loop up until somebody resumes t. It reports false where t is idle and shall end.
func (t *Task) switchAway() bool { return t.yield(struct{}{}) }

// Park gives the loop up until Wake, or until the loop's Now has reached until, if that is more than 0. It tells
// whether the time was the reason.
func (t *Task) Park(until time.Duration) (expired bool) {
	t.parked, t.expired, t.until = true, false, until
	t.switchAway()
	return t.expired
}

// Wake makes t ready if it is parked.
func (t *Task) Wake() {
	if !t.parked {
		return
	}
	t.parked = false
	if t.slot > 0 {
		t.loop.timers.remove(t)
	}
	t.loop.ready.push(t)
}

// Yield lets everybody else have a turn. Where nobody wants one it returns at once.
func (t *Task) Yield() {
	l := t.loop
	if l.ready.n == 0 && l.inbox.empty() && !l.due() {
		return
	}
	t.again = true
	t.switchAway()
}

// Running tells whether the caller is t, as the loop runs it. A goroutine that is not t's is found out if t is parked,
// and in builds with the race detector always. Any goroutine may call it.
func (t *Task) Running() bool { return t.loop.current.Load() == t && goid() == t.goid }

// fifo is a list of tasks.
type fifo struct {
	first, last *Task
	n           int
}

func (f *fifo) push(t *Task) {
	t.link = nil
	if f.n == 0 {
		f.first = t
	} else {
		f.last.link = t
	}
	f.last = t
	f.n++
}

func (f *fifo) pop() *Task {
	t := f.first
	f.first = t.link
	t.link = nil
	f.n--
	return t
}
