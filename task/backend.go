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
	mu   sync.Mutex
	list atomic.Pointer[[]*executor] // replaced under mu, never changed
}

// peersKey is their key in Site.Shared.
type peersKey struct{}

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

// wakePeers tells the executors on other loops that there is input, or room. It is called by any
// goroutine, when a seat is woken. The seat's own loop may be held by a function that does not
// await; then another loop must make use of it, for this stage or for another one at the same
// queue.
func (e *executor) wakePeers() {
	for _, other := range *e.peers.list.Load() {
		if other.loop != e.loop && other.nudged.CompareAndSwap(false, true) {
			other.loop.Post(&other.nudge)
		}
	}
}

// nudging receives the message of wakePeers.
type nudging executor

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
