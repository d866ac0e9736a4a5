package loop

import (
	"iter"
	"runtime/pprof"
	"sync/atomic"
	"time"
)

// Work is what a task does. Do must recover its own panics. Where it ends by Goexit the task is gone, and Do's deferred
// functions are the place to notice.
type Work interface{ Do() }

// Func is a function as Work.
type Func func()

// Do calls f.
func (f Func) Do() { f() }

// Task is a coroutine with something to do. There can be very many, so it is small.
type Task struct {
	identity                         // first: it is empty in most builds
	next     func() (struct{}, bool) // switches to the coroutine
	yield    func(struct{}) bool     // and back
	work     Work
	owner    atomic.Pointer[Owner] // atomic for the watchdog
	link     *Task                 // the next one in the list that the task is in
	until    time.Duration         // for the loop to set the timer: a task's stack is small, and had better stay so
	turn     uint64                // of the turns that the loop has given out: the place among those that are ready
	slot     int32                 // in the timers; 0: none, else index+1
	parked   bool
	expired  bool
	again    bool // it yields
	begins   bool // see Begins
}

// Go starts a task of owner that does work. It gets its turn after the tasks that are ready now.
func (l *Loop) Go(owner *Owner, work Work) *Task { return l.start(owner, work, false) }

// Begin is Go for a task that begins something new, as [Task.Begins] says.
func (l *Loop) Begin(owner *Owner, work Work) *Task { return l.start(owner, work, true) }

func (l *Loop) start(owner *Owner, work Work, begins bool) *Task {
	t := l.free
	if t == nil {
		t = newTask()
	} else {
		l.free = t.link
	}
	t.work = work
	t.owner.Store(owner)
	t.begins = begins
	l.queue(t)
	return t
}

// queue makes t the last of those that are ready.
func (l *Loop) queue(t *Task) {
	l.turns++
	t.turn = l.turns
	if t.begins {
		l.fresh.push(t)
	} else {
		l.ready.push(t)
	}
}

// newTask makes a coroutine, which ends when it is resumed without work. So what iter.Pull returns to stop it is not
// kept.
func newTask() *Task {
	t := new(Task)
	t.next, _ = iter.Pull(func(yield func(struct{}) bool) {
		t.yield, t.identity = yield, identify()
		for t.work != nil {
			pprof.SetGoroutineLabels(t.owner.Load().labels)
			t.work.Do()
			t.rest()
		}
	})
	return t
}

// rest waits among the idle coroutines for other work.
func (t *Task) rest() {
	l := t.loop()
	t.work = nil
	t.link, l.free = l.free, t
	t.switchAway()
}

func (t *Task) loop() *Loop { return t.owner.Load().loop }

// resume switches to t until it parks, yields or has finished.
func (l *Loop) resume(t *Task) {
	l.current.Store(t)
	l.watch.sign()
	t.begins = false
	t.next()
	switch {
	case t.again:
		t.again = false
		l.deliver() // what the task has asked for comes before its own next turn
		l.expire()  // and who has waited for a time, before one who yields
		l.queue(t)
	case t.until > 0:
		l.timers.add(t, t.until)
		t.until = 0
	}
}

// switchAway gives the loop up until somebody resumes t.
func (t *Task) switchAway() { t.yield(struct{}{}) }

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
	l := t.loop()
	if t.slot > 0 {
		l.timers.remove(t)
	}
	l.queue(t)
}

// Begins says that t will begin something new when it is next resumed, such as a value that waits for it. One in
// [roundSize] tasks that the loop resumes is of this kind, if there is any, however many others are ready.
func (t *Task) Begins() { t.begins = true }

// Yield lets everybody else have a turn. Where nobody wants one it returns at once.
func (t *Task) Yield() {
	l := t.loop()
	if l.ready.n+l.fresh.n == 0 && l.inbox.empty() && len(l.idlers) == 0 && !l.due() {
		l.watch.sign()
		return
	}
	t.again = true
	t.switchAway()
}

// Running tells whether the caller is t, as the loop runs it. A goroutine that is not t's is found out if t is parked,
// and in builds with the race detector always. Any goroutine may call it.
func (t *Task) Running() bool { return t.loop().current.Load() == t && identify() == t.identity }

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
