package process

import (
	"fmt"
	"math"
	"slices"
	"time"
)

const (
	// glance is the time between two looks at the workers.
	glance = 2 * time.Millisecond
	// startPatience is how long values wait for a worker that runs no function, since it starts or
	// is about to begin them, before another is started for their sake: that one is likely to take
	// longer.
	startPatience = time.Second
	// helloTimeout is how long a worker may take to reach Main or to parse the flags of a test.
	helloTimeout = 30 * time.Second
	// stopGrace is how long a function, or OnStart, may run on after its context was cancelled
	// before its worker is killed.
	stopGrace = 5 * time.Second
)

// watched is what the watch knows of a worker.
type watched struct {
	current  uint64    // of the page, at the last glance
	moved    time.Time // it was first seen at the value where it is
	stretch  uint64
	since    time.Time // the stretch was seen first
	stopping time.Time // it was first seen to be busy though the stage stops
	timedOut uint64    // the seq+1 of the value for which the worker was killed
}

// watch looks after the workers while values are with them, until over is closed: it kills those
// whose value is over its time, and hands over what waits behind a long one.
func (s *stage[A, B, R]) watch(over <-chan struct{}) {
	interval := glance
	if t := s.site.Timeout(); t > 0 {
		interval = min(glance, max(t/8, glance/8))
	}
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-over:
			return
		case <-s.busy:
		}
		ticker.Reset(interval)
		for active := true; active; {
			select {
			case <-over:
				return
			case <-ticker.C:
			}
			active = false
			for _, slot := range s.slots {
				active = slot.look(time.Now()) || active
			}
		}
		ticker.Stop()
	}
}

// look is one glance at a slot. It reports whether there is something to watch.
func (s *slot[A, B, R]) look(now time.Time) bool {
	s.mu.Lock()
	w, owns := s.remote, len(s.own) > 0
	s.mu.Unlock()
	if w == nil {
		s.handOver(nil, false)
		return owns
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.gone {
		return owns
	}
	current := w.page.current.Load()
	still := current>>1 == w.watched.current>>1
	if !still || w.watched.moved.IsZero() {
		w.watched.moved = now
		s.port.Team().Mark()
	}
	if s.observed {
		w.page.now.Store(int64(now.Sub(w.began)))
	}
	w.watched.current = current
	s.began(w.noteBegun(current>>1, !s.retries()))
	s.time(w, current, now)
	if still {
		s.giveRoomBack(w)
		s.handOver(w, current&1 == 0 && now.Sub(w.watched.moved) < startPatience)
	}
	if !w.welcomed {
		if now.Sub(w.began) > helloTimeout {
			s.fail(s.index, fmt.Errorf("the worker process has not called process.Main within %v; is there something slow "+
				"in an init function (the environment GODEBUG=inittrace=1 tells), or does main end early?", helloTimeout))
			w.proc.Kill()
		}
		if s.stopping() && w.page.mayKill() {
			w.proc.Kill()
		}
		return true
	}
	return len(w.flights) > 0 || owns || w.closing
}

// time kills the worker if its function has taken too long.
func (s *slot[A, B, R]) time(w *remote[A, R], current uint64, now time.Time) {
	running := current&1 == 1
	s.grace(w, now)
	stretch, spent := w.page.stretch.Load(), time.Duration(w.page.spent.Load())
	if !running || w.page.current.Load() != current {
		return // or the figures may be of another value
	}
	if timeout := s.site.Timeout(); timeout > 0 {
		if stretch != w.watched.stretch {
			w.watched.stretch, w.watched.since = stretch, now
		} else if now.Sub(w.watched.since)+spent >= timeout && w.watched.timedOut == 0 {
			w.watched.timedOut = current >> 1
			w.proc.Kill()
		}
	}
}

// grace kills the worker if it is busy for too long after the stage has begun to stop: with
// OnStart, with its function, or with a method that encodes a value. OnEnd has all the time that it
// takes.
func (s *slot[A, B, R]) grace(w *remote[A, R], now time.Time) {
	switch {
	case w.page.parting.Load() || !s.stopping():
		w.watched.stopping = time.Time{}
	case w.watched.stopping.IsZero():
		w.watched.stopping = now
	case now.Sub(w.watched.stopping) > stopGrace:
		w.proc.Kill()
	}
}

// handOver gives the values that the slot has not begun to slots that have nothing to do, in equal
// parts; with ready only to those whose worker could begin at once. w is the slot's worker, nil
// between two; w.mu is held.
//
// Only to such slots, and each part in its order: so a worker never runs a value while an earlier
// one waits behind it. The earliest value of all is always running, or next.
func (s *slot[A, B, R]) handOver(w *remote[A, R], ready bool) {
	var idle []*slot[A, B, R]
	for _, other := range s.slots {
		if other != s && other.idle(ready) {
			idle = append(idle, other)
		}
	}
	if len(idle) == 0 {
		return
	}
	s.ledger.add(1) // or a slot could end while its values are here
	defer s.ledger.add(-1)
	values := s.takeOwn(math.MaxInt)
	if w != nil {
		values = slices.Concat(s.takeBack(w), values)
	}
	for i, other := range idle {
		part := len(values) / (len(idle) - i)
		if part > 0 && other.accept(values[:part]) {
			values = values[part:]
		}
	}
	if len(values) > 0 {
		s.adopt(values...)
	}
}

// takeBack takes back the values that were sent to w and have not been begun. w.mu is held.
func (s *slot[A, B, R]) takeBack(w *remote[A, R]) []*flight[A] {
	from := int(max(w.page.begun(), w.first) - w.first)
	if w.revoking || from >= len(w.flights) {
		return nil
	}
	w.revoking = true
	certain := int(w.page.revoke(w.first+uint64(from)) - w.first)
	return retake(w.flights[min(certain, len(w.flights)):])
}

// idle reports whether the slot waits for values and has none; with ready, also whether it has a
// worker that could begin.
func (s *slot[A, B, R]) idle(ready bool) bool {
	s.mu.Lock()
	waiting, w := s.waiting != nil && len(s.own) == 0, s.remote
	s.mu.Unlock()
	if !waiting || w == nil {
		return waiting && !ready
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.flights) == 0 && (w.opened || !ready)
}
