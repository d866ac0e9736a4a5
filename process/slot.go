package process

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/gopeln/pl"
)

// slot is the place of one worker in a stage. It starts a worker when there is a value for it,
// replaces it when it has died or had its share, and sees to what was with it.
type slot[A, B, R any] struct {
	*stage[A, B, R]
	index int
	port  *pl.Port[A, B]

	batch   []pl.Item[A]
	boarded []*flight[A] // what board returned last
	values  []A          // of the frame that is being packed
	barren  int          // workers in a row that died without a value to blame
	active  atomic.Bool  // counted in the stage's active

	finishing sync.Mutex // held around what finishes values at the port

	mu      sync.Mutex
	spare   []*flight[A]       // for values to come
	own     []*flight[A]       // values to send before those of the queue, in its order
	waiting context.CancelFunc // makes the slot look at own again, while it waits for the queue
	remote  *remote[A, R]
}

// flight is a value on its way through a worker.
type flight[A any] struct {
	item  pl.Item[A]
	begun bool // it has left the stage's queue
	taken bool // another flight of it is under way, and the worker will skip this one
	// undecoded is why an earlier part of its results could not be decoded.
	undecoded error
}

func newSlot[A, B, R any](s *stage[A, B, R], index int, p *pl.Port[A, B]) *slot[A, B, R] {
	return &slot[A, B, R]{stage: s, index: index, port: p, batch: make([]pl.Item[A], maxBatch)}
}

// run gives one worker after another what there is to do, until there is nothing more.
func (s *slot[A, B, R]) run() {
	defer s.retire()
	prompt := false
	for {
		next, ok := s.next(s.site.Context(), s.firstWindow(prompt))
		if s.stopping() || !ok && (s.index > 0 || s.started.Load()) {
			return
		}
		s.started.Store(true)
		w, err := s.start(prompt)
		if err != nil {
			s.fail(s.index, err)
			return
		}
		s.employ(w, next)
		prompt = s.bury(w)
	}
}

// firstWindow returns how many values a worker gets at first: one if that must begin at once, or if
// it must be clear which value is to blame for the worker's death.
func (s *slot[A, B, R]) firstWindow(prompt bool) int {
	if prompt || s.site.OneByOne() || s.site.Calls() {
		return 1
	}
	return startWindow
}

// employ lets a worker work until the input has ended, or it must be replaced, or it has died.
func (s *slot[A, B, R]) employ(w *remote[A, R], next []*flight[A]) {
	if !s.active.Swap(true) {
		s.stage.active.Add(1)
	}
	s.site.Background(func() {
		defer close(w.ended)
		defer w.cancel()
		s.receive(w)
	})
	stop := context.AfterFunc(s.site.Context(), func() { s.dismiss(w, true) })
	defer stop()
	s.dismiss(w, s.send(w, next))
	<-w.ended
}

// dismiss tells a worker that there are no more values for it. With ended, there are none for the
// slot either.
func (s *slot[A, B, R]) dismiss(w *remote[A, R], ended bool) {
	if ended {
		s.retire()
	}
	var ending []byte
	if s.stopping() {
		<-s.site.Context().Done() // the site may take note a moment before
		ending = endingOf(s.site.Context())
	}
	w.close(int(s.stage.active.Load()), ending)
}

// retire takes the slot off those that have a worker.
func (s *slot[A, B, R]) retire() {
	if s.active.Swap(false) {
		s.stage.active.Add(-1)
	}
}

// next returns up to n values to send: the slot's own first, else what is in the queue, for which
// it waits until ctx ends. ok is false at the end of the input.
func (s *slot[A, B, R]) next(ctx context.Context, n int) (values []*flight[A], ok bool) {
	s.ledger.add(n) // before they are out of the queue
	got, ended := 0, false
	defer func() { s.ledger.add(got - n) }()
	for !ended && ctx.Err() == nil {
		if values = s.takeOwn(n); len(values) > 0 {
			return values, true
		}
		if got = s.port.TryPull(s.batch[:n]); got == 0 {
			got, ended = s.await(ctx, n)
		}
		if got > 0 {
			return s.lineUp(s.board(got)), true
		}
	}
	return nil, false
}

// await waits for the queue, or for values of the slot's own, which are those that others accept
// for it meanwhile.
func (s *slot[A, B, R]) await(ctx context.Context, n int) (got int, ended bool) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s.mu.Lock()
	if len(s.own) == 0 {
		s.waiting = cancel
	} else {
		cancel()
	}
	s.mu.Unlock()
	got, ok := s.port.Pull(ctx, s.batch[:n])
	if !ok && ctx.Err() == nil {
		// That was the end of the input, but values that have not begun may yet be handed to this
		// slot.
		s.ledger.add(-n)
		ended = !s.ledger.wait(ctx)
		s.ledger.add(n)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting = nil
	return got, ended && len(s.own) == 0
}

// lineUp puts values that came from the queue behind the slot's own, if it was given some
// meanwhile: those are earlier. It returns as many of the first.
func (s *slot[A, B, R]) lineUp(pulled []*flight[A]) []*flight[A] {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.own) == 0 {
		return pulled
	}
	s.insert(pulled)
	return s.cut(len(pulled))
}

// board makes flights of the first n values in the batch. What it returns is valid until the next
// call.
func (s *slot[A, B, R]) board(n int) []*flight[A] {
	s.mu.Lock()
	kept := len(s.spare) - min(n, len(s.spare))
	s.boarded = append(s.boarded[:0], s.spare[kept:]...)
	s.spare = s.spare[:kept]
	s.mu.Unlock()
	if more := n - len(s.boarded); more > 0 {
		fresh := make([]flight[A], more)
		for i := range fresh {
			s.boarded = append(s.boarded, &fresh[i])
		}
	}
	for i, f := range s.boarded {
		f.item = s.batch[i]
	}
	clear(s.batch[:n])
	return s.boarded
}

// reuse keeps flights that nothing refers to any more for other values.
func (s *slot[A, B, R]) reuse(flights []*flight[A]) {
	for _, f := range flights {
		*f = flight[A]{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.spare = append(s.spare, flights[:min(len(flights), maxBatch-len(s.spare))]...)
}

func (s *slot[A, B, R]) takeOwn(n int) []*flight[A] {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cut(n)
}

// cut takes up to n of the slot's own values, the first ones. s.mu is held.
func (s *slot[A, B, R]) cut(n int) []*flight[A] {
	n = min(n, len(s.own))
	values := s.own[:n:n]
	s.own = s.own[n:]
	return values
}

// insert adds to the slot's own values, in the order of the queue: were a value to run while an
// earlier one waits behind it, the two could wait for each other. s.mu is held.
func (s *slot[A, B, R]) insert(values []*flight[A]) {
	s.own = slices.Concat(s.own, values)
	slices.SortStableFunc(s.own, func(f, g *flight[A]) int { return f.item.Compare(&g.item) })
}

// adopt adds to the slot's own values, and wakes it if it waits for some.
func (s *slot[A, B, R]) adopt(values ...*flight[A]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.insert(values)
	s.stir()
	if s.waiting != nil {
		s.waiting()
	}
}

// accept is adopt for values from another slot. It reports false where this one has found something
// else to do.
func (s *slot[A, B, R]) accept(values []*flight[A]) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waiting == nil || len(s.own) > 0 {
		return false
	}
	s.insert(values)
	s.waiting()
	return true
}

// began counts n values as begun.
func (s *slot[A, B, R]) began(n int) {
	if n > 0 {
		s.port.Begin(n)
		s.ledger.add(-n)
	}
}

// failed asks the stage's policy about a value that failed, and waits where it says so. It reports
// whether the value must run again.
func (s *slot[A, B, R]) failed(f *flight[A], err error) bool { return s.again(f, s.judge(f, err)) }

// judge asks the stage's policy about a value that failed.
func (s *slot[A, B, R]) judge(f *flight[A], err error) pl.Decision {
	s.begin(f)
	return s.port.Fail(&f.item, err)
}

// again reports whether a value must run again, after the waits for that.
func (s *slot[A, B, R]) again(f *flight[A], v pl.Decision) bool {
	return v.Again && s.sleep(v.After) && s.port.Admit(&f.item)
}

// bury takes leave of a worker that has ended, and sees to the values that were with it. It reports
// whether the worker had died early: then the next one has to be careful.
func (s *slot[A, B, R]) bury(w *remote[A, R]) (died bool) {
	s.mu.Lock()
	s.remote = nil
	s.mu.Unlock()
	left := w.autopsy()
	s.port.Unreserve(left.reserved)
	told := false
	defer func() { w.stderr.decide(told) }()
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
	crash := s.crashOf(w, left) // after it, since that waits
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
func (s *slot[A, B, R]) crashOf(w *remote[A, R], left *remains[A]) *CrashError {
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

// sort finds out about each value that was with a dead worker: whether one was running, and of which ones
// the function had returned though the result was lost.
//
// The others have not begun and go to the next worker, or to another. So do those whose result was lost if Retry allows
// that a value runs twice.
func (s *slot[A, B, R]) sort(left *remains[A]) (lost []*flight[A], suspect *flight[A]) {
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
	// At once, since the decision about the suspect may be to wait, and others can have these meanwhile.
	s.adopt(again...)
	return lost, suspect
}

// accuse decides about the values that fail. It reports whether the suspect was to blame, and whether a handler or the
// consumer was told of the crash.
func (s *slot[A, B, R]) accuse(
	lost []*flight[A], suspect *flight[A], left *remains[A], crash *CrashError,
) (blamed, told bool) {
	if suspect != nil {
		blamed, told = s.blame(suspect, left, crash)
	}
	for _, f := range lost {
		s.failed(f, crash.afterwards())
		told = true
	}
	return blamed, told
}

// blame decides about the value that was running, or whose encoding was under way.
func (s *slot[A, B, R]) blame(f *flight[A], left *remains[A], crash *CrashError) (blamed, told bool) {
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
	return true, cause == error(crash)
}

// restart lets a value run again that is not to blame.
func (s *slot[A, B, R]) restart(f *flight[A]) {
	s.begin(f)
	s.port.Restart(&f.item)
}

func (s *slot[A, B, R]) begin(f *flight[A]) {
	if !f.begun {
		f.begun = true
		s.began(1)
	}
}
