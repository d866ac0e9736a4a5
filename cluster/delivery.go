package cluster

import (
	"bytes"
	"sync"
	"sync/atomic"
	"time"
)

// delivery is a message of values at a worker.
type delivery struct {
	work
	job     *job
	ack     string // where to acknowledge it
	attempt uint64 // its number at this worker
	given   bool   // its function was abandoned; the server's lock guards it
	arrived time.Time
	beaten  time.Time // when the server was told last that it is being worked on

	// progress has the number of values begun in its upper half, and in its lower half the number of those that are to
	// begin here.
	progress atomic.Uint64

	// Of the look for values that take long.
	seen   uint64
	seenAt time.Time

	mu       sync.Mutex
	part     uint64        // frames sent
	waiting  []*sent       // frames that want an answer, in order
	answered uint64        // up to which part
	stopped  bool          // the parent wants no more of it
	finished bool          // it has been run
	bell     chan struct{} // rings when an answer has come, or the job is over
}

// sent is a frame that was sent and wants an answer.
type sent struct {
	part uint64
	data []byte
	at   time.Time
}

// longTime is how long a value may take before those behind it in its message are given back.
const longTime = 50 * time.Millisecond

// begin is called when its values are known.
func (d *delivery) begin() { d.progress.Store(uint64(d.values)) }

// claim takes the next value to begin here.
func (d *delivery) claim() (i int, ok bool) {
	for {
		p := d.progress.Load()
		next, end := p>>32, p&(1<<32-1)
		if next >= end {
			return 0, false
		}
		if d.progress.CompareAndSwap(p, (next+1)<<32|end) {
			return int(next), true
		}
	}
}

// begun is how many of its values have begun.
func (d *delivery) begun() int { return int(d.progress.Load() >> 32) }

// cut takes away the values that have not begun. It reports whether there are any.
func (d *delivery) cut() (from int, ok bool) {
	for {
		p := d.progress.Load()
		next, end := p>>32, p&(1<<32-1)
		if next >= end {
			return 0, false
		}
		if d.progress.CompareAndSwap(p, next<<32|next) {
			return int(next), true
		}
	}
}

// giveBackIfStuck gives back what waits behind a value that takes long, or for a slot. The server's lock is held.
func (d *delivery) giveBackIfStuck(now time.Time) {
	p := d.progress.Load()
	switch {
	case p == 0: // not begun, or being fetched
		if i := indexOf(d.job.pending, d); i >= 0 && d.flags&flagAlone == 0 && now.Sub(d.arrived) > longTime {
			d.job.pending = append(d.job.pending[:i:i], d.job.pending[i+1:]...)
			delete(d.job.srv.held, d)
			d.returnWhole()
		}
	case p != d.seen:
		d.seen, d.seenAt = p, now
	case now.Sub(d.seenAt) > longTime:
		d.giveRestBack()
	}
}

func indexOf(all []*delivery, d *delivery) int {
	for i, other := range all {
		if other == d {
			return i
		}
	}
	return -1
}

// giveRestBack gives back the values that have not begun, of a delivery that has.
func (d *delivery) giveRestBack() {
	if from, ok := d.cut(); ok {
		d.job.srv.say(d.job.Job, report{Back: &back{Parcel: d.parcel, From: from}})
	}
}

// returnWhole gives back a delivery that has not begun.
func (d *delivery) returnWhole() {
	d.job.srv.say(d.job.Job, report{Back: &back{Parcel: d.parcel, Ack: d.ack}})
}

// beat tells the server from time to time that the delivery is being worked on.
func (d *delivery) beat(now time.Time) {
	if now.Sub(d.beaten) >= d.job.Lease/3 {
		d.beaten = now
		_ = d.job.srv.nc.Publish(d.ack, []byte("+WPI"))
	}
}

// send sends a frame, whose memory it does not keep. If it wants an answer, it is sent again until there is one.
func (d *delivery) send(data []byte, part uint64, wants bool) {
	c := d.job.srv
	if !wants {
		_ = c.nc.Publish(c.results(d.job.Job), data)
		return
	}
	data = bytes.Clone(data)
	d.mu.Lock()
	d.waiting = append(d.waiting, &sent{part, data, time.Now()})
	d.mu.Unlock()
	_ = c.nc.PublishRequest(c.results(d.job.Job), c.inbox(c.id), data)
}

// resend sends again what has had no answer for a second.
func (d *delivery) resend(now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := d.job.srv
	for _, f := range d.waiting {
		if now.Sub(f.at) > time.Second {
			f.at = now
			_ = c.nc.PublishRequest(c.results(d.job.Job), c.inbox(c.id), f.data)
		}
	}
}

// take takes the parent's answer to a frame. It reports whether the delivery is done with.
func (d *delivery) take(part uint64, stop bool) (over bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.stopped = d.stopped || stop
	d.answered = max(d.answered, part)
	for len(d.waiting) > 0 && (d.waiting[0].part <= part || stop) {
		d.waiting = d.waiting[1:]
	}
	d.ring()
	return d.finished && len(d.waiting) == 0
}

// finish ends the delivery. It reports whether no answer is missing.
func (d *delivery) finish() (over bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.finished = true
	return len(d.waiting) == 0
}

func (d *delivery) isFinished() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.finished
}

func (d *delivery) ring() {
	select {
	case d.bell <- struct{}{}:
	default:
	}
}
