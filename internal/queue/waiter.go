package queue

import "github.com/gopeln/pl/internal/timesheet"

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

// Waiter is a worker in the lists of those who wait. A worker waits in one place at a time, so one
// Waiter for each of its seats is enough. Its fields are guarded by the lock of the queue at which
// it waits.
type Waiter struct {
	seat          Seat
	ownsGoroutine bool // so nothing else keeps it from running
	receiver      any  // the *In that a value can be handed to, or nil
	prev, next    *Waiter
	listed        bool

	// Track learns of the waits; nil if the run is not observed.
	Track *timesheet.Track
}

// park waits for a Wake of the seat.
func (w *Waiter) park(why timesheet.State) {
	if w.Track == nil {
		w.seat.Park()
		return
	}
	w.Track.Wait(why)
	defer w.Track.Resume(why) // a seat may be ended by Goexit
	w.seat.Park()
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
	wake chan struct{}
}

// NewGoroutine makes the seat of the goroutine that will call Park.
func NewGoroutine() *Goroutine {
	g := &Goroutine{wake: make(chan struct{}, 1)}
	g.seat, g.ownsGoroutine = g, true
	return g
}

// Park implements Seat.
func (g *Goroutine) Park() { <-g.wake }

// Wake implements Seat.
func (g *Goroutine) Wake() {
	select {
	case g.wake <- struct{}{}:
	default: // a wake-up is pending
	}
}

// WaitInput implements Seat.
func (*Goroutine) WaitInput() bool { return true }
