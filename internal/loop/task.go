package loop

import (
	"iter"
	"runtime/pprof"
	"sync/atomic"
	"time"
)

// Work is what a task does. Do must recover its own panics. If it ends by Goexit, the task is gone,
// and only Do's deferred functions learn of it.
type Work interface{ Do() }

// Func is a function as Work.
type Func func()

// Do calls f.
func (f Func) Do() { f() }

// Task is a coroutine with something to do. There can be very many, so it is small.
type Task struct {
	identity                         // never changes; first, since an empty last field would take room
	next     func() (struct{}, bool) // switches to the coroutine
	yield    func(struct{}) bool     // switches back
	work     Work                    // nil: the coroutine is idle, or has to end
	owner    atomic.Pointer[Owner]   // written on the loop, read by the watchdog too
	link     *Task                   // the next one in the list that the task is in
	until    time.Duration           // Park's argument; the loop sets the timer, so the task's stack is small
	turn     uint64                  // orders the ready tasks
	slot     int32                   // index in the timers, plus 1; 0: it is not there
	parked   bool
	expired  bool // Park has ended because of the time
	again    bool // the task yields, and gets another turn
	begins   bool // see Begins
}

// Go starts a task of owner that does work. Its turn comes after those of the tasks that are ready
// now.
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

// newTask makes a coroutine. It ends when it is resumed without work, so iter.Pull's stop function
// is not needed.
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

// rest makes the task an idle coroutine until it has other work.
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
	if sheet := t.owner.Load().Sheet; sheet == nil {
		t.next()
	} else {
		sheet.Begin()
		t.next()
		sheet.End()
	}
	switch {
	case t.again:
		t.again = false
		l.deliver() // messages that the task has posted are received before its next turn,
		l.expire()  // and tasks whose time has come run before it
		l.queue(t)
	case t.until > 0:
		l.timers.add(t, t.until)
		t.until = 0
	}
}

// switchAway gives the loop up until it resumes t.
func (t *Task) switchAway() { t.yield(struct{}{}) }

// Park gives the loop up until Wake, or until the loop's Now reaches until if that is more than 0.
// It reports whether the time was the reason.
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

// Begins records that t will begin something new when it is next resumed, such as a value that
// waits for it. One in [roundSize] tasks that the loop resumes is of this kind, if there is any,
// however many others are ready.
func (t *Task) Begins() { t.begins = true }

// Yield gives every other ready task, and each message, a turn. If there are none it returns at
// once.
func (t *Task) Yield() {
	l := t.loop()
	if l.ready.n+l.fresh.n == 0 && l.inbox.empty() && len(l.idlers) == 0 && !l.due() {
		l.watch.sign()
		return
	}
	t.again = true
	t.switchAway()
}

// Running reports whether the caller is t. For a goroutine that is not t's it may report true while
// t runs; with the race detector it never does. Any goroutine may call it.
func (t *Task) Running() bool { return t.loop().current.Load() == t && identify() == t.identity }

// fifo is a first-in, first-out list of tasks, linked by their field link.
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
