package cluster

import (
	"slices"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/gopeln/pl/internal/crossing"
)

// slot runs one delivery at a time, of one job or another.
type slot struct {
	srv   *server
	index int
	d     *delivery
	at    *seated
	began time.Time
}

// addSlot makes a slot. Those beyond the number that was given stand in for stuck ones. The lock is held.
func (s *server) addSlot() {
	i := slices.Index(s.taken, false)
	if i < 0 {
		i = len(s.taken)
		s.taken = append(s.taken, false)
	}
	s.taken[i] = true
	sl := &slot{srv: s, index: i}
	s.live++
	s.loops.Add(1)
	go sl.loop()
}

// loop runs deliveries until the worker leaves. Where a function ends the goroutine, another one goes on.
func (sl *slot) loop() {
	returned := false
	defer func() {
		if !returned {
			go sl.loop()
		}
	}()
	if sl.d != nil {
		if sl.at.exited() {
			sl.at.run(sl.d)
		}
		sl.done()
	}
	for sl.next() {
		sl.at.run(sl.d)
		sl.done()
	}
	returned = true
	sl.srv.loops.Done()
}

// next waits for a delivery, and prepares for it.
func (sl *slot) next() bool {
	s := sl.srv
	for {
		s.mu.Lock()
		d := sl.await()
		if d == nil {
			s.mu.Unlock()
			return false
		}
		s.running++
		s.alone = s.alone || d.flags&flagAlone != 0
		j := d.job
		at, open := j.runners[sl.index]
		if !open {
			at = &seated{runner: j.make(j, sl.index)}
			j.runners[sl.index] = at
		}
		at.busy = true
		s.mu.Unlock()
		sl.d, sl.at, sl.began = d, at, time.Now()
		if d.flags&flagAlone != 0 {
			s.say(j.Job, report{Began: d.parcel})
			_ = s.nc.FlushTimeout(time.Second) // before it can do harm
		}
		if open {
			return true
		}
		if err := crossing.Apart(at.open); err == nil {
			return true
		} else {
			s.mu.Lock()
			delete(j.runners, sl.index)
			j.broken = true
			if !j.over {
				s.say(j.Job, report{OnStart: crossing.NewFailure(err)})
			} else {
				j.reportEnd()
			}
			s.mu.Unlock()
			sl.at = nil
			sl.done()
		}
	}
}

// await waits for a delivery. It returns nil when the slot must end. The lock is held.
func (sl *slot) await() *delivery {
	s := sl.srv
	for {
		standsIn := sl.index >= s.slots
		if s.leaving || standsIn && s.live-s.stuck > s.slots {
			s.live--
			s.taken[sl.index] = false
			s.wake.Broadcast() // it may have been woken for a delivery
			return nil
		}
		if d := s.pick(); d != nil {
			return d
		}
		s.wake.Wait()
	}
}

// pick takes the delivery whose turn it is. The lock is held.
func (s *server) pick() *delivery {
	if s.alone || s.running >= s.slots { // as many as there may be, if what was stuck has returned beside its stand-in
		return nil
	}
	for i, j := range s.ring {
		if len(j.pending) == 0 {
			continue
		}
		d := j.pending[0]
		if d.flags&flagAlone != 0 && s.running > 0 {
			return nil // until nothing else runs; nothing else begins meanwhile
		}
		j.pending = j.pending[1:]
		s.ring = append(append(s.ring[:i:i], s.ring[i+1:]...), j)
		return d
	}
	return nil
}

// done ends a delivery.
func (sl *slot) done() {
	s, d, at := sl.srv, sl.d, sl.at
	sl.d, sl.at = nil, nil
	took := time.Since(sl.began)
	over := d.finish()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !d.given {
		s.ended(d)
	}
	if over || d.job.over {
		delete(s.held, d)
	}
	j := d.job
	if j.cost == 0 {
		j.cost = max(took, 1)
	}
	j.cost = max((7*j.cost+took)/8, 1)
	if at != nil {
		at.busy = false
		if j.over {
			j.close(sl.index, at)
		}
	}
	s.wake.Broadcast()
	s.ask(j)
}

// ended counts a delivery as not running any more. The lock is held.
func (s *server) ended(d *delivery) {
	s.running--
	if d.flags&flagAlone != 0 {
		s.alone = false
	}
}

// answer takes the parent's answer to a frame.
func (s *server) answer(msg *nats.Msg) {
	c := cutter{data: msg.Data}
	attempt, part, stop := c.number(), c.number(), c.byte() == 1
	if c.err != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for d := range s.held {
		if d.attempt == attempt && d.take(part, stop) {
			delete(s.held, d)
		}
	}
}
