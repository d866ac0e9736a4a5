package queue

import "sync"

// Calls are the values that the calls of a Func put into a pipeline, each with a caller that waits
// for its result. A Calls is a Tracker, as an Ordered has one, so that it knows when a value has
// ended without a result. Its methods are safe for concurrent use.
type Calls[T any] struct {
	mu      sync.Mutex          // guards what follows, and the fields of the pending calls
	next    uint64              // number of the next call
	pending map[uint64]*Call[T] // by number: the calls that have no answer, and whose caller waits

	ended   chan struct{} // closed once no stage puts answers any more
	stages  int
	stopped bool
	onStop  []func()
}

// Call is one call: its value, and what the value has become.
type Call[T any] struct {
	seq uint64 // never changes
	// Answer receives one answer, unless the caller leaves. It has room for it.
	Answer chan Answer[T]

	// The descendants of the value that are known. A value with children has ended when all of them
	// have ended.
	open     int             // children that are known and have not ended, less those that ended before they were known
	parents  int             // values below which one has ended, and whose number of children is not known
	families map[string]bool // those that are or were counted in parents; true: their number is known
}

// Answer is what came of a value: its first result if OK, an error, or neither if it had no result.
type Answer[T any] struct {
	Value T
	Err   error
	OK    bool
}

// NewCalls makes an empty set of calls.
func NewCalls[T any]() *Calls[T] {
	return &Calls[T]{pending: map[uint64]*Call[T]{}, ended: make(chan struct{})}
}

// Add adds a call.
func (c *Calls[T]) Add() *Call[T] {
	call := &Call[T]{Answer: make(chan Answer[T], 1), open: 1}
	c.mu.Lock()
	defer c.mu.Unlock()
	call.seq = c.next
	c.next++
	c.pending[call.seq] = call
	return call
}

// Tag returns the tag with which the value must enter.
func (c *Call[T]) Tag() Tag { return Tag{Seq: c.seq} }

// Leave ends a call whose caller no longer waits.
func (c *Calls[T]) Leave(call *Call[T]) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.pending, call.seq)
}

// Wanted reports whether a caller still waits for the result of the value of tag t.
func (c *Calls[T]) Wanted(t Tag) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.pending[t.Seq] != nil
}

// Fail answers the call with err, if it has no answer yet.
func (c *Calls[T]) Fail(t Tag, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answer(t, Answer[T]{Err: err})
}

// answer ends the call of the value of tag t with a, if it has not ended. The caller must hold
// c.mu.
func (c *Calls[T]) answer(t Tag, a Answer[T]) {
	if call := c.pending[t.Seq]; call != nil {
		delete(c.pending, t.Seq)
		call.Answer <- a
	}
}

// Put answers the call with a result, if it has no answer yet.
func (c *Calls[T]) Put(_ *Waiter, v T, t Tag) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answer(t, Answer[T]{Value: v, OK: true})
	return true
}

// Hole implements Tracker. It answers the call with an empty Answer if the value of tag t was the
// last that could have a result.
func (c *Calls[T]) Hole(t Tag) { c.changed(t, -1, func(call *Call[T]) { call.childEnded(t) }) }

// Children implements Tracker. It answers the call as Hole does if the n children have ended
// before.
func (c *Calls[T]) Children(t Tag, n int) { c.changed(t, n-1, func(call *Call[T]) { call.known(t) }) }

// changed adds by to the number of open descendants, records with note what has changed, and
// answers the call if none is open.
func (c *Calls[T]) changed(t Tag, by int, note func(*Call[T])) {
	c.mu.Lock()
	defer c.mu.Unlock()
	call := c.pending[t.Seq]
	if call == nil {
		return
	}
	call.open += by
	note(call)
	if call.open == 0 && call.parents == 0 {
		c.answer(t, Answer[T]{})
	}
}

// childEnded records that the value of tag t has ended, perhaps before it is known how many
// children those have that it comes of. The caller must hold the lock of the Calls.
func (c *Call[T]) childEnded(t Tag) {
	for t.child > 0 {
		t = t.parent()
		name := t.name()
		if _, counted := c.families[name]; counted {
			continue
		}
		if c.families == nil {
			c.families = map[string]bool{}
		}
		c.families[name] = false
		c.parents++
	}
}

// known records that the number of children of the value of tag t is known. The caller must hold
// the lock of the Calls.
func (c *Call[T]) known(t Tag) {
	name := t.name()
	if known, counted := c.families[name]; counted && !known {
		c.parents--
	}
	if c.families == nil {
		c.families = map[string]bool{}
	}
	c.families[name] = true
}

// Admit implements Tracker. It never waits.
func (c *Calls[T]) Admit(*Waiter) {}

// Limited implements Tracker.
func (c *Calls[T]) Limited() bool { return false }

// A Calls is also the queue behind the last stage: a value that is put there answers its call.

// Producer returns c.
func (c *Calls[T]) Producer() Sink[T] { return c }

// Consumer panics: no worker takes values from a Calls.
func (c *Calls[T]) Consumer(*Word) Inlet[T] { panic("queue: nothing takes values from Calls") }

// Len returns 0.
func (c *Calls[T]) Len() int { return 0 }

// Ended returns a channel that is closed when the last stage has ended, or the Calls is stopped.
func (c *Calls[T]) Ended() <-chan struct{} { return c.ended }

// AddStage adds the last stage.
func (c *Calls[T]) AddStage(onStop func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stages++
	c.onStop = append(c.onStop, onStop)
}

// StageEnded closes what Ended returns if it was the last stage.
func (c *Calls[T]) StageEnded() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stages--; c.stages == 0 && !c.stopped {
		close(c.ended)
	}
}

// Stop closes what Ended returns, and stops the last stage.
func (c *Calls[T]) Stop() {
	c.mu.Lock()
	first := !c.stopped
	if first && c.stages > 0 {
		close(c.ended)
	}
	c.stopped = true
	onStop := c.onStop
	c.mu.Unlock()
	if first {
		for _, f := range onStop {
			f()
		}
	}
}
