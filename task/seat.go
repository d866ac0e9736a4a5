package task

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/internal/loop"
)

// seat is a place for one value under way: the engine's loop sits on it. It implements pl.Seat. There can be very many,
// so it is small.
type seat struct {
	place
	value *valueContext // of the function that runs, or ran last

	note   loop.Message
	signal atomic.Bool // Wake was called since Park returned
	posted atomic.Bool // note is in the inbox

	hungry    bool // waits for input, or is about to
	putting   bool // waits for room downstream
	waited    bool // has done so since Pause
	departure departure
}

func (s *seat) host() *host { return s.scope.host }

// departure is why a seat's loop has ended.
type departure uint8

const (
	exited    departure = iota // by Goexit
	dismissed                  // there was no input, and another has the lead
	over                       // the input has ended, or the stage stops
)

func newSeat(h *host) *seat {
	s := &seat{place: place{scope: &h.scope}}
	s.note.To = (*notice)(s)
	return s
}

// Do is the seat's time on a coroutine.
func (s *seat) Do() {
	s.hungry, s.departure = false, exited
	defer s.leave()
	s.host().worker.Serve(s)
	if s.departure != dismissed {
		s.departure = over
	}
}

// leave is deferred: Serve may have ended by Goexit, or by a panic of the engine itself.
func (s *seat) leave() {
	if v := recover(); v != nil {
		s.host().broke(v)
		s.departure = over
	}
	s.host().left(s)
}

// Park waits for Wake, in the engine's name: for input, as the lead, or for room downstream.
func (s *seat) Park() {
	h := s.host()
	if s.hungry {
		h.waiting = s
		for !s.signal.Swap(false) {
			s.task.Begins()
			s.task.Park(0)
		}
		h.waiting = nil
		return
	}
	s.putting, s.waited = true, true
	h.putting++
	for !s.signal.Swap(false) {
		if h.lend(s.task); h.lead == s.task {
			s.task.Begins() // once there is room, which is about to be
		}
		s.task.Park(0)
	}
	h.putting--
	s.putting = false
	h.takeLead(s.task)
}

func (s *seat) Wake() {
	s.signal.Store(true)
	if s.posted.CompareAndSwap(false, true) {
		s.host().loop.Post(&s.note)
	}
	s.host().wakePeers()
}

// look ends the Park under way. It is called on the loop.
func (s *seat) look() {
	s.signal.Store(true)
	s.task.Wake()
}

// notice is what Wake tells the loop. The seat may wait for something else, or for nothing, by then: whoever parks looks
// for himself.
type notice seat

func (n *notice) Receive() {
	n.posted.Store(false)
	n.task.Wake()
}

func (s *seat) WaitInput() bool {
	h := s.host()
	if h.lead != nil && h.lead != s.task && !h.stuck {
		s.departure = dismissed
		return false
	}
	h.lead, h.stuck = s.task, false
	s.hungry = true
	return true
}

// Sleep is Retry's wait.
func (s *seat) Sleep(ctx context.Context, d time.Duration) error {
	h := s.host()
	until := h.loop.In(d)
	for expired := false; !expired && ctx.Err() == nil; {
		h.passLead(s.task)
		expired = s.task.Park(until)
		h.takeLead(s.task)
	}
	return context.Cause(ctx)
}

// Rest lets the other tasks have a turn. Between two values the seat keeps the lead, or takes it if no other has it: nobody
// of this stage could use the time.
func (s *seat) Rest(again bool) {
	h := s.host()
	if again {
		h.passLead(s.task)
		defer h.takeLead(s.task)
	} else if h.takeLead(s.task); h.lead == s.task {
		s.task.Begins()
	}
	s.task.Yield()
}

func (s *seat) Enter(context.Context) context.Context {
	s.host().loop.Sign()
	s.hungry = false
	s.value = s.host().newContext(&s.place)
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

func (s *seat) Resume() { s.value.scope.limit.resume(s.waited || s.host().config.blocking) }
