package queue

import "time"

// pace finds how many values a consumer should fetch at once: as many as take it about windowTime, so that the lock is
// taken rarely where values are cheap, while costly values are fetched one by one and begin in the order they came.
type pace struct {
	size  int
	fills uint
	timed int // values in the window whose time is taken; 0: none is
	start time.Time
}

const windowTime = 20 * time.Microsecond

// nextSize is called when a window has been worked off; it returns the size of the next.
func (p *pace) nextSize() int {
	if p.timed > 0 {
		each := max(1, time.Since(p.start)/time.Duration(p.timed))
		p.size, p.timed = int(min(MostWindow, windowTime/each)), 0
	}
	p.size = max(1, p.size)
	return p.size
}

// fetched is called when n values have been fetched. One window in eight is timed.
func (p *pace) fetched(n int) {
	p.fills++
	if p.fills%8 == 1 {
		p.timed, p.start = n, time.Now()
	}
}
