package queue

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

// FuzzQueue runs a script of puts, takes, windows, reservations, an end and a stop, by up to four
// producers and four consumers, each of which may be left waiting. After each step, when all have
// come to rest, the queue must be what the model says: see game.check.
func FuzzQueue(f *testing.F) {
	f.Add([]byte{0, 3, 3, 3, put, put + 8, put, take, take + 8, take, closing})
	f.Add([]byte{0, 5, 1, 3, put, put, put, put, put, size + 7<<3, take, take + 8, take + 16, put, put, take, stop})
	f.Add([]byte{1, 1, 1, 1, put, put, take, take, put, closing, take})
	f.Add([]byte{2, 5, 2, 2, reserve, put, put, reserve + 8, put + 8, take, unreserve, begin, put + 8, take + 8, begin + 8, stop})
	f.Add([]byte{3, 5, 1, 2, size + 7<<3, put, put, put, put, put, take, put, take + 8, take, put, take + 16, take, closing, stop})
	f.Add([]byte{0, 0, 1, 1, take, put, put, size + 4<<3, take, take, closing, take})
	f.Fuzz(func(t *testing.T, script []byte) {
		if len(script) < 4 || len(script) > 500 {
			return
		}
		synctest.Test(t, func(t *testing.T) {
			g := newGame(t, script[0], script[1], script[2], script[3])
			defer g.leave()
			for _, step := range script[4:] {
				g.step(step%8, int(step/8))
				g.check()
			}
			g.end()
		})
	})
}

// The steps of a script are these, plus eight times an argument.
const (
	put = iota
	take
	size // of the windows that a consumer fetches
	reserve
	unreserve
	begin
	closing
	stop
)

// game is a queue, its ends, and what is known of them.
type game struct {
	t         *testing.T
	q         Queue[int]
	bound     int
	driven    bool
	producers []*producer
	consumers []*consumer
	closed    bool
	stopped   bool
	next      int // value

	puts, takes int   // that have succeeded; a driven worker takes a value when it begins it
	taken       []int // values in the order in which they were taken
}

// actor is a goroutine that does one thing at a time, and may be kept waiting for it.
type actor struct {
	waiter *Waiter
	do     chan func()
	busy   atomic.Bool
}

func newActor() actor { return actor{waiter: me(), do: make(chan func())} }

func (a *actor) run() {
	for f := range a.do {
		f()
		a.busy.Store(false)
	}
}

func (a *actor) start(f func()) {
	a.busy.Store(true)
	a.do <- f
}

type producer struct {
	actor
	out      Sink[int]
	reserved int
	ok       bool
}

type consumer struct {
	actor
	in   Inlet[int]
	got  []int // by the call under way or the last
	held int   // values that have been pulled and not begun
	ok   bool
}

func newGame(t *testing.T, kind, bound, producers, consumers byte) *game {
	g := &game{t: t, bound: int(bound % 70)}
	switch kind % 4 {
	case 1:
		g.bound = max(1, g.bound)
		g.q = NewChannel[int](g.bound, func(f func()) { go f() })
	case 3:
		g.q = NewFIFO[int](g.bound)
	default:
		g.q, g.driven = NewWindowed[int](g.bound, false), kind%4 == 2
	}
	g.q.AddStage(func() {})
	for range 1 + producers%4 {
		p := &producer{actor: newActor(), out: g.q.Producer()}
		if g.driven {
			p.out.(*Out[int]).Drive()
		}
		g.producers = append(g.producers, p)
		go p.run()
	}
	for range 1 + consumers%4 {
		c := &consumer{actor: newActor(), in: g.q.Consumer(nil)}
		g.consumers = append(g.consumers, c)
		go c.run()
	}
	return g
}

// step makes one step, if its actor is free, and waits until all have come to rest.
func (g *game) step(what byte, arg int) {
	p := g.producers[arg%len(g.producers)]
	c := g.consumers[arg%len(g.consumers)]
	switch what {
	case put:
		if !p.busy.Load() && !g.closed {
			g.put(p)
		}
	case take:
		if !c.busy.Load() {
			g.take(c, 1+arg/4)
		}
	case size:
		if !c.busy.Load() {
			setWindow(c.in, 1+arg)
		}
	case reserve:
		if !p.busy.Load() && g.driven && !g.stopped {
			g.reserve(p, 1+arg/4)
		}
	case unreserve:
		if !p.busy.Load() && g.driven {
			n := min(p.reserved, arg)
			p.out.(*Out[int]).Unreserve(n)
			p.reserved -= n
		}
	case begin:
		if !c.busy.Load() && c.held > 0 {
			n := 1 + arg%c.held
			c.in.(*In[int]).Begin(n)
			c.held -= n
			g.takes += n
		}
	case closing:
		if !g.closed && !slices.ContainsFunc(g.producers, func(p *producer) bool { return p.busy.Load() }) {
			g.q.StageEnded()
			g.closed = true
		}
	case stop:
		g.q.Stop()
		g.stopped = true
	}
	synctest.Wait()
	g.collect()
}

// setWindow makes the next windows of in have n values.
func setWindow(in Inlet[int], n int) {
	switch in := in.(type) {
	case *In[int]:
		in.pace.size, in.pace.timed = n, 0
	case *lanesInlet[int, struct{}]:
		in.pace.size, in.pace.timed = n, 0
	case *lanesInlet[int, int]:
		in.pace.size, in.pace.timed = n, 0
	}
}

func (g *game) put(p *producer) {
	v := g.next
	g.next++
	p.ok = false
	p.start(func() { p.ok = p.out.Put(p.waiter, v, Tag{}) })
}

func (g *game) take(c *consumer, n int) {
	c.start(func() {
		if !g.driven {
			v, _, ok := c.in.Take(c.waiter)
			if c.ok = ok; ok {
				c.got = append(c.got, v)
			}
			return
		}
		_, c.ok = c.in.(*In[int]).Pull(context.Background(), c.waiter, n, func(_ int, _ int64, values []int, _ []Tag, _ *Hold) {
			c.got = append(c.got, values...)
		})
	})
}

// reserve gets all the room there is, unless a producer waits for it.
func (g *game) reserve(p *producer, n int) {
	got := p.out.(*Out[int]).Reserve(n)
	want := n
	if g.bound > 0 {
		want = min(n, g.bound-g.queued()-g.reserved())
		for _, other := range g.producers {
			if other.busy.Load() {
				want = 0
			}
		}
	}
	require.Equal(g.t, want, got, "reserved")
	if g.bound > 0 {
		p.reserved += got
	}
}

// collect takes in what the calls that have returned have come to.
func (g *game) collect() {
	for _, p := range g.producers {
		if p.ok && !p.busy.Load() {
			p.ok = false
			p.reserved = max(0, p.reserved-1)
			g.puts++
		}
	}
	for _, c := range g.consumers {
		if c.busy.Load() {
			continue
		}
		if g.driven {
			c.held += len(c.got)
		} else {
			g.takes += len(c.got)
		}
		g.taken = append(g.taken, c.got...)
		c.got = nil
	}
}

func (g *game) queued() int { return g.puts - g.takes }

func (g *game) reserved() (n int) {
	for _, p := range g.producers {
		n += p.reserved
	}
	return n
}

func (g *game) held() (n int) {
	for _, c := range g.consumers {
		n += c.held
	}
	return n
}

// check is the model. When all have come to rest:
//   - nothing is held beyond the bound, values that were pulled and not begun and reserved room
//     included;
//   - a producer waits only while all of the bound is used;
//   - a consumer waits only while there is no value that it could have, in any window or at any
//     producer;
//   - after the end, or a stop, none waits;
//   - every value was taken once, and one producer's values by one consumer in their order.
func (g *game) check() {
	full := g.queued() + g.reserved()
	if g.bound > 0 {
		require.LessOrEqual(g.t, full, g.bound)
	}
	for i, p := range g.producers {
		if p.busy.Load() {
			require.False(g.t, g.stopped, "producer %d waits at a queue that was stopped", i)
			require.Zero(g.t, p.reserved, "producer %d waits, and has room of its own", i)
			require.Equal(g.t, g.bound, full, "producer %d waits, and there is room", i)
		}
	}
	for i, c := range g.consumers {
		if c.busy.Load() {
			_, untilClosed := g.q.(*Channel[int])
			require.False(g.t, g.closed || g.stopped && !untilClosed, "consumer %d waits after the end", i)
			require.True(g.t, g.stopped || g.held() == g.queued(), "consumer %d waits, and there is a value", i)
		}
	}
	if !g.stopped {
		require.Equal(g.t, g.queued(), g.q.Len())
		g.checkCounts()
	}
	sorted := slices.Sorted(slices.Values(g.taken))
	require.Len(g.t, slices.Compact(sorted), len(g.taken), "a value was taken twice")
	if len(g.producers) == 1 && len(g.consumers) == 1 {
		require.True(g.t, slices.IsSorted(g.taken), "values out of order")
	}
}

// checkCounts compares what the two ends of the queue say of themselves.
func (g *game) checkCounts() {
	q, ok := g.q.(*Windowed[int])
	if !ok {
		return
	}
	require.EqualValues(g.t, g.takes, q.Taken())
	given := uint64(0)
	for _, p := range g.producers {
		given += p.out.(*Out[int]).Given()
	}
	require.EqualValues(g.t, g.puts, given)
}

// end takes what is left, and stops the queue.
func (g *game) end() {
	if !g.stopped {
		for g.queued() > g.held() {
			before := len(g.taken)
			for i, c := range g.consumers {
				if !c.busy.Load() {
					g.step(take, i)
					g.check()
				}
			}
			require.Greater(g.t, len(g.taken), before, "values cannot be taken")
		}
		require.Len(g.t, g.taken, g.puts, "every value is taken once")
	}
	g.step(stop, 0)
	g.check()
}

// leave lets all actors go, whatever has happened.
func (g *game) leave() {
	g.q.Stop()
	synctest.Wait()
	if !g.closed {
		g.q.StageEnded()
	}
	for _, p := range g.producers {
		close(p.do)
	}
	for _, c := range g.consumers {
		close(c.do)
	}
}
