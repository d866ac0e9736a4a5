package pl

import (
	"slices"
	"time"

	"github.com/gopeln/pl/internal/queue"
	"github.com/gopeln/pl/internal/timesheet"
)

// addSheet makes the sheet of a worker, and the sampler of its calls. Both are nil if the run is
// not observed.
func (f *stageFigures) addSheet(worker int, show func(any) string) (*timesheet.Sheet, *sampler) {
	if !f.observed() {
		return nil, nil
	}
	sheet := f.clock.NewSheet()
	f.mu.Lock()
	defer f.mu.Unlock()
	for len(f.sheets) <= worker {
		f.sheets = append(f.sheets, nil)
	}
	f.sheets[worker] = sheet
	return sheet, f.addSampler(sheet, worker, show)
}

// addSampler makes a sampler. The caller must hold the lock.
func (f *stageFigures) addSampler(sheet *timesheet.Sheet, worker int, show func(any) string) *sampler {
	s := &sampler{sheet: sheet, clock: f.clock, worker: worker, show: show, stride: timesheet.NewStride()}
	s.floor.Store(-1)
	f.samplers = append(f.samplers, s)
	return s
}

// inlineSampler makes the sampler of a stage that runs in one goroutine, or returns nil.
func (f *stageFigures) inlineSampler(show func(any) string) *sampler {
	sheet := f.inlineSheet()
	if sheet == nil {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.addSampler(sheet, 0, show)
}

// inlineSheet returns the sheet of a stage that runs in one goroutine, perhaps with others. It is
// nil if the run is not observed. It must be called while the run is built.
func (f *stageFigures) inlineSheet() *timesheet.Sheet {
	if f.observed() && f.inline == nil {
		f.inline = f.clock.NewSheet()
		f.sheets = append(f.sheets, f.inline)
	}
	return f.inlineOrNil()
}

func (f *stageFigures) inlineOrNil() *timesheet.Sheet {
	if f == nil {
		return nil
	}
	return f.inline
}

// addTimes adds the times of the workers to s. The caller must hold the lock.
func (f *stageFigures) addTimes(s *StageStats, at time.Duration) {
	var times timesheet.Times
	s.worked, s.Active = make([]time.Duration, 0, len(f.sheets)), make([]Activity, 0, len(f.sheets))
	for i, sheet := range f.sheets {
		if sheet == nil {
			continue
		}
		worker := sheet.At(at)
		s.worked = append(s.worked, worker[timesheet.Busy])
		times.Add(worker)
		if state, d, ok := sheet.Now(at); ok {
			s.Active = append(s.Active, Activity{Worker: i, State: state.String(), For: d})
			if state != timesheet.Starved {
				s.underWay++
			} else {
				s.Waiting = f.wait.text(d)
			}
		}
	}
	for i := range times {
		times[i] = max(times[i], f.last[i])
	}
	f.last = times
	s.Busy, s.Awaiting = times[timesheet.Busy], times[timesheet.Awaiting]
	s.Limited, s.Retrying = times[timesheet.Limited], times[timesheet.Retrying]
	if f.backend != "serial" { // its stages neither starve nor block: they are called
		s.Starved, s.Blocked = times[timesheet.Starved], times[timesheet.Blocked]
	}
	slices.SortStableFunc(s.Active, func(a, b Activity) int { return int(max(min(b.For-a.For, 1), -1)) })
	s.Active = s.Active[:min(len(s.Active), mostActive)]
}

const mostActive = 64

// addCalls adds what the samplers have measured to s. The caller must hold the lock.
func (f *stageFigures) addCalls(s *StageStats) {
	if len(f.samplers) == 0 {
		return
	}
	var counts [buckets]uint64
	var sum time.Duration
	for _, p := range f.samplers {
		p.addTo(&counts, &sum, &s.Slowest)
	}
	s.Calls = newHistogram(&counts, sum)
}

// copied returns a copy that shares nothing that a caller could change.
func (s *StageStats) copied() StageStats {
	c := *s
	c.Slowest, c.Active, c.worked = slices.Clone(s.Slowest), slices.Clone(s.Active), slices.Clone(s.worked)
	c.Remote = s.Remote.copied()
	return c
}

// timed returns the flow of values that records the time of the stages with sheets in and consumer,
// which the goroutine of s runs by turns. Both sheets may be nil.
func timed[T any](s *Site, in, consumer *timesheet.Sheet, values flow[T]) flow[T] {
	if in == nil {
		return values
	}
	track := s.waiter.Track
	if consumer == nil { // all that it does is drop the values
		return func(yield func(T, queue.Tag) bool) {
			track.Enter(in)
			defer track.Enter(nil)
			values(yield)
		}
	}
	in.FeedsInto(consumer)
	return func(yield func(T, queue.Tag) bool) {
		track.Enter(in)
		defer track.Enter(consumer)
		values(func(v T, t queue.Tag) bool {
			track.Enter(consumer)
			defer track.Enter(in) // also if the consumer's loop does not return
			return yield(v, t)
		})
	}
}

// lived returns the flow of values that records the time of a consumer with figures f, from the
// start of the flow to its end.
func lived[T any](s *Site, f *stageFigures, values flow[T]) flow[T] {
	sheet := f.inlineSheet()
	if sheet == nil {
		return values
	}
	return func(yield func(T, queue.Tag) bool) {
		s.waiter.Track.Enter(sheet)
		defer s.waiter.Track.Enter(nil)
		values(yield)
	}
}

// look makes each stage look at how many values are queued.
func (r *run) look() {
	for _, f := range r.figures {
		f.look()
	}
	r.consumer.look()
}

// look records how many values are queued, if that is the most so far. Some queues have to count
// their values, so it looks only so often that this takes about 1 % of the time.
func (f *stageFigures) look() {
	if f == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.queued == nil || f.clock.Now() < f.nextLook {
		return
	}
	begun := f.clock.Now()
	queued := f.queued()
	f.most = max(f.most, queued)
	f.wait.look(begun, f.bound > 0 && 2*queued >= f.bound)
	now := f.clock.Now()
	f.nextLook = now + 100*(now-begun)
}

// LoopTime returns the sheet on which the i-th event loop of the run records its busy time, or nil
// if the run is not observed.
func (s *Site) LoopTime(i int) *timesheet.Sheet {
	r := s.run
	if r.clock == nil {
		return nil
	}
	r.sharedMu.Lock()
	defer r.sharedMu.Unlock()
	for len(r.loops) <= i {
		r.loops = append(r.loops, r.clock.NewSheet())
	}
	return r.loops[i]
}

// loopTimes returns the busy time of each event loop.
func (r *run) loopTimes(at time.Duration) (busy []time.Duration) {
	r.sharedMu.Lock()
	defer r.sharedMu.Unlock()
	for _, l := range r.loops {
		busy = append(busy, l.At(at)[timesheet.Busy])
	}
	return busy
}

// Timesheet returns the sheet on which a worker of the stage records its time, or nil if the run is
// not observed. It is for a backend whose workers do not run on goroutines of Employ, and must be
// called after the worker has been made.
func (s *Site) Timesheet(worker int) *timesheet.Sheet { return s.figures.sheetOf(worker) }

// sheetOf returns the sheet of a worker, or nil.
func (f *stageFigures) sheetOf(worker int) *timesheet.Sheet {
	if !f.observed() {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if worker >= len(f.sheets) {
		return nil
	}
	return f.sheets[worker]
}
