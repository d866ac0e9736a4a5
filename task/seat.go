package task

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/internal/loop"
)

// budget is how many values a stage handles before the other tasks get a turn. Each of them may take its time, so it is
// not more.
const budget = 64

// seat is a place for one value under way: the engine's loop sits on it. It implements pl.Seat. There can be very many,
// so it is small.
type seat struct {
	host  *host
	task  *loop.Task
	value *valueContext // of the function that runs; nil between two

	note   loop.Message
	signal atomic.Bool // Wake was called since Park returned
	posted atomic.Bool // note is in the inbox

	dismissed bool // WaitInput has said no
	putting   bool // waits for room downstream
	waited    bool // has done so since Pause
}

// departure is why a seat's loop has ended.
type departure int

const (
	dismissed departure = iota // there was no input, and another has the lead
	exited                     // by Goexit
	over                       // the input has ended, or the stage stops
)

func newSeat(h *host) *seat {
	s := &seat{host: h}
	s.note.To = (*notice)(s)
	return s
}

// Do is the seat's time on a coroutine.
func (s *seat) Do() {
	s.dismissed = false
	why := exited
	defer func() {
		if v := recover(); v != nil {
			s.host.broke(v)
			why = over
		}
		s.host.left(s, why)
	}()
	s.host.worker.Serve(s)
	why = over
	if s.dismissed {
		why = dismissed
	}
}

// Park waits for Wake, in the engine's name: for input, as the lead, or for room downstream.
func (s *seat) Park() {
	h := s.host
	if s.value == nil {
		h.waiting = s
		for !s.signal.Swap(false) {
			s.task.Park(0)
		}
		h.waiting = nil
		return
	}
	s.putting, s.waited = true, true
	h.putting++
	for !s.signal.Swap(false) {
		h.lend(s.task)
		s.task.Park(0)
	}
	h.putting--
	s.putting = false
	h.takeLead(s.task)
}

func (s *seat) Wake() {
	s.signal.Store(true)
	if s.posted.CompareAndSwap(false, true) {
		s.host.loop.Post(&s.note)
	}
	s.host.wakeSiblings()
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
	h := s.host
	if h.lead != nil && h.lead != s.task && !h.stuck {
		s.dismissed = true
		return false
	}
	h.lead, h.stuck = s.task, false
	return true
}

// Sleep is Retry's wait.
func (s *seat) Sleep(ctx context.Context, d time.Duration) error {
	h := s.host
	until := h.loop.Now() + d
	for expired := false; !expired && ctx.Err() == nil; {
		h.passLead(s.task)
		expired = s.task.Park(until)
		h.takeLead(s.task)
	}
	return context.Cause(ctx)
}

// Rest lets the other tasks have a turn now and then. It keeps the lead: nobody of this stage could use the time.
func (s *seat) Rest() {
	if s.host.spent++; s.host.spent >= budget {
		s.host.spent = 0
		s.task.Yield()
	}
}

func (s *seat) Enter(context.Context) context.Context {
	s.host.loop.Sign()
	s.value = s.host.newContext(s.task)
	return s.value
}

func (s *seat) Leave(err error) error {
	c := s.value
	s.value = nil
	if c.end() {
		return pl.ErrTimeout
	}
	return err
}

func (s *seat) Pause() bool {
	s.waited = false
	return s.value.scope.limit.pause()
}

func (s *seat) Resume() { s.value.scope.limit.resume(s.waited) }
