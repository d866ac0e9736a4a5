package task

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/gopeln/pl"
)

// backend runs stages on the event loops of their run.
type backend struct{}

func (backend) Name() string { return "task" }

func (backend) Knows(key any) bool {
	_, ok := key.(setting)
	return ok
}

// Start brings up an executor for the stage on each of its loops.
func (backend) Start(s *pl.Site) {
	c, err := configOf(s)
	if err != nil {
		s.Fail(&pl.StageError{Stage: s.Name(), Worker: -1, Err: err})
		return
	}
	executors := make([]*executor, c.loops)
	for i := range executors {
		executors[i] = newExecutor(s, i, c)
	}
	all := s.Shared(peersKey{}, func() any { return new(peers) }).(*peers)
	all.add(executors)
	for _, e := range executors {
		e.attach()
	}
}

// loopKey is the key in Site.Shared of one of a run's loops.
type loopKey int

// peers are all executors of a run.
type peers struct {
	mu   sync.Mutex                  // held to replace list
	list atomic.Pointer[[]*executor] // a slice is never changed, but replaced; any goroutine reads it
}

// peersKey is their key in Site.Shared.
type peersKey struct{}

// add adds executors, before any of them is attached.
func (p *peers) add(executors []*executor) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []*executor
	if before := p.list.Load(); before != nil {
		all = *before
	}
	all = slices.Concat(all, executors)
	p.list.Store(&all)
	for _, e := range executors {
		e.peers = p
	}
}

// wakePeers tells the executors on other loops that there is input, or room. Any goroutine that
// wakes a seat calls it. A function that does not await may hold the seat's own loop; then an
// executor on another loop, of this stage or of another one at the same queue, must use the input
// or the room.
func (e *executor) wakePeers() {
	for _, other := range *e.peers.list.Load() {
		if other.loop != e.loop && other.nudged.CompareAndSwap(false, true) {
			other.loop.Post(&other.nudge)
		}
	}
}

// nudging receives the message of wakePeers.
type nudging executor

// Receive wakes the seats that wait for input or room.
func (n *nudging) Receive() {
	e := (*executor)(n)
	e.nudged.Store(false)
	if e.waiting != nil {
		e.waiting.look()
	}
	if e.putting > 0 {
		for _, s := range e.seats { // each may wait at another queue
			if s.putting {
				s.look()
			}
		}
	}
}
