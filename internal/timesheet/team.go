package timesheet

import (
	"sync"
	"time"
)

// Team is the time of a worker that several goroutines serve, such as one that sends it values and
// one that takes its results. It is in one state at a time. While one of the goroutines waits for
// room, for a limit or for a next attempt, that is the worker's state; else it is busy while values
// are with it, and starved if a goroutine waits for input meanwhile.
//
// Its methods are safe for concurrent use. A nil *Team keeps nothing.
type Team struct {
	clock *Clock

	mu     sync.Mutex
	alive  bool
	values int         // that are with the worker
	waits  [States]int // goroutines that wait
	state  State
	since  time.Duration // the state began; times are right up to then
	mark   time.Duration // it began with its value
	times  Times
}

// Team makes the sheet that of a worker that several goroutines serve.
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

// End ends it.
func (t *Team) End() {
	t.change(func() {
		t.enter(t.state)
		t.alive = false
	})
}

// Hold says that n values more are with the worker, or fewer.
func (t *Team) Hold(n int) { t.change(func() { t.values += n }) }

// Wait says that one of the goroutines waits from now on.
func (t *Team) Wait(why State) { t.change(func() { t.waits[why]++ }) }

// Resume ends that wait.
func (t *Team) Resume(why State) { t.change(func() { t.waits[why]-- }) }

// Mark says that the worker has begun with another value.
func (t *Team) Mark() { t.change(func() { t.mark = t.clock.Now() }) }

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

// next is the state that follows from the rest. The caller must hold t.mu.
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

// enter ends the state that the worker is in. The caller must hold t.mu.
func (t *Team) enter(next State) {
	now := t.clock.Now()
	t.times[t.state] += now - t.since
	t.state, t.since = next, now
}

// At returns the times.
func (t *Team) At(now time.Duration) Times {
	t.mu.Lock()
	defer t.mu.Unlock()
	times := t.times
	if t.alive {
		times[t.state] += max(now-t.since, 0)
	}
	return times
}

// Now returns what the worker does, and for how long it has done so.
func (t *Team) Now(now time.Duration) (state State, d time.Duration, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	since := t.since
	if t.state == Busy {
		since = max(since, t.mark)
	}
	return t.state, max(now-since, 0), t.alive
}
