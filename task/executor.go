package task

import (
	"sync/atomic"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/internal/loop"
	"github.com/gopeln/pl/internal/timesheet"
)

// executor runs a stage's values on one loop. It has one pl.Worker, and a seat for each value that
// may be under way; a seat is on a coroutine while it has something to do.
//
// The seats follow the leader/followers pattern: one of them at most, the leader, takes input, by
// waiting for it or by handling values one after the other. When its function awaits, another seat
// becomes the leader. So a function that never awaits runs on one coroutine without a switch,
// whatever Workers is, and seats are made only as values are under way.
//
// Everything runs on the loop, except where a method says otherwise.
type executor struct {
	site   *pl.Site
	worker pl.Worker
	loop   *loop.Loop
	owner  *loop.Owner
	pool   *pool
	config config
	scope  scope // of the values' contexts
	fresh  *slab
	unhook func() bool // from the stage's context

	seats   []*seat
	idle    []*seat          // those that are not on a coroutine
	leader  *loop.Task       // the leading seat's task; nil while all seats await
	stuck   bool             // the leader waits for room downstream
	crowd   *timesheet.Crowd // what the seats wait for; nil if the run is not observed
	waiting *seat            // the leader while it waits for input; else nil
	putting int              // seats that wait for room downstream

	serving int  // seats on a coroutine
	calls   int  // under way off the loop
	ended   bool // the input has ended, or the stage stops
	closing bool

	begin, cancel, pass loop.Message
	passing             bool // pass is in the inbox
	asked               bool // the loop will call when it is idle

	peers  *peers
	nudge  loop.Message
	nudged atomic.Bool // nudge is in the inbox; set by any goroutine
}

// newExecutor makes the executor of s on the i-th loop.
func newExecutor(s *pl.Site, i int, c config) *executor {
	e := &executor{site: s, worker: s.Worker(i), config: c}
	e.config.seats = c.seats / c.loops
	if i < c.seats%c.loops {
		e.config.seats++
	}
	times := s.LoopTime(i)
	e.loop = s.Shared(loopKey(i), func() any {
		l := loop.New()
		l.Sheet = times
		return l
	}).(*loop.Loop)
	owner, ctx := e.loop.NewOwner(e.worker.Context(), e.warn)
	if owner.Sheet = s.Timesheet(i); owner.Sheet != nil {
		e.crowd = owner.Sheet.Crowd()
	}
	e.owner, e.pool = owner, newPool(owner)
	e.scope = scope{executor: e, ctx: ctx, life: s.Context()}
	e.begin.To, e.cancel.To, e.pass.To, e.nudge.To = (*beginning)(e), (*cancellation)(e), (*passing)(e), (*nudging)(e)
	return e
}

// attach starts the executor. Any goroutine may call it.
func (e *executor) attach() {
	e.site.Hold()
	if wait := e.loop.Acquire(); wait != nil {
		e.site.Background(wait)
	}
	e.loop.Post(&e.begin)
}

// beginning receives the first message.
type beginning executor

func (b *beginning) Receive() {
	e := (*executor)(b)
	e.unhook = afterFunc(e.scope.life, e.loop, &e.cancel)
	e.loop.Go(e.owner, loop.Func(e.open))
}

// cancellation receives the end of the stage's context: tasks that are parked must look at it.
type cancellation executor

func (c *cancellation) Receive() {
	for _, s := range c.seats {
		s.task.Wake()
	}
}

// open runs OnStart, in a task of its own.
func (e *executor) open() {
	opened, returned := false, false
	defer func() {
		if !returned {
			e.broke(recover())
		}
		e.ended = !opened
		e.promote()
		e.settle()
	}()
	opened = e.worker.Open()
	returned = true
}

// promote makes an idle seat the leader, or a new one, unless there is a leader or no seat is left.
func (e *executor) promote() {
	if e.leader != nil || !e.vacant() {
		return
	}
	var s *seat
	if n := len(e.idle); n > 0 {
		s, e.idle = e.idle[n-1], e.idle[:n-1]
	} else {
		s = newSeat(e)
		e.seats = append(e.seats, s)
	}
	e.serve(s)
	e.leader = s.task
}

// serve puts s on a coroutine.
func (e *executor) serve(s *seat) {
	e.serving++
	s.task = e.loop.Begin(e.owner, s)
}

// left is called by the coroutine of s when s has finished.
func (e *executor) left(s *seat) {
	e.serving--
	if e.leader == s.task {
		e.leader, e.stuck = nil, false
	}
	switch s.departure {
	case dismissed:
		e.idle = append(e.idle, s)
	case exited: // its value is still to be ended
		e.serve(s)
	case over:
		e.ended = true
	}
	e.promote()
	e.settle()
}

// passLead is called before t parks, since a leader must not. The loop promotes the next one: that
// takes more stack than a parked task should keep.
func (e *executor) passLead(t *loop.Task) {
	if e.leader != t {
		return
	}
	e.leader = nil
	if !e.passing && e.vacant() {
		e.passing = true
		e.loop.Post(&e.pass)
	}
}

// vacant reports whether one more value can be begun: there may be input, and there is a seat.
func (e *executor) vacant() bool {
	return !e.ended && (len(e.idle) > 0 || len(e.seats) < e.config.seats)
}

// passing receives the message of passLead.
type passing executor

func (p *passing) Receive() {
	e := (*executor)(p)
	e.passing = false
	e.promote()
}

// takeLead is called after the task t of a seat was parked. t becomes the leader if there is none.
func (e *executor) takeLead(t *loop.Task) {
	switch e.leader {
	case nil:
		e.leader = t
	case t:
		e.stuck = false
	}
}

// lend is called before the task t of a seat waits for room downstream. A consumer on the loop, or
// one that is awake, will make room soon, and another coroutine would be made for nothing. So if t
// leads, it remains the leader until the loop is idle.
func (e *executor) lend(t *loop.Task) {
	if e.leader != t {
		return
	}
	e.stuck = true
	if !e.asked {
		e.asked = true
		e.loop.WhenIdle((*idleness)(e))
	}
}

// idleness is called when the loop is idle.
type idleness executor

func (i *idleness) Receive() {
	e := (*executor)(i)
	e.asked = false
	if e.stuck {
		e.leader, e.stuck = nil, false
		e.promote()
	}
}

// settle closes the executor if nothing is under way any more.
func (e *executor) settle() {
	if e.ended && e.serving == 0 && e.calls == 0 && !e.closing {
		e.closing = true
		e.loop.Go(e.owner, loop.Func(e.close))
	}
}

// close runs OnEnd, in a task of its own, and then lets the stage end, however OnEnd has ended.
func (e *executor) close() {
	defer func() {
		e.unhook()
		e.pool.close()
		e.site.Background(e.pool.wait)
		e.site.Release()
		e.loop.Release()
	}()
	e.worker.Close()
}

// broke fails the run because a function outside a value has panicked, or has ended its goroutine
// if value is nil: OnStart by Goexit, the log's handler, or the engine itself.
func (e *executor) broke(value any) {
	e.site.Fail(&pl.StageError{Stage: e.site.Name(), Worker: -1, Err: fault(value)})
}
