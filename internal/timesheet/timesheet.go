// Package timesheet records what the workers of an observed run do with their time. A worker is
// busy unless it waits, so only its waits are measured: they begin and end where it parks, and so
// cost little. A reader of a sheet finds the waits that are under way in it too.
package timesheet

import (
	"sync/atomic"
	"time"
)

// State is what a worker does.
type State uint8

// The states of a worker.
const (
	Busy     State = iota
	Starved        // it waits for input
	Blocked        // it waits for room downstream
	Awaiting       // its function waits off the loop
	Limited        // it waits for a limit on the rate
	Retrying       // it waits for the next attempt
	States         // the number of states
)

var names = [States]string{"busy", "starved", "blocked", "awaiting", "limited", "retrying"}

// String returns the name in lower case.
func (s State) String() string { return names[s] }

// Span is the time for which a state has lasted, in all. One goroutine writes to it; others may
// read it at the same time. It is one word, so that a reader never sees half of a change: twice the
// sum of its times, or, while the state lasts, twice the time at which it would have begun without
// interruptions, plus 1.
type Span struct{ word atomic.Int64 }

// begin begins or continues the span. If it goes on already, begin does nothing.
func (s *Span) begin(now time.Duration) {
	if w := s.word.Load(); w&1 == 0 {
		s.word.Store(2*(int64(now)-w/2) + 1)
	}
}

// end interrupts the span. If it does not go on, end does nothing.
func (s *Span) end(now time.Duration) {
	if w := s.word.Load(); w&1 == 1 {
		s.word.Store(2 * (int64(now) - (w-1)/2))
	}
}

// At returns the length of the span at the time now, and whether the span goes on.
func (s *Span) At(now time.Duration) (length time.Duration, open bool) {
	w := s.word.Load()
	if w&1 == 1 {
		return max(now-time.Duration((w-1)/2), 0), true
	}
	return time.Duration(w / 2), false
}

// Sheet is the time of one worker in one stage. A goroutine that runs several stages has a sheet
// for each of them, in a [Track]. One goroutine at a time writes to a sheet; any goroutine may read
// it, by At and Now.
type Sheet struct {
	clock   *Clock
	present Span // the worker's life; of a stage that shares its goroutine, its time in the stage
	waits   [States]Span
	since   atomic.Int64 // when the worker's state began
	mark    atomic.Int64 // when the worker began its value, about

	// The stages that the goroutine runs directly upstream and downstream of this one. They are set
	// while the run is built.
	upstream   []*Sheet
	downstream *Sheet

	// Readers may be there before these are set.
	crowd atomic.Pointer[Crowd] // instead of waits, for a worker with many values under way
	team  atomic.Pointer[Team]  // instead of all, for a worker that several goroutines serve
	_     [64]byte
}

// NewSheet makes a sheet.
func (c *Clock) NewSheet() *Sheet { return &Sheet{clock: c} }

// Clock returns the clock of the sheet's run.
func (s *Sheet) Clock() *Clock { return s.clock }

// FeedsInto records that one goroutine runs the stage of s and the stage of downstream, which takes
// its values. It must be called before the run starts.
func (s *Sheet) FeedsInto(downstream *Sheet) {
	s.downstream = downstream
	downstream.upstream = append(downstream.upstream, s)
}

// Begin begins the worker's life.
func (s *Sheet) Begin() { s.begin(s.clock.Now()) }

// End ends the worker's life.
func (s *Sheet) End() { s.end(s.clock.Now()) }

func (s *Sheet) begin(now time.Duration) {
	s.present.begin(now)
	s.since.Store(int64(now))
}

func (s *Sheet) end(now time.Duration) {
	for w := range s.waits {
		s.waits[w].end(now)
	}
	s.present.end(now)
}

// Wait records that the worker waits from now on. It must not wait already, unless it is a [Team].
func (s *Sheet) Wait(why State) {
	if t := s.team.Load(); t != nil {
		t.Wait(why)
		return
	}
	now := s.clock.Now()
	s.waits[why].begin(now)
	s.since.Store(int64(now))
}

// Resume ends that wait.
func (s *Sheet) Resume(why State) {
	if t := s.team.Load(); t != nil {
		t.Resume(why)
		return
	}
	now := s.clock.Now()
	s.waits[why].end(now)
	s.since.Store(int64(now))
}

// Away returns a time that grows while the worker waits for room, and while its goroutine is in
// another stage; only differences count. Only the worker may call it, and not during a wait. With a
// [Crowd] it returns 0, since the waits of a single value are not known.
func (s *Sheet) Away() time.Duration {
	if s.crowd.Load() != nil {
		return 0
	}
	return time.Duration(s.present.word.Load()/2 + s.waits[Blocked].word.Load()/2)
}

// Mark records that the worker begins something new now, such as the next value. It costs two
// loads: a store would cost more.
func (s *Sheet) Mark() {
	if now := s.clock.coarse.Load(); now != s.mark.Load() {
		s.mark.Store(now)
	}
}

// MarkAt is Mark for a caller that knows the time.
func (s *Sheet) MarkAt(now time.Duration) { s.mark.Store(int64(now)) }

// Times is how long a worker was in each state.
type Times [States]time.Duration

// Add adds the times of other.
func (t *Times) Add(other Times) {
	for i, d := range other {
		t[i] += d
	}
}

// At returns the worker's times until now.
func (s *Sheet) At(now time.Duration) Times {
	if t := s.team.Load(); t != nil {
		return t.At(now)
	}
	t, present := s.own(now)
	if c := s.crowd.Load(); c != nil {
		t = c.At(now)
		t[Busy] = present
	}
	t[Starved] += s.above(now)
	for d := s.downstream; d != nil; d = d.downstream {
		_, there := d.own(now)
		t[Blocked] += there
	}
	return t
}

// own returns the times without those that the goroutine spent in other stages.
func (s *Sheet) own(now time.Duration) (t Times, present time.Duration) {
	var waited time.Duration
	for w := Starved; w < States; w++ {
		t[w], _ = s.waits[w].At(now)
		waited += t[w]
	}
	present, _ = s.present.At(now)
	t[Busy] = max(present-waited, 0)
	return t, present
}

// above returns the time that the goroutine has spent in all stages upstream.
func (s *Sheet) above(now time.Duration) (sum time.Duration) {
	for _, u := range s.upstream {
		_, there := u.own(now)
		sum += there + u.above(now)
	}
	return sum
}

// Now returns the worker's state, and for how long it has lasted. ok is false if there is none: the
// worker has not begun or has ended, or its goroutine is in another stage.
func (s *Sheet) Now(now time.Duration) (state State, d time.Duration, ok bool) {
	if t := s.team.Load(); t != nil {
		return t.Now(now)
	}
	if _, open := s.present.At(now); !open {
		if c := s.crowd.Load(); c != nil {
			return c.Now(now)
		}
		return 0, 0, false
	}
	since := s.since.Load()
	for w := Starved; w < States; w++ {
		if _, open := s.waits[w].At(now); open {
			state = w
		}
	}
	if state == Busy {
		since = max(since, s.mark.Load())
	}
	return state, max(now-time.Duration(since), 0), true
}

// Track records which stage a goroutine is in, if it runs several by turns, and what it does there.
// Only that goroutine uses it. A nil *Track records nothing.
type Track struct{ current *Sheet }

// Enter records that the goroutine is in the stage of s from now on, or in none if s is nil.
func (t *Track) Enter(s *Sheet) {
	if t == nil || t.current == s {
		return
	}
	var now time.Duration
	if t.current != nil {
		now = t.current.clock.Now()
		t.current.present.end(now)
	}
	if t.current = s; s != nil {
		if now == 0 {
			now = s.clock.Now()
		}
		s.begin(now)
	}
}

// Wait records that the goroutine waits from now on, in the stage that it is in.
func (t *Track) Wait(why State) {
	if t != nil && t.current != nil {
		t.current.Wait(why)
	}
}

// Resume ends that wait.
func (t *Track) Resume(why State) {
	if t != nil && t.current != nil {
		t.current.Resume(why)
	}
}
