package queue

import (
	"sync/atomic"

	"github.com/gopeln/pl/internal/timesheet"
)

// Seat is how a worker waits.
type Seat interface {
	// Park waits for Wake. It may return without one. If Wake was called since the last Park
	// returned, it returns at once.
	Park()
	// Wake makes the Park under way return, or the next one. Any goroutine may call it.
	Wake()
	// WaitInput is called before a worker parks because its input is empty. If it reports false,
	// the worker does not wait, and its Take fails.
	WaitInput() bool
}

// Waiter is the entry of a seat in the lists of parked workers. A seat waits in one place at a
// time, so one Waiter is enough for it. The lock of the queue at which it waits guards its fields,
// except for seat and ownsGoroutine, which never change, and Track.
type Waiter struct {
	seat          Seat
	ownsGoroutine bool // its worker has a goroutine to itself, and can run as soon as it is woken
	receiver      any  // the *In that a value can be handed to, or nil
	prev, next    *Waiter
	listed        bool // in the parking list that prev and next belong to

	// Track keeps the times of the waits; it is nil if the run is not observed. Only the goroutine
	// that waits uses it.
	Track *timesheet.Track
}

// park waits in the seat, and records why.
func (w *Waiter) park(why timesheet.State) {
	if w.Track == nil {
		w.seat.Park()
		return
	}
	w.Track.Wait(why)
	defer w.Track.Resume(why) // a seat may be ended by Goexit
	w.seat.Park()
}

// Poll makes the goroutine that w is the waiter of wait in the system's poller, if it can; see
// bell. It must be called before the first wait.
func (w *Waiter) Poll() {
	if g, ok := w.seat.(*Goroutine); ok {
		g.polls, g.woken = true, g.takeWake
	}
}

// Close frees what Poll has taken. There must be no wait any more; others may still wake w.
func (w *Waiter) Close() {
	if g, ok := w.seat.(*Goroutine); ok {
		if b := g.bell.Load(); b != nil {
			b.close()
		}
	}
}

// NewWaiter makes the waiter of a seat that shares its goroutine with others, which can delay it
// for any time.
func NewWaiter(s Seat) *Waiter { return &Waiter{seat: s} }

// WaitsIn reports whether w is the waiter of s.
func (w *Waiter) WaitsIn(s Seat) bool { return w != nil && w.seat == s }

// Goroutine is the seat of a worker that has a goroutine to itself. Its WaitInput always reports
// true.
type Goroutine struct {
	Waiter
	wake  chan struct{}
	polls bool                 // it waits in the system's poller
	woken func() bool          // takeWake, allocated once
	bell  atomic.Pointer[bell] // made by its first wait there
}

// NewGoroutine makes the seat of the goroutine that will call Park.
func NewGoroutine() *Goroutine {
	g := &Goroutine{wake: make(chan struct{}, 1)}
	g.seat, g.ownsGoroutine = g, true
	return g
}

// Park implements Seat.
func (g *Goroutine) Park() {
	if !g.polls || !g.parkInPoller() {
		<-g.wake
	}
}

// parkInPoller looks for a wake-up when the bell is there, and Wake for the bell when the wake-up
// is there, so that one of them sees the other. It reports false if the goroutine cannot wait
// there.
func (g *Goroutine) parkInPoller() bool {
	b := g.bell.Load()
	if b == nil {
		var err error
		if b, err = newBell(); err != nil {
			g.polls = false
			return false
		}
		g.bell.Store(b)
	}
	return b.wait(g.woken)
}

// takeWake reports whether there was a wake-up, and takes it.
func (g *Goroutine) takeWake() bool {
	select {
	case <-g.wake:
		return true
	default:
		return false
	}
}

// Wake implements Seat.
func (g *Goroutine) Wake() {
	select {
	case g.wake <- struct{}{}:
		if b := g.bell.Load(); b != nil {
			b.ring()
		}
	default: // a wake-up is pending
	}
}

// WaitInput implements Seat.
func (*Goroutine) WaitInput() bool { return true }
