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
// The seats follow the leader/followers pattern: at most one of them, the leader, takes input. It
// waits for input, or handles values one after the other. When its function awaits, another seat
// becomes the leader. So a function that never awaits runs on one coroutine without a switch,
// whatever Workers is, and seats are made only as values are under way.
//
// All methods must be called on the loop, and only the loop uses the fields, unless they say
// otherwise.
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
	stuck   bool             // the leader waits for room downstream, and may be replaced
	crowd   *timesheet.Crowd // what the seats wait for; nil if the run is not observed
	waiting *seat            // the leader while it waits for input; else nil
	putting int              // seats that wait for room downstream

	serving int  // seats on a coroutine
	calls   int  // calls under way off the loop
	ended   bool // the input has ended, or the stage stops
	closing bool

	// These messages have the receivers beginning, cancellation and passing.
	begin, cancel, pass loop.Message
	passing             bool // pass is in the inbox
	asked               bool // the loop will call idleness

	peers  *peers       // set before the executor is attached
	nudge  loop.Message // of wakePeers
	nudged atomic.Bool  // nudge is in the inbox; any goroutine sets it, the loop clears it
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

// Receive starts the task that opens the executor.
func (b *beginning) Receive() {
	e := (*executor)(b)
	e.unhook = afterFunc(e.scope.life, e.loop, &e.cancel)
	e.loop.Go(e.owner, loop.Func(e.open))
}

// cancellation receives the message that the stage's context has ended.
type cancellation executor

// Receive wakes the seats, so that those that are parked look at the context.
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

// left is called on the coroutine of s when s has finished.
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

// passLead is called before the task t parks, since the leader must not park in a function. The
// loop promotes the next leader: that takes more stack than a parked task should keep.
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

// Receive promotes another leader.
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

// lend is called before the task t of a seat waits for room downstream. If t leads, it remains the
// leader until the loop is idle: a consumer that is on the loop, or awake, will make room before
// that, and another coroutine would be of no use.
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

// Receive promotes another leader if the leader still waits for room.
func (i *idleness) Receive() {
	e := (*executor)(i)
	e.asked = false
	if e.stuck {
		e.leader, e.stuck = nil, false
		e.promote()
	}
}

// settle closes the executor if the input has ended and nothing is under way.
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
