package pl

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/gopeln/pl/internal/guard"
	"github.com/gopeln/pl/internal/queue"
	"github.com/gopeln/pl/internal/timesheet"
)

// stageFigures collects the figures of one stage in one run.
//
// The usual queues know how many values have passed their ends, so values that come and go by them
// are not counted on their way, and the figures cannot lag. The workers count the rest, and only in
// a run that is observed.
type stageFigures struct {
	clock   *timesheet.Clock // nil if the run is not observed
	backend string
	bound   int                    // of the input queue; 0: none
	inline  *timesheet.Sheet       // of a stage that runs in one goroutine, perhaps with others
	failure atomic.Pointer[string] // the last error of a value; any worker writes it

	mu       sync.Mutex // guards what follows
	workers  []*counts
	sheets   []*timesheet.Sheet // by worker
	samplers []*sampler
	last     timesheet.Times               // those of the last look; times never fall
	taken    []interface{ Taken() uint64 } // input queues that know In
	given    []interface{ Given() uint64 } // outputs that know Out
	queued   func() int
	remote   func() *Remote // of workers that are processes elsewhere
	staffed  bool           // options say how many values these may run at once; else all their slots do
	wait     *wait          // of an Ordered
	most     int            // that were queued
	nextLook time.Duration
	kept     *StageStats // those at the end of the run
}

// counts is what one worker counts, on cache lines of its own: a line shared by two workers would
// cost several times as much as the counting. One goroutine at a time writes to a count; any
// goroutine may read it. In a run that is not observed there are no counts: a nil *counts counts
// nothing.
type counts struct {
	in, out, dropped, filtered, failed, retried atomic.Uint64
	_                                           [80]byte
}

func (c *counts) take() {
	if c != nil {
		increment(&c.in)
	}
}

func (c *counts) give() {
	if c != nil {
		increment(&c.out)
	}
}

func (c *counts) drop() {
	if c != nil {
		increment(&c.dropped)
	}
}

// filter counts a value that the stage has chosen to drop.
func (c *counts) filter() {
	if c != nil {
		increment(&c.dropped)
		increment(&c.filtered)
	}
}

func (c *counts) retry() {
	if c != nil {
		increment(&c.retried)
	}
}

func (c *counts) fail() {
	if c != nil {
		increment(&c.failed)
	}
}

// increment adds 1 to n. It must have one caller at a time, and is cheaper than Add.
func increment(n *atomic.Uint64) { n.Store(n.Load() + 1) }

// observed reports whether there is anything to collect. f may be nil.
func (f *stageFigures) observed() bool { return f != nil && f.clock != nil }

// addWorker makes the counts of one more worker.
func (f *stageFigures) addWorker() *counts {
	if !f.observed() {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	c := new(counts)
	f.workers = append(f.workers, c)
	return c
}

// addInput records that the stage takes its values from q. It reports whether the stage must count
// them, since q does not.
func (f *stageFigures) addInput(q interface{ Len() int }) (uncounted bool) {
	if !f.observed() {
		return false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.queued = q.Len
	known, ok := q.(interface{ Taken() uint64 })
	if ok {
		f.taken = append(f.taken, known)
	}
	return !ok
}

// addOutput records that results leave the stage by out, which counts them.
func (f *stageFigures) addOutput(out interface{ Given() uint64 }) {
	if !f.observed() {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.given = append(f.given, out)
}

// failed records the error of a value that has failed.
func (f *stageFigures) failed(err error) {
	if f.observed() {
		text := cut(guard.Text(err), mostErrorRunes)
		f.failure.Store(&text)
	}
}

const mostErrorRunes = 300

// givenByTaking is a static source's output: a value has left it when a worker has taken it.
type givenByTaking struct{ q interface{ Taken() uint64 } }

func (g givenByTaking) Given() uint64 { return g.q.Taken() }

// passOn records that the values of stages pass through the stage of f as they are.
func (f *stageFigures) passOn(b *builder, stages []node) {
	for _, n := range stages {
		p := passing{b.planned[n].figures}
		f.addOutput(p)
		f.addInput(p)
	}
}

// passing counts the values that pass a stage, by the stage before it.
type passing struct{ before *stageFigures }

func (p passing) Given() uint64 { return p.before.out() }
func (p passing) Taken() uint64 { return p.Given() }
func (passing) Len() int        { return 0 }

// out returns how many values have left the stage.
func (f *stageFigures) out() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.kept != nil {
		return f.kept.Out
	}
	return f.outNow()
}

// outNow is out for a run under way. The caller must hold the lock.
func (f *stageFigures) outNow() (n uint64) {
	for _, out := range f.given {
		n += out.Given()
	}
	for _, c := range f.workers {
		n += c.out.Load()
	}
	return n
}

// snapshot returns the figures of the stage that n shows. If f is nil, there is no such stage, and
// they are zero.
func (f *stageFigures) snapshot(n Node, at time.Duration) StageStats {
	if f == nil {
		return StageStats{}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	var s StageStats
	if f.kept != nil {
		s = f.kept.copied()
		s.Node = n
	} else {
		s = f.now(n, at)
	}
	if s.Remote != nil && !f.staffed {
		s.Workers = s.Remote.slots()
	}
	return s
}

// now is snapshot for a run under way. The caller must hold the lock.
func (f *stageFigures) now(n Node, at time.Duration) StageStats {
	s := StageStats{Node: n, Out: f.outNow()}
	for _, q := range f.taken {
		s.In += q.Taken()
	}
	for _, c := range f.workers {
		s.In += c.in.Load()
		s.Dropped += c.dropped.Load()
		s.Filtered += c.filtered.Load()
		s.Failed += c.failed.Load()
		s.Retried += c.retried.Load()
	}
	if f.queued != nil {
		s.Queued = f.queued()
		f.most = max(f.most, s.Queued)
	}
	s.QueuedMost = f.most
	if f.remote != nil {
		s.Remote = f.remote()
	}
	if text := f.failure.Load(); text != nil {
		s.Err = *text
	}
	if f.clock != nil {
		s.held, s.holder = f.wait.most()
		f.addTimes(&s, at)
		f.addCalls(&s)
	}
	return s
}

// keep keeps the figures as they are, and drops the references to the run's queues, which may hold
// values.
func (f *stageFigures) keep(at time.Duration) {
	if f == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.kept == nil {
		s := f.now(Node{}, at)
		s.Active = nil
		f.kept = &s
	}
	f.workers, f.taken, f.given, f.queued = nil, nil, nil, nil
	f.sheets, f.samplers, f.inline, f.wait, f.remote = nil, nil, nil, nil, nil
}

// takes counts the values of a flow as its consumer gets them.
func takes[T any](values flow[T], c *counts) flow[T] {
	if c == nil {
		return values
	}
	return counted(values, &c.in)
}

// gives counts the values of a flow as they leave its operator.
func gives[T any](values flow[T], c *counts) flow[T] {
	if c == nil {
		return values
	}
	return counted(values, &c.out)
}

// counted returns the flow of values that counts each in n.
func counted[T any](values flow[T], n *atomic.Uint64) flow[T] {
	return func(yield func(T, queue.Tag) bool) {
		values(func(v T, t queue.Tag) bool {
			increment(n)
			return yield(v, t)
		})
	}
}
