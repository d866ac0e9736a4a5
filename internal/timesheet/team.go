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
// It may stand for several workers elsewhere, its seats. Then its times are the sums of theirs: of
// the seats as many are busy as there are values, and the others starved, or all of them wait.
//
// The methods are safe for concurrent use. A nil *Team records nothing.
type Team struct {
	clock *Clock

	mu     sync.Mutex  // guards what follows
	alive  bool        // between Begin and End
	values int         // that the worker has
	seats  int         // 0: it is a single worker
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

// Seats records for how many workers the team stands from now on.
func (t *Team) Seats(n int) { t.change(func() { t.seats = n }) }

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
	if t.alive && t.seats > 0 {
		t.enter(t.state)
	}
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
	t.times.Add(t.spent(now - t.since))
	t.state, t.since = next, now
}

// spent returns what a time in the present state comes to. The caller must hold t.mu.
func (t *Team) spent(d time.Duration) (times Times) {
	d = max(d, 0)
	if t.seats == 0 || t.state != Busy && t.state != Starved {
		times[t.state] = d * time.Duration(max(t.seats, 1))
		return times
	}
	busy := min(t.values, t.seats)
	times[Busy] = d * time.Duration(busy)
	times[Starved] = d * time.Duration(t.seats-busy)
	return times
}

// At returns the worker's times until now.
func (t *Team) At(now time.Duration) Times {
	t.mu.Lock()
	defer t.mu.Unlock()
	times := t.times
	if t.alive {
		times.Add(t.spent(now - t.since))
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
