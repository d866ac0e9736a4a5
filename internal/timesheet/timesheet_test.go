package timesheet

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

// at returns the times of s now, which must sum up to life.
func at(t *testing.T, s *Sheet, life time.Duration) Times {
	t.Helper()
	times := s.At(s.clock.Now())
	var sum time.Duration
	for _, d := range times {
		sum += d
	}
	assert.Equal(t, life, sum)
	return times
}

func TestAWorkerIsBusyUnlessItWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Hour) // before the run
		s := NewClock().NewSheet()
		track := &Track{}
		track.Enter(s)
		time.Sleep(3 * time.Nanosecond)
		assert.Equal(t, Times{Busy: 3}, at(t, s, 3))
		for _, why := range []State{Starved, Blocked, Limited, Retrying} {
			track.Wait(why)
			time.Sleep(5 * time.Nanosecond)
			state, d, ok := s.Now(s.clock.Now())
			assert.Equal(t, why, state)
			assert.EqualValues(t, 5, d)
			assert.True(t, ok)
			track.Resume(why)
			time.Sleep(1 * time.Nanosecond)
		}
		want := Times{Busy: 7, Starved: 5, Blocked: 5, Limited: 5, Retrying: 5}
		assert.Equal(t, want, at(t, s, 27))
		track.Wait(Starved)
		time.Sleep(2 * time.Nanosecond)
		want[Starved] = 7
		assert.Equal(t, want, at(t, s, 29), "a wait under way counts")
		track.Resume(Starved)
		track.Enter(nil)
		time.Sleep(time.Hour)
		assert.Equal(t, want, at(t, s, 29), "its life is over")
		_, _, ok := s.Now(s.clock.Now())
		assert.False(t, ok)
	})
}

// A goroutine that is in several stages by turns: the time in the others counts as a wait.
func TestStagesThatShareAGoroutineSumUpToItsLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := NewClock()
		source, middle, last := clock.NewSheet(), clock.NewSheet(), clock.NewSheet()
		source.FeedsInto(middle)
		middle.FeedsInto(last)
		track := &Track{}
		for range 2 {
			track.Enter(source)
			time.Sleep(1 * time.Nanosecond)
			track.Enter(middle)
			time.Sleep(10 * time.Nanosecond)
			track.Wait(Retrying)
			time.Sleep(1000 * time.Nanosecond)
			track.Resume(Retrying)
			track.Enter(last)
			time.Sleep(100 * time.Nanosecond)
		}
		assert.Equal(t, Times{Busy: 2, Blocked: 2220}, at(t, source, 2222))
		assert.Equal(t, Times{Busy: 20, Starved: 2, Blocked: 200, Retrying: 2000}, at(t, middle, 2222))
		assert.Equal(t, Times{Busy: 200, Starved: 2022}, at(t, last, 2222))
	})
}

// A team: what one of its goroutines waits for, while values are with the worker.
func TestATeamIsInOneStateAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewClock().NewSheet()
		team, sends, takes := s.Team(), s.Track(), s.Track()
		time.Sleep(7 * time.Nanosecond)
		team.Begin()
		sends.Wait(Starved)
		time.Sleep(1 * time.Nanosecond)
		team.Hold(2)
		time.Sleep(10 * time.Nanosecond) // the worker has values, though its sender waits for more
		takes.Wait(Blocked)
		time.Sleep(100 * time.Nanosecond)
		team.Hold(-2)
		time.Sleep(100 * time.Nanosecond)
		takes.Resume(Blocked)
		time.Sleep(1 * time.Nanosecond)
		sends.Resume(Starved)
		time.Sleep(10 * time.Nanosecond)
		team.Wait(Limited)
		team.Wait(Retrying)
		time.Sleep(1000 * time.Nanosecond)
		team.Resume(Limited)
		time.Sleep(10_000 * time.Nanosecond)
		state, d, ok := s.Now(s.clock.Now())
		assert.Equal(t, Retrying, state)
		assert.EqualValues(t, 10_000, d)
		assert.True(t, ok)
		team.Resume(Retrying)
		team.End()
		time.Sleep(time.Hour)
		team.Wait(Starved)
		assert.Equal(t, Times{Busy: 20, Starved: 2, Blocked: 200, Limited: 1000, Retrying: 10_000}, at(t, s, 11_222))
		_, _, ok = s.Now(s.clock.Now())
		assert.False(t, ok)
	})
}

func TestATeamThatStandsForSeveralWorkers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewClock().NewSheet()
		team := s.Team()
		team.Seats(4)
		team.Begin()
		team.Hold(3)
		team.Wait(Starved)
		time.Sleep(10 * time.Nanosecond)
		state, d, _ := s.Now(s.clock.Now())
		assert.Equal(t, Busy, state)
		assert.EqualValues(t, 10, d)
		team.Hold(3)
		time.Sleep(100 * time.Nanosecond)
		team.Wait(Blocked)
		time.Sleep(1000 * time.Nanosecond)
		team.Resume(Blocked)
		team.Seats(2)
		team.Hold(-6)
		time.Sleep(10_000 * time.Nanosecond)
		state, _, _ = s.Now(s.clock.Now())
		assert.Equal(t, Starved, state)
		team.End()
		time.Sleep(time.Hour)
		assert.Equal(t, Times{Busy: 430, Starved: 20_010, Blocked: 4000}, s.At(s.clock.Now()))
	})
}

func TestACrowdCountsEachOfItsWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewClock().NewSheet()
		crowd := s.Crowd()
		s.Begin()
		time.Sleep(1 * time.Nanosecond)
		s.End()
		crowd.Wait(Awaiting)
		time.Sleep(10 * time.Nanosecond)
		crowd.Wait(Awaiting)
		crowd.Wait(Blocked)
		time.Sleep(100 * time.Nanosecond)
		crowd.Resume(Awaiting)
		time.Sleep(1000 * time.Nanosecond)
		assert.Equal(t, Times{Busy: 1, Awaiting: 1210, Blocked: 1100}, s.At(s.clock.Now()))
	})
}

// No reader sees a time fall, or more time than has passed.
func TestTimesNeverFallWhoeverReadsThem(t *testing.T) {
	clock := NewClock()
	plain, teamed := clock.NewSheet(), clock.NewSheet()
	track, team := &Track{}, teamed.Team()
	track.Enter(plain)
	team.Begin()
	over := make(chan struct{})
	var readers sync.WaitGroup
	for _, s := range []*Sheet{plain, teamed} {
		readers.Go(func() {
			var before Times
			for {
				select {
				case <-over:
					return
				default:
				}
				now := clock.Now()
				times := s.At(now)
				for i := range times {
					if times[i] < before[i] && s == teamed || times[i] > clock.Now() {
						t.Errorf("%v: %v after %v, at %v", State(i), times[i], before[i], now)
						return
					}
				}
				before = times
			}
		})
	}
	for range 2000 {
		for _, why := range []State{Starved, Blocked, Retrying} {
			track.Wait(why)
			team.Wait(why)
			track.Resume(why)
			team.Hold(1)
			team.Resume(why)
			team.Hold(-1)
		}
	}
	close(over)
	readers.Wait()
}

func TestAStrideStandsForAllCalls(t *testing.T) {
	for took, most := range map[time.Duration]int{time.Millisecond: 1, 10 * time.Microsecond: 1, 1000: 15, 10: 127} {
		s := NewStride()
		measured, stands := 0, 0
		const n = 100_000
		for range n {
			if s.Skip() {
				continue
			}
			calls := int(s.Draw())
			assert.LessOrEqual(t, calls, max(most, 1))
			measured, stands = measured+1, stands+calls
			s.Saw(took)
		}
		assert.InDelta(t, n, stands, 128, "calls of %v", took)
		if most == 1 {
			assert.Equal(t, n, measured)
		} else {
			assert.Less(t, measured, n/2)
		}
	}
}
