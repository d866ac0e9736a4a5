package task

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/internal/loop"
	"github.com/gopeln/pl/internal/timesheet"
)

// seat is a place for one value under way. It implements pl.Seat, and is what the engine's loop
// waits in. There can be very many, so it is small.
type seat struct {
	place
	value *valueContext // of the function that runs, or ran last

	note   loop.Message
	signal atomic.Bool // Wake was called since Park returned; any goroutine sets it, the seat clears it
	posted atomic.Bool // note is in the inbox; the goroutine that posts sets it, the loop clears it

	// Only the loop uses these.
	starved   bool // it waits for input, or is about to
	putting   bool // it waits for room downstream
	waited    bool // it has waited for room since Pause
	departure departure
}

func (s *seat) executor() *executor { return s.scope.executor }

// departure is why the engine's loop has returned.
type departure uint8

const (
	exited    departure = iota // the function has called Goexit
	dismissed                  // there is no input, and another seat leads
	over                       // the input has ended, or the stage stops
)

func newSeat(e *executor) *seat {
	s := &seat{place: place{scope: &e.scope}}
	s.note.To = (*notice)(s)
	return s
}

// Do implements loop.Work: it serves the stage's worker, on a coroutine.
func (s *seat) Do() {
	s.starved, s.departure = false, exited
	defer s.leave()
	s.executor().worker.Serve(s)
	if s.departure != dismissed {
		s.departure = over
	}
}

// leave is deferred, since Serve may end by Goexit, or by a panic of the engine itself.
func (s *seat) leave() {
	if v := recover(); v != nil {
		s.executor().broke(v)
		s.departure = over
	}
	s.executor().left(s)
}

// Park implements pl.Seat. The leader parks to wait for input, any seat to wait for room
// downstream. In both cases, if the seat leads, its next step is to begin a value.
func (s *seat) Park() {
	e := s.executor()
	if s.starved {
		e.waiting = s
		e.crowd.Wait(timesheet.Starved)
		for !s.signal.Swap(false) {
			s.task.Begins()
			s.task.Park(0)
		}
		e.crowd.Resume(timesheet.Starved)
		e.waiting = nil
		return
	}
	s.putting, s.waited = true, true
	e.putting++
	e.crowd.Wait(timesheet.Blocked)
	for !s.signal.Swap(false) {
		if e.lend(s.task); e.leader == s.task {
			s.task.Begins()
		}
		s.task.Park(0)
	}
	e.crowd.Resume(timesheet.Blocked)
	e.putting--
	s.putting = false
	e.takeLead(s.task)
}

// Wake implements pl.Seat.
func (s *seat) Wake() {
	s.signal.Store(true)
	if s.posted.CompareAndSwap(false, true) {
		s.executor().loop.Post(&s.note)
	}
	s.executor().wakePeers()
}

// look ends the Park under way. It must be called on the loop.
func (s *seat) look() {
	s.signal.Store(true)
	s.task.Wake()
}

// notice receives the message of Wake. By then the seat may wait for something else, or not at all:
// a seat that is woken checks what it waits for.
type notice seat

// Receive wakes the seat's task.
func (n *notice) Receive() {
	n.posted.Store(false)
	n.task.Wake()
}

// WaitInput implements pl.Seat. It makes the seat the leader, and reports false if another seat is.
func (s *seat) WaitInput() bool {
	e := s.executor()
	if e.leader != nil && e.leader != s.task && !e.stuck {
		s.departure = dismissed
		return false
	}
	e.leader, e.stuck = s.task, false
	s.starved = true
	return true
}

// Sleep implements pl.Seat. It is the wait of Retry.
func (s *seat) Sleep(ctx context.Context, d time.Duration) error {
	e := s.executor()
	until := e.loop.In(d)
	e.crowd.Wait(timesheet.Retrying)
	defer e.crowd.Resume(timesheet.Retrying)
	for expired := false; !expired && ctx.Err() == nil; {
		e.passLead(s.task)
		expired = s.task.Park(until)
		e.takeLead(s.task)
	}
	return context.Cause(ctx)
}

// Block implements pl.Seat. It calls f, which waits for a Limit, off the loop. A seat whose value
// has not begun keeps the lead, so that no other seat takes a value meanwhile.
func (s *seat) Block(again bool, f func()) {
	s.executor().crowd.Wait(timesheet.Limited)
	defer s.executor().crowd.Resume(timesheet.Limited)
	b := &blocked{f: f}
	if again {
		s.executor().passLead(s.task)
		defer s.executor().takeLead(s.task)
	}
	b.call.start(&s.place, b)
	for !b.call.returned {
		s.task.Begins()
		s.task.Park(0)
	}
}

// blocked is a call of Block.
type blocked struct {
	call call
	f    func()
}

// run calls f, on a goroutine of the pool.
func (b *blocked) run() {
	defer b.call.post()
	b.f()
}

// Rest implements pl.Seat. It lets the other tasks have a turn. Between two values the seat remains
// the leader, or becomes it if there is none: another seat of the stage would do no more than this
// one.
func (s *seat) Rest(again bool) {
	e := s.executor()
	if again {
		e.passLead(s.task)
		defer e.takeLead(s.task)
	} else if e.takeLead(s.task); e.leader == s.task {
		s.task.Begins()
	}
	s.task.Yield()
}

// Enter implements pl.Seat.
func (s *seat) Enter(context.Context) context.Context {
	s.executor().loop.Sign()
	s.starved = false
	s.value = s.executor().newContext(&s.place)
	return s.value
}

// Leave implements pl.Seat.
func (s *seat) Leave(err error) error {
	if s.value.end() {
		return pl.ErrTimeout
	}
	return err
}

// Pause implements pl.Seat.
func (s *seat) Pause() bool {
	s.waited = false
	return s.value.scope.limit.pause()
}

// Resume implements pl.Seat.
func (s *seat) Resume() { s.value.scope.limit.resume(s.waited || s.executor().config.blocking) }
