package queue

import "time"

// pace finds how many values a consumer should fetch at once: as many as take it about windowTime.
// So the lock is taken rarely if values are cheap, while costly values are fetched one by one and
// begin in the order in which they came. Only the consumer uses it.
type pace struct {
	size  int  // of the next window; 0: not known
	fills uint // windows so far
	timed int  // values in the window that is timed; 0: none is
	start time.Time
}

const windowTime = 20 * time.Microsecond

// nextSize returns the size of the next window. It is called when the last one is used up.
func (p *pace) nextSize() int {
	if p.timed > 0 {
		each := max(1, time.Since(p.start)/time.Duration(p.timed))
		p.size, p.timed = int(min(MostWindow, windowTime/each)), 0
	}
	p.size = max(1, p.size)
	return p.size
}

// fetched is called when n values have been fetched. It begins to time one window in eight.
func (p *pace) fetched(n int) {
	p.fills++
	if p.fills%8 == 1 {
		p.timed, p.start = n, time.Now()
	}
}
