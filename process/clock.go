package process

import "time"

// clock tells the parent how long the function has run for the current value, where the stage has a
// Timeout. It stands still while the function waits in yield.
type clock struct {
	page  *page
	timed bool
	since time.Time
	spent time.Duration

	measure *measure // nil if the run is not observed
}

func (c *clock) reset() {
	if c.timed {
		c.spent = 0
		c.page.spent.Store(0)
		c.page.stretch.Add(1)
		c.since = time.Now()
	}
}

func (c *clock) pause() {
	c.page.idle()
	c.measure.pause()
	if c.timed {
		c.spent += time.Since(c.since)
		c.page.spent.Store(int64(c.spent))
	}
}

func (c *clock) resume() {
	c.measure.resume()
	if c.timed {
		c.page.stretch.Add(1)
		c.since = time.Now()
	}
	c.page.busy()
}
