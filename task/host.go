package task

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/internal/loop"
)

// backend puts stages on the run's event loops.
type backend struct{}

func (backend) Name() string { return "task" }

func (backend) Knows(key any) bool {
	_, ok := key.(setting)
	return ok
}

// Start brings up a host for the stage on each of its loops.
func (backend) Start(s *pl.Site) {
	c, err := configOf(s)
	if err != nil {
		s.Fail(&pl.StageError{Stage: s.Name(), Worker: -1, Err: err})
		return
	}
	hosts := make([]*host, c.loops)
	for i := range hosts {
		hosts[i] = newHost(s, i, c)
	}
	all := s.Shared(peersKey{}, func() any { return new(peers) }).(*peers)
	all.add(hosts)
	for _, h := range hosts {
		h.attach()
	}
}

// loopKey names one of a run's loops.
type loopKey int

// host is one stage on one loop. It runs the stage's tasks: as many seats as the stage has workers, all of them at one
// pl.Worker, each on a coroutine while it has something to do.
//
// One seat at a time has the lead: it sees to the input, by waiting for it or by handling values one after the other.
// When its function awaits, another seat gets the lead. So a function that never awaits runs on one coroutine without
// a switch, whatever Workers is, and seats are made only as values are under way.
//
// Except where a method says otherwise, everything happens on the loop.
type host struct {
	site   *pl.Site
	worker pl.Worker
	loop   *loop.Loop
	owner  *loop.Owner
	crew   *crew
	config config
	scope  scope // of the values' contexts
	fresh  *slab
	unhook func() bool

	seats []*seat
	idle  []*seat
	lead  *loop.Task // of the seat with the lead; nil while all seats await
	stuck bool       // the lead waits for room downstream
	// waiting is the lead while it waits for input; putting counts the seats that wait for room downstream.
	waiting *seat
	putting int

	serving int
	calls   int  // under way off the loop
	ended   bool // the input has, or the stage stops
	closing bool

	begin, cancel, pass loop.Message
	passing             bool // pass is in the inbox
	asked               bool // to be called when the loop is idle

	peers  *peers
	nudge  loop.Message
	nudged atomic.Bool // nudge is in the inbox
}

func newHost(s *pl.Site, i int, c config) *host {
	h := &host{site: s, worker: s.Worker(i), config: c}
	h.config.seats = c.seats / c.loops
	if i < c.seats%c.loops {
		h.config.seats++
	}
	h.loop = s.Shared(loopKey(i), func() any { return loop.New() }).(*loop.Loop)
	owner, ctx := h.loop.NewOwner(h.worker.Context(), h.warn)
	h.owner, h.crew = owner, newCrew(owner)
	h.scope = scope{host: h, ctx: ctx, life: s.Context()}
	h.begin.To, h.cancel.To, h.pass.To, h.nudge.To = (*beginning)(h), (*cancellation)(h), (*passing)(h), (*nudging)(h)
	return h
}

// attach starts the host. Any goroutine may call it.
func (h *host) attach() {
	h.site.Hold()
	if wait := h.loop.Acquire(); wait != nil {
		h.site.Background(wait)
	}
	h.loop.Post(&h.begin)
}

type beginning host

func (b *beginning) Receive() {
	h := (*host)(b)
	h.unhook = afterFunc(h.scope.life, h.loop, &h.cancel)
	h.loop.Go(h.owner, loop.Func(h.open))
}

// cancellation is the end of the stage's context: whoever is parked shall look.
type cancellation host

func (c *cancellation) Receive() {
	for _, s := range c.seats {
		s.task.Wake()
	}
}

// open runs OnStart, as a task like the others.
func (h *host) open() {
	opened, returned := false, false
	defer func() {
		if !returned {
			h.broke(recover())
		}
		h.ended = !opened
		h.promote()
		h.settle()
	}()
	opened = h.worker.Open()
	returned = true
}

// promote gives the lead to a seat that has nothing to do, unless somebody has it or there is none.
func (h *host) promote() {
	if h.lead != nil || !h.vacant() {
		return
	}
	var s *seat
	if n := len(h.idle); n > 0 {
		s, h.idle = h.idle[n-1], h.idle[:n-1]
	} else {
		s = newSeat(h)
		h.seats = append(h.seats, s)
	}
	h.serve(s)
	h.lead = s.task
}

// serve puts s on a coroutine.
func (h *host) serve(s *seat) {
	h.serving++
	s.task = h.loop.Begin(h.owner, s)
}

// left is called when s has finished, by its coroutine.
func (h *host) left(s *seat) {
	h.serving--
	if h.lead == s.task {
		h.lead, h.stuck = nil, false
	}
	switch s.departure {
	case dismissed:
		h.idle = append(h.idle, s)
	case exited: // its value needs somebody who sees it through
		h.serve(s)
	case over:
		h.ended = true
	}
	h.promote()
	h.settle()
}

// passLead is called before a task parks: it must not keep the lead. The loop makes the next lead, since that takes
// more stack than a parked task should have.
func (h *host) passLead(t *loop.Task) {
	if h.lead != t {
		return
	}
	h.lead = nil
	if !h.passing && h.vacant() {
		h.passing = true
		h.loop.Post(&h.pass)
	}
}

// vacant tells whether there is a seat for one more value, if there is to be one.
func (h *host) vacant() bool {
	return !h.ended && (len(h.idle) > 0 || len(h.seats) < h.config.seats)
}

type passing host

func (p *passing) Receive() {
	h := (*host)(p)
	h.passing = false
	h.promote()
}

// takeLead is called after a seat's task was parked: somebody ought to have the lead.
func (h *host) takeLead(t *loop.Task) {
	switch h.lead {
	case nil:
		h.lead = t
	case t:
		h.stuck = false
	}
}

// lend is called before the lead waits for room downstream. A consumer on the loop, or one that is awake, will make room
// soon, and then another coroutine would have been made for nothing; so the lead is passed on once the loop is idle.
func (h *host) lend(t *loop.Task) {
	if h.lead != t {
		return
	}
	h.stuck = true
	if !h.asked {
		h.asked = true
		h.loop.WhenIdle((*idleness)(h))
	}
}

type idleness host

func (i *idleness) Receive() {
	h := (*host)(i)
	h.asked = false
	if h.stuck {
		h.lead, h.stuck = nil, false
		h.promote()
	}
}

// peers are all hosts of a run.
type peers struct {
	mu   sync.Mutex
	list atomic.Pointer[[]*host] // replaced, never changed
}

type peersKey struct{}

func (p *peers) add(hosts []*host) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []*host
	if before := p.list.Load(); before != nil {
		all = *before
	}
	all = slices.Concat(all, hosts)
	p.list.Store(&all)
	for _, h := range hosts {
		h.peers = p
	}
}

// wakePeers is called when a seat is woken, by any goroutine, because there is input or room. The loop may be held by a
// function that does not await, and then another loop has to make use of it: for this stage, or for another that meets it
// at the same queue. So the hosts on all of them are told.
func (h *host) wakePeers() {
	for _, other := range *h.peers.list.Load() {
		if other.loop != h.loop && other.nudged.CompareAndSwap(false, true) {
			other.loop.Post(&other.nudge)
		}
	}
}

type nudging host

func (n *nudging) Receive() {
	h := (*host)(n)
	h.nudged.Store(false)
	if h.waiting != nil {
		h.waiting.look()
	}
	if h.putting > 0 {
		for _, s := range h.seats { // each may wait at another queue
			if s.putting {
				s.look()
			}
		}
	}
}

// settle closes the host once nothing is under way.
func (h *host) settle() {
	if h.ended && h.serving == 0 && h.calls == 0 && !h.closing {
		h.closing = true
		h.loop.Go(h.owner, loop.Func(h.close))
	}
}

// close runs OnEnd, as a task, and then, however that ends, lets the stage end.
func (h *host) close() {
	defer func() {
		h.unhook()
		h.crew.dismiss()
		h.site.Background(h.crew.wait)
		h.site.Release()
		h.loop.Release()
	}()
	h.worker.Close()
}

// broke takes in the end of a coroutine by OnStart with Goexit, or by a panic of the engine itself: those of the user's
// functions do not come this far.
func (h *host) broke(value any) {
	h.site.Fail(&pl.StageError{Stage: h.site.Name(), Worker: -1, Err: fault(value)})
}
