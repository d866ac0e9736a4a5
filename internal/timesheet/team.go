package timesheet

import (
	"sync"
	"time"
)

// Team is the time of a worker that several goroutines serve, such as one that sends it values and
// one that takes its results. The worker is in one state at a time. While one of the goroutines
// waits for room, for a limit or for the next attempt, that is the worker's state. Otherwise it is
// starved if it has no value and a goroutine waits for input, and busy if not.
//
// The methods are safe for concurrent use. A nil *Team records nothing.
type Team struct {
	clock *Clock

	mu     sync.Mutex  // guards what follows
	alive  bool        // between Begin and End
	values int         // that the worker has
	waits  [States]int // goroutines that wait, by state
	state  State
	since  time.Duration // when state began
	mark   time.Duration // when the worker began its value
	times  Times         // until since
}

// Team makes s the sheet of a worker that several goroutines serve.
func (s *Sheet) Team() *Team {
	t := &Team{clock: s.clock}
	s.team.Store(t)
	return t
}

// Track returns a Track of one of the worker's goroutines, in the stage of s, for good.
func (s *Sheet) Track() *Track { return &Track{current: s} }

// Begin begins the worker's life.
func (t *Team) Begin() {
	t.change(func() { t.alive, t.since = true, t.clock.Now() })
}

// End ends the worker's life.
func (t *Team) End() {
	t.change(func() {
		t.enter(t.state)
		t.alive = false
	})
}

// Hold records that the worker has n values more, or fewer if n is negative.
func (t *Team) Hold(n int) { t.change(func() { t.values += n }) }

// Wait records that one of the goroutines waits from now on.
func (t *Team) Wait(why State) { t.change(func() { t.waits[why]++ }) }

// Resume ends that wait.
func (t *Team) Resume(why State) { t.change(func() { t.waits[why]-- }) }

// Mark records that the worker has begun another value.
func (t *Team) Mark() { t.change(func() { t.mark = t.clock.Now() }) }

// change makes a change, and enters the state that follows from it.
func (t *Team) change(do func()) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	do()
	if next := t.next(); t.alive && next != t.state {
		t.enter(next)
	}
}

// next returns the state that follows from waits and values. The caller must hold t.mu.
func (t *Team) next() State {
	for _, s := range []State{Blocked, Limited, Retrying} {
		if t.waits[s] > 0 {
			return s
		}
	}
	if t.values == 0 && t.waits[Starved] > 0 {
		return Starved
	}
	return Busy
}

// enter ends the present state and begins next. The caller must hold t.mu.
func (t *Team) enter(next State) {
	now := t.clock.Now()
	t.times[t.state] += now - t.since
	t.state, t.since = next, now
}

// At returns the worker's times until now.
func (t *Team) At(now time.Duration) Times {
	t.mu.Lock()
	defer t.mu.Unlock()
	times := t.times
	if t.alive {
		times[t.state] += max(now-t.since, 0)
	}
	return times
}

// Now returns the worker's state, and for how long it has lasted.
func (t *Team) Now(now time.Duration) (state State, d time.Duration, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	since := t.since
	if t.state == Busy {
		since = max(since, t.mark)
	}
	return t.state, max(now-since, 0), t.alive
}
