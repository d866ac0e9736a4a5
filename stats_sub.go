package pl

import (
	"slices"
	"time"
)

// Sub returns the figures of the time between earlier, which must be of the same run, and s: the
// differences of counts and times. Figures of a moment, such as Queued, Active and Progress, are
// those of s.
func (s Stats) Sub(earlier Stats) Stats {
	s.Started = s.Started.Add(earlier.Elapsed)
	s.Elapsed -= earlier.Elapsed
	s.CPU -= earlier.CPU
	s.waits = s.waits.sub(earlier.waits)
	s.Loops = less(s.Loops, earlier.Loops)
	s.Stages = slices.Clone(s.Stages)
	for i := range min(len(s.Stages), len(earlier.Stages)) {
		s.Stages[i] = s.Stages[i].sub(earlier.Stages[i])
	}
	s.Consumer = s.Consumer.sub(earlier.Consumer)
	return s
}

func (s StageStats) sub(earlier StageStats) StageStats {
	s.In -= min(earlier.In, s.In)
	s.Out -= min(earlier.Out, s.Out)
	s.Filtered -= min(earlier.Filtered, s.Filtered)
	s.Dropped -= min(earlier.Dropped, s.Dropped)
	s.Failed -= min(earlier.Failed, s.Failed)
	s.Retried -= min(earlier.Retried, s.Retried)
	s.Busy -= earlier.Busy
	s.Starved -= earlier.Starved
	s.Blocked -= earlier.Blocked
	s.Awaiting -= earlier.Awaiting
	s.Limited -= earlier.Limited
	s.Retrying -= earlier.Retrying
	s.Calls = s.Calls.Sub(earlier.Calls)
	s.Remote = s.Remote.sub(earlier.Remote)
	s.held -= earlier.held
	s.worked = less(s.worked, earlier.worked)
	return s
}

// less returns the differences between times and earlier.
func less(times, earlier []time.Duration) []time.Duration {
	times = slices.Clone(times)
	for i := range min(len(times), len(earlier)) {
		times[i] -= earlier[i]
	}
	return times
}
