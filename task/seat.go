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
	signal atomic.Bool // Wake was called since Park returned
	posted atomic.Bool // note is in the inbox

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

// Do is the seat's work on a coroutine.
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

// Park waits for Wake: the leader for input, any seat for room downstream. In both cases, if the
// seat leads, its next step is to begin a value.
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

func (s *seat) Wake() {
	s.signal.Store(true)
	if s.posted.CompareAndSwap(false, true) {
		s.executor().loop.Post(&s.note)
	}
	s.executor().wakePeers()
}

// look ends the Park under way. It is called on the loop.
func (s *seat) look() {
	s.signal.Store(true)
	s.task.Wake()
}

// notice receives the message of Wake. By then the seat may wait for something else, or for
// nothing: each that is woken checks what it waits for.
type notice seat

func (n *notice) Receive() {
	n.posted.Store(false)
	n.task.Wake()
}

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

// Sleep is the wait of Retry.
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

// Block has f, which waits for a Limit, called off the loop. A seat whose value has not begun keeps the lead, so that no other
// takes a value meanwhile.
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

func (b *blocked) run() {
	defer b.call.post()
	b.f()
}

// Rest lets the other tasks have a turn. Between two values the seat remains the leader, or becomes
// it if there is none: another seat of the stage would do no more than this one.
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

func (s *seat) Enter(context.Context) context.Context {
	s.executor().loop.Sign()
	s.starved = false
	s.value = s.executor().newContext(&s.place)
	return s.value
}

func (s *seat) Leave(err error) error {
	if s.value.end() {
		return pl.ErrTimeout
	}
	return err
}

func (s *seat) Pause() bool {
	s.waited = false
	return s.value.scope.limit.pause()
}

func (s *seat) Resume() { s.value.scope.limit.resume(s.waited || s.executor().config.blocking) }
