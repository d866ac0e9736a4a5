package timesheet

import (
	"sync/atomic"
	"time"
)

// Clock is the time since the start of an observed run. Its methods are safe for concurrent use.
type Clock struct {
	epoch  time.Time    // never changes
	coarse atomic.Int64 // the time at the last tick; Run writes it, workers read it
	_      [96]byte     // what others write must not be on the line that the workers read
}

// Tick is how often the coarse clock moves.
const Tick = 25 * time.Millisecond

// NewClock makes a clock that starts now.
func NewClock() *Clock { return &Clock{epoch: time.Now()} }

// Start returns when the clock started.
func (c *Clock) Start() time.Time { return c.epoch }

// Now returns the time.
func (c *Clock) Now() time.Duration { return time.Since(c.epoch) }

// Coarse returns the time at the last tick. It costs an atomic load.
func (c *Clock) Coarse() time.Duration { return time.Duration(c.coarse.Load()) }

// Run moves the coarse clock until over is closed, and calls each at each tick.
func (c *Clock) Run(over <-chan struct{}, each func()) {
	ticker := time.NewTicker(Tick)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			c.coarse.Store(int64(c.Now()))
			each()
		case <-over:
			return
		}
	}
}
