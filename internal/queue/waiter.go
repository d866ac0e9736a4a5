package queue

// Seat is how a worker waits.
type Seat interface {
	// Park waits for Wake; it may also return without one. A Wake before Park makes the next Park return at once.
	Park()
	// Wake ends the Park under way, or the next one. Any goroutine may call it.
	Wake()
	// WaitInput is asked before the seat parks because the input is empty. With false, the worker does not wait.
	WaitInput() bool
}

// Waiter is a worker as the queues know it: each of its seats has one, since it waits at one place at a time.
type Waiter struct {
	seat          Seat
	ownsGoroutine bool // the seat has a goroutine to itself, so that nothing keeps it from running
	receiver      any  // the *In that a value can be handed to; nil: none
	prev, next    *Waiter
	listed        bool
}

// NewWaiter makes the waiter of a seat that others may keep from running.
func NewWaiter(s Seat) *Waiter { return &Waiter{seat: s} }

// WaitsIn tells whether w is the waiter of s.
func (w *Waiter) WaitsIn(s Seat) bool { return w != nil && w.seat == s }

// Goroutine is the seat of a worker that has a goroutine to itself.
type Goroutine struct {
	Waiter
	wake chan struct{}
}

// NewGoroutine makes a seat.
func NewGoroutine() *Goroutine {
	g := &Goroutine{wake: make(chan struct{}, 1)}
	g.seat, g.ownsGoroutine = g, true
	return g
}

// Park waits for Wake.
func (g *Goroutine) Park() { <-g.wake }

// Wake ends the Park under way, or the next.
func (g *Goroutine) Wake() {
	select {
	case g.wake <- struct{}{}:
	default: // it has been woken already
	}
}

// WaitInput says that the goroutine may wait.
func (*Goroutine) WaitInput() bool { return true }
