package process

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gopeln/pl"
)

// outcome is how a worker has ended, and what it leaves.
type outcome[A any] struct {
	state, trace string
	values       []*flight[A]
	first        uint64        // the seq of values[0]
	begun        int           // of values, those that the worker has begun
	running      bool          // the last of them was running, or was being decoded
	ran          time.Duration // for how long it was, about
	held         int           // values that were with the worker
	reserved     int           // room that was not used
	timedOut     uint64        // the seq+1 of a value for which the worker was killed
	idle         bool          // nothing was with it
	opened       bool
	progress     bool
	ok           bool
}

// orderly reports whether the worker ended as it should.
func (o *outcome[A]) orderly() bool { return o.ok && o.idle }

// outcome waits for the end of the worker, whose results have ended, and finds out what it was
// doing.
func (w *remote[A, R]) outcome() *outcome[A] {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.gone = true
	if !w.farewell {
		w.proc.Kill() // it may have closed its results and live on
	}
	values := w.flights
	if n := slices.IndexFunc(values, func(f *flight[A]) bool { return f.taken }); n >= 0 {
		values = values[:n] // others have the rest, which the worker was about to skip
	}
	o := &outcome[A]{
		idle: len(w.flights) == 0, held: len(w.flights), values: values, first: w.first,
		reserved: int(w.granted - min(w.granted, w.received)),
		timedOut: w.watched.timedOut, opened: w.opened, progress: w.progress,
	}
	if w.granted == unlimited {
		o.reserved = 0
	}
	var ok bool
	o.state, ok, o.trace = w.proc.Wait()
	w.stderr.enter(dead, drainPatience)
	o.ok = ok && w.farewell && w.broken == nil
	// Now that it is dead, the page does not change any more.
	n, running := w.page.begunOf(w.first)
	o.begun, o.running = min(n, len(values)), running && n <= len(values)
	if o.begun == 0 && w.page.decoding.Load() == w.first+1 && len(w.flights) == 1 && len(values) == 1 {
		o.begun, o.running = 1, true
	}
	if w.page.current.Load()>>1 == w.watched.current>>1 { // else the watch has not seen it begin
		o.ran = time.Since(w.watched.moved)
	}
	w.proc.Close()
	return o
}

// ended is called when a worker has ended. It sees to the values that were with it, and reports
// whether the worker had died early: then the next one has to be careful.
func (s *slot[A, B, R]) ended(w *remote[A, R]) (died bool) {
	s.mu.Lock()
	s.remote = nil
	s.mu.Unlock()
	left := w.outcome()
	s.port.Unreserve(left.reserved)
	s.port.Team().Hold(-left.held)
	var crash *CrashError
	told := false // somebody of crash
	defer func() { w.stderr.decide(told && crash.Trace != "", left.trace) }()
	if left.orderly() {
		s.barren = 0
		return false
	}
	if s.stopping() {
		return false
	}
	killed := strings.HasPrefix(left.state, "signal")
	s.finishing.Lock()
	defer s.finishing.Unlock()
	lost, suspect := s.sort(left)
	crash = s.crashOf(w, left) // after it, since that waits
	var blamed bool
	blamed, told = s.accuse(lost, suspect, left, crash)
	switch {
	case blamed || left.progress || left.timedOut != 0 || len(left.values) == 0 && left.opened:
		s.barren = 0
	default:
		s.barren++
	}
	endless := s.barren >= mostKilled || s.barren >= maxBarren && !killed
	inOnEnd := w.closing && left.idle && !killed
	switch {
	case crash.memory && !left.opened:
		told = true
		s.fail(s.index, fmt.Errorf("MemoryLimit(%d) is too small for a worker to start, with its OnStart: %w",
			s.settings.memoryLimit, crash))
	case endless, inOnEnd:
		told = true
		s.fail(s.index, crash)
	}
	return true
}

// crashOf is the death of w as an error.
func (s *slot[A, B, R]) crashOf(w *remote[A, R], left *outcome[A]) *CrashError {
	trace, thrown := traceOf(left.trace, w.stderr.lastWords())
	return &CrashError{
		PID: w.proc.PID(), State: left.state, Trace: trace,
		memory: s.settings.memoryLimit > 0 && outOfMemory(thrown),
	}
}

// How many workers in a row may die without a value to blame before the run fails: by themselves,
// as in a package's init function, or by a signal, which may well come from outside.
const (
	maxBarren  = 3
	mostKilled = 50
)

// sort finds out about each value that was with a dead worker: whether one was running, and of
// which ones the function had returned though the result was lost.
//
// The others have not begun and go to the next worker, or to another. So do those whose result was
// lost if Retry allows that a value runs twice.
func (s *slot[A, B, R]) sort(left *outcome[A]) (lost []*flight[A], suspect *flight[A]) {
	values, begun := left.values, left.begun
	if begun > 0 && (left.running || len(values) == 1) {
		begun--
		suspect = values[begun]
	}
	again := values[left.begun:]
	if done := values[:begun]; s.retries() {
		for _, f := range done {
			s.restart(f)
		}
		again = slices.Concat(done, again)
	} else {
		lost = done
	}
	// At once, since the decision about the suspect may be to wait, and others can have these
	// meanwhile.
	s.adopt(again...)
	return lost, suspect
}

// accuse decides about the values that fail. It reports whether the suspect was to blame, and
// whether a handler or the consumer was told of the crash.
func (s *slot[A, B, R]) accuse(
	lost []*flight[A], suspect *flight[A], left *outcome[A], crash *CrashError,
) (blamed, told bool) {
	if suspect != nil {
		s.port.Measured(&suspect.item, left.ran, 1)
		blamed, told = s.blame(suspect, left, crash)
	}
	for _, f := range lost {
		s.failed(f, crash.afterwards())
		told = true
	}
	return blamed, told
}

// blame decides about the value that was running, or whose encoding was under way.
func (s *slot[A, B, R]) blame(f *flight[A], left *outcome[A], crash *CrashError) (blamed, told bool) {
	var cause error = crash
	switch left.timedOut {
	case 0:
	case left.first + uint64(left.begun):
		cause = pl.ErrTimeout
	default: // the worker was killed for the value before
		s.restart(f)
		s.adopt(f)
		return false, false
	}
	if s.failed(f, cause) {
		s.adopt(f)
		return true, false
	}
	return true, left.timedOut == 0
}
