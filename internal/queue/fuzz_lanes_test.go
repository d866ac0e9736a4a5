package queue

import (
	"slices"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

// FuzzLanes runs a script of puts, exchanges, releases, windows, an end and a stop, by up to four
// producers and four consumers, on values that have one of a few keys, and may have weights. After
// each step, when all have come to rest, the queue must be what the model says: see lanesGame.check.
func FuzzLanes(f *testing.F) {
	f.Add([]byte{5, 0, 0, 1, put, put, put + 8, put + 8<<1, put, take, take + 8, take, take, closing})
	f.Add([]byte{0, 0, 1, 2, size + 7<<3, put, put + 8, put + 16, put, put + 8, take, take + 8, take, take + 16, take + 8, release, take, stop})
	f.Add([]byte{3, 0, 0, 1, size + 7<<3, put, put + 8, put + 16, take, put, put + 8, take, release, take + 8, share, take, finish, take + 8})
	f.Add([]byte{9, 5, 1, 1, size + 7<<3, size + 6<<3, put, put + 8, put + 16, take, put + 24, put + 8, put, take, take + 8, release, take, closing, take})
	f.Add([]byte("200190(0090"))                                                   // a thief's first value made room
	f.Add([]byte{0, 0, 0, 1, size + 6<<3, put, put + 8, take, take, stop + 16<<3}) // before the worker comes back
	f.Fuzz(func(t *testing.T, script []byte) {
		if len(script) < 4 || len(script) > 400 {
			return
		}
		synctest.Test(t, func(t *testing.T) {
			g := newLanesGame(t, script[0], script[1], script[2], script[3])
			defer g.leave()
			for _, step := range script[4:] {
				g.step(step%8, int(step/8))
				g.check()
				if step >= 128 { // seldom, since a look at them settles the windows
					g.figures()
				}
			}
			g.end()
		})
	})
}

// Some steps are others than those of a game: a consumer gives back what its value holds, or shares
// that, as with a function that was abandoned, which lets go of it when it finishes.
const (
	release = reserve
	share   = unreserve
	finish  = begin
)

// lanesGame is a queue with keys, its ends, and what is known of them.
type lanesGame struct {
	t         *testing.T
	q         *Lanes[int, int]
	limit     int
	most      int64
	producers []*lanesProducer
	consumers []*lanesConsumer
	closed    bool
	stopped   bool

	values  []modelValue // all that were ever put; a value is its place here
	shared  []Hold       // of functions that were abandoned
	sharing []int        // their values
}

// modelValue is what is known of a value.
type modelValue struct {
	key              int
	weight           int64
	entered, started bool
	holders          int // shares of what it keeps
}

type lanesProducer struct {
	actor
	out Sink[int]
	v   int
	ok  bool
}

type lanesConsumer struct {
	actor
	in    HoldingInlet[int]
	hold  Hold
	v     int // the value that hold is of; -1: none
	got   int
	ok    bool
	asked bool
}

const fuzzKeys = 4

func newLanesGame(t *testing.T, limit, most, producers, consumers byte) *lanesGame {
	g := &lanesGame{t: t, limit: int(limit % 12), most: int64(most % 8)}
	g.q = NewLanes(g.limit, g.most, true, func() Ask[int, int] {
		return func(_ *Waiter, v int, _ Tag) (int, int64, bool) { return g.values[v].key, g.values[v].weight, true }
	})
	g.q.AddStage(func() {})
	for range 1 + producers%4 {
		p := &lanesProducer{actor: newActor(), out: g.q.Producer()}
		g.producers = append(g.producers, p)
		go p.run()
	}
	for range 1 + consumers%4 {
		c := &lanesConsumer{actor: newActor(), in: g.q.Consumer(nil).(HoldingInlet[int]), v: -1}
		g.consumers = append(g.consumers, c)
		go c.run()
	}
	return g
}

// step makes one step, if its actor is free, and waits until all have come to rest.
func (g *lanesGame) step(what byte, arg int) {
	p := g.producers[arg/fuzzKeys%len(g.producers)]
	c := g.consumers[arg%len(g.consumers)]
	switch what {
	case put:
		if !p.busy.Load() && !g.closed {
			g.put(p, arg%fuzzKeys)
		}
	case take:
		if !c.busy.Load() {
			g.take(c)
		}
	case size:
		if !c.busy.Load() {
			setWindow(c.in, 1+arg)
		}
	case release:
		if !c.busy.Load() {
			g.letGo(c)
			c.hold.Release()
		}
	case share:
		if !c.busy.Load() && c.v >= 0 {
			g.values[c.v].holders++
			g.shared, g.sharing = append(g.shared, c.hold.Share()), append(g.sharing, c.v)
		}
	case finish:
		if len(g.shared) > 0 {
			g.values[g.sharing[0]].holders--
			g.shared[0].Release()
			g.shared, g.sharing = g.shared[1:], g.sharing[1:]
		}
	case closing:
		if !g.closed && !slices.ContainsFunc(g.producers, func(p *lanesProducer) bool { return p.busy.Load() }) {
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

func (g *lanesGame) put(p *lanesProducer, key int) {
	p.v, p.ok = len(g.values), false
	v := modelValue{key: key}
	if g.most > 0 {
		v.weight = int64(len(g.values) % 4)
	}
	g.values = append(g.values, v)
	p.start(func() { p.ok = p.out.Put(p.waiter, p.v, Tag{}) })
}

func (g *lanesGame) take(c *lanesConsumer) {
	g.letGo(c)
	c.asked = true
	c.start(func() { c.got, _, c.ok = c.in.Exchange(c.waiter, &c.hold) })
}

// letGo records that the value of c has ended.
func (g *lanesGame) letGo(c *lanesConsumer) {
	if c.v >= 0 {
		g.values[c.v].holders--
		c.v = -1
	}
}

// collect takes in what the calls that have returned have come to.
func (g *lanesGame) collect() {
	for _, p := range g.producers {
		if p.ok && !p.busy.Load() {
			p.ok = false
			g.values[p.v].entered = true
		}
	}
	var started []int
	for _, c := range g.consumers {
		if c.busy.Load() || !c.asked {
			continue
		}
		if c.asked = false; c.ok {
			started = append(started, c.got)
			c.v = c.got
		}
	}
	slices.Sort(started)
	for _, v := range started {
		g.start(v)
	}
}

// start checks that v may start now: no other value of its key has started and not ended, and none
// that came before it is left. With one producer, values come in their order.
func (g *lanesGame) start(v int) {
	require.False(g.t, g.values[v].started, "value %d is taken twice", v)
	for i, other := range g.values {
		if other.key != g.values[v].key || i == v {
			continue
		}
		require.Zero(g.t, other.holders, "value %d is taken while %d of the same key is under way", v, i)
		if len(g.producers) == 1 && i < v {
			require.True(g.t, other.started, "value %d is taken before %d", v, i)
		}
	}
	if len(g.producers) == 1 && len(g.consumers) == 1 && len(g.shared) == 0 {
		for i := range v {
			held := slices.ContainsFunc(g.values, func(o modelValue) bool { return o.key == g.values[i].key && o.holders > 0 })
			require.True(g.t, g.values[i].started || held, "the only consumer gets %d before %d", v, i)
		}
	}
	g.values[v].started, g.values[v].holders = true, 1
}

func (g *lanesGame) count(is func(modelValue) bool) (n int) {
	for _, v := range g.values {
		if is(v) {
			n++
		}
	}
	return n
}

// queued is how many values are in the queue.
func (g *lanesGame) queued() int {
	return g.count(func(v modelValue) bool { return v.entered && !v.started })
}

// weight is that of the values in the queue and with consumers.
func (g *lanesGame) weight() (w int64) {
	for _, v := range g.values {
		if v.entered && !v.started || v.holders > 0 {
			w += v.weight
		}
	}
	return w
}

// check is the model. When all have come to rest:
//   - no more is held than the bounds allow;
//   - a producer waits only while its value does not fit, or that of one before it;
//   - a consumer waits only while each value in the queue has a key of which one is under way;
//   - after the end, or a stop, none waits.
func (g *lanesGame) check() {
	if g.stopped {
		for i, a := range g.actors() {
			require.False(g.t, a.busy.Load(), "actor %d waits at a queue that was stopped", i)
		}
		return
	}
	queued, weight := g.queued(), g.weight()
	if g.limit > 0 {
		require.LessOrEqual(g.t, queued, g.limit)
	}
	if g.most > 0 {
		require.LessOrEqual(g.t, weight, max(g.most, 3))
	}
	waiting, fits := 0, 0
	for _, p := range g.producers {
		if p.busy.Load() {
			waiting++
			w := g.values[p.v].weight
			if (g.limit == 0 || queued < g.limit) && (g.most == 0 || weight == 0 || weight+w <= g.most) {
				fits++
			}
		}
	}
	require.True(g.t, waiting == 0 || fits < waiting, "%d producers wait, and the values of all fit", waiting)
	for i, c := range g.consumers {
		if !c.busy.Load() {
			continue
		}
		require.False(g.t, g.closed && queued == 0, "consumer %d waits after the end", i)
		for n, v := range g.values {
			if v.entered && !v.started {
				held := slices.ContainsFunc(g.values, func(o modelValue) bool { return o.key == v.key && o.holders > 0 })
				require.True(g.t, held, "consumer %d waits, and could have value %d", i, n)
			}
		}
	}
}

// figures checks what the queue says of itself. What was taken is counted also after a stop.
func (g *lanesGame) figures() {
	if !g.stopped {
		require.Equal(g.t, g.queued(), g.q.Len())
	}
	require.EqualValues(g.t, g.count(func(v modelValue) bool { return v.started }), g.q.Taken())
}

func (g *lanesGame) actors() (all []*actor) {
	for _, p := range g.producers {
		all = append(all, &p.actor)
	}
	for _, c := range g.consumers {
		all = append(all, &c.actor)
	}
	return all
}

// end takes what is left, and stops the queue.
func (g *lanesGame) end() {
	for len(g.shared) > 0 {
		g.step(finish, 0)
		g.check()
	}
	for range len(g.values) + 1 { // each round of them all gets one at least
		for i := range g.consumers {
			g.step(take, i)
			g.check()
		}
	}
	if !g.stopped {
		require.Zero(g.t, g.queued(), "values cannot be taken")
	}
	g.figures()
	g.step(stop, 0)
	g.check()
	g.figures()
}

// leave lets all actors go, whatever has happened.
func (g *lanesGame) leave() {
	g.q.Stop()
	synctest.Wait()
	for _, a := range g.actors() {
		close(a.do)
	}
}
