package timesheet

import (
	"sync"
	"time"
)

// Crowd is the time of a worker with many values under way, each of which may wait: the times of
// all of them together.
type Crowd struct {
	clock *Clock

	mu    sync.Mutex
	n     [States]int // that wait now
	times Times
	last  time.Duration // when times were right
	since time.Duration // when n changed
}

// Crowd makes the sheet that of a worker with many values under way. Its busy time is that of the
// goroutine in the stage; see [Sheet.Begin].
func (s *Sheet) Crowd() *Crowd {
	c := &Crowd{clock: s.clock}
	s.crowd.Store(c)
	return c
}

// Wait says that one value more waits.
func (c *Crowd) Wait(why State) { c.add(why, 1) }

// Resume says that one value less does.
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

// advance is called with the lock held.
func (c *Crowd) advance(now time.Duration) {
	if d := now - c.last; d > 0 {
		for i, n := range c.n {
			c.times[i] += time.Duration(n) * d
		}
		c.last = now
	}
}

// Now returns what most of the values do that wait, and since when nothing has changed about that.
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

// At returns the times.
func (c *Crowd) At(now time.Duration) Times {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.advance(now)
	return c.times
}
