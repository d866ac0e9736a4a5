package timesheet

import (
	"sync"
	"time"
)

// Crowd is the time of a worker with many values under way, each of which may wait: the sum of
// their times. Its methods are safe for concurrent use. A nil *Crowd records nothing.
type Crowd struct {
	clock *Clock

	mu    sync.Mutex    // guards what follows
	n     [States]int   // values that wait now, by state
	times Times         // until last
	last  time.Duration // when times was brought up to date
	since time.Duration // when n changed
}

// Crowd makes s the sheet of a worker with many values under way, and returns the record of their
// waits. The busy time is then that of the goroutine in the stage; see [Sheet.Begin]. It must be
// called before the first value; readers may use s already.
func (s *Sheet) Crowd() *Crowd {
	c := &Crowd{clock: s.clock}
	s.crowd.Store(c)
	return c
}

// Wait records that one more value waits.
func (c *Crowd) Wait(why State) { c.add(why, 1) }

// Resume records that one value less waits.
func (c *Crowd) Resume(why State) { c.add(why, -1) }

func (c *Crowd) add(why State, n int) {
	if c == nil {
		return
	}
	now := c.clock.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.advance(now)
	c.n[why] += n
	c.since = now
}

// advance brings times up to date. The caller must hold the lock.
func (c *Crowd) advance(now time.Duration) {
	if d := now - c.last; d > 0 {
		for i, n := range c.n {
			c.times[i] += time.Duration(n) * d
		}
		c.last = now
	}
}

// Now returns the state in which most values wait, and for how long no wait has begun or ended. ok
// is false if no value waits.
func (c *Crowd) Now(now time.Duration) (state State, d time.Duration, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	most := 0
	for i, n := range c.n {
		if n > most {
			most, state = n, State(i)
		}
	}
	return state, max(now-c.since, 0), most > 0
}

// At returns the times until now.
func (c *Crowd) At(now time.Duration) Times {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.advance(now)
	return c.times
}
