// Package timesheet keeps what the workers of an observed run do with their time. A worker is busy
// unless it waits, so only its waits are measured: they begin and end where it parks, and so cost
// little. Whoever reads a sheet finds waits under way in it too.
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
	States
)

var names = [States]string{"busy", "starved", "blocked", "awaiting", "limited", "retrying"}

// String gives the name in lower case.
func (s State) String() string { return names[s] }

// Span is the length of time that something has gone on, in all. One goroutine writes to it, others
// may read it at the same time. It is one word, so that no reader can see half of a change: twice
// the sum, or, while it goes on, twice the time at which it would have begun, had it been without
// interruption, plus 1.
type Span struct{ word atomic.Int64 }

// begin begins or goes on, if it does not go on already.
func (s *Span) begin(now time.Duration) {
	if w := s.word.Load(); w&1 == 0 {
		s.word.Store(2*(int64(now)-w/2) + 1)
	}
}

// end interrupts it, if it goes on.
func (s *Span) end(now time.Duration) {
	if w := s.word.Load(); w&1 == 1 {
		s.word.Store(2 * (int64(now) - (w-1)/2))
	}
}

// At returns its length at that time, and whether it goes on.
func (s *Span) At(now time.Duration) (length time.Duration, open bool) {
	w := s.word.Load()
	if w&1 == 1 {
		return max(now-time.Duration((w-1)/2), 0), true
	}
	return time.Duration(w / 2), false
}

// Sheet is the time of one worker in one stage. A goroutine that runs several stages has one for
// each, in a [Track].
type Sheet struct {
	clock   *Clock
	present Span // the worker's life; of a stage that shares its goroutine, the time that goroutine is in it
	waits   [States]Span
	since   atomic.Int64 // when it began to do what it does
	mark    atomic.Int64 // when it began with its value, about

	// Of stages in one goroutine: what is directly upstream and downstream of this one.
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

// FeedsInto says that the goroutine of s runs s in the stage of downstream, which takes its values.
func (s *Sheet) FeedsInto(downstream *Sheet) {
	s.downstream = downstream
	downstream.upstream = append(downstream.upstream, s)
}

// Begin begins the worker's life.
func (s *Sheet) Begin() { s.begin(s.clock.Now()) }

// End ends it.
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

// Wait says that the worker waits from now on. It must not wait already, unless it is a [Team].
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

// Away grows by the time that passes while the worker waits for room, and while its goroutine is in
// another stage. Only the worker may call it, and not during a wait. With a [Crowd] it is 0: what
// one of its values waits is not known.
func (s *Sheet) Away() time.Duration {
	if s.crowd.Load() != nil {
		return 0
	}
	return time.Duration(s.present.word.Load()/2 + s.waits[Blocked].word.Load()/2)
}

// Mark says that the worker begins something new now, such as the next value. It is cheap.
func (s *Sheet) Mark() { s.mark.Store(int64(s.clock.Coarse())) }

// MarkAt is Mark with the time.
func (s *Sheet) MarkAt(now time.Duration) { s.mark.Store(int64(now)) }

// Times is how long a worker was in each state.
type Times [States]time.Duration

// Add adds other's.
func (t *Times) Add(other Times) {
	for i, d := range other {
		t[i] += d
	}
}

// At returns the worker's times.
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

// above is the time that the goroutine spent in all that is upstream.
func (s *Sheet) above(now time.Duration) (sum time.Duration) {
	for _, u := range s.upstream {
		_, there := u.own(now)
		sum += there + u.above(now)
	}
	return sum
}

// Now returns what the worker does, and for how long it has done so. ok is false if it does nothing: it has not begun or
// has ended, or its goroutine is in another stage.
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

// Track is what a goroutine does that runs one stage, or several by turns. Only that goroutine uses
// it. A nil *Track keeps nothing.
type Track struct{ current *Sheet }

// Enter says that the goroutine is in the stage of s from now on. A nil s is none.
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

// Wait says that the goroutine waits from now on, as its stage.
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
