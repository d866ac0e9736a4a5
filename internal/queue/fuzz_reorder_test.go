package queue

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

// FuzzReorder runs a script of admissions, arrivals in whatever order, and takes, and compares the
// queue with a model after each step, when all have come to rest.
func FuzzReorder(f *testing.F) {
	f.Add([]byte{0, 0, 8, 16, 2, 10, 2, 3, 3, 3, 3})
	f.Add([]byte{2, 0, 0, 0, 0, 3, 10, 2, 3, 3, 11, 4})
	f.Add([]byte{1, 0, 3, 1, 3, 0, 9, 9, 17, 3, 3, 3, 4, 3})
	f.Add([]byte{3, 0, 0, 0, 5, 13, 21, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 7})
	f.Fuzz(func(t *testing.T, script []byte) {
		if len(script) == 0 || len(script) > 500 {
			return
		}
		synctest.Test(t, func(t *testing.T) {
			g := newOrderGame(t, int(script[0]%8))
			defer g.leave()
			for _, step := range script[1:] {
				g.step(step%8, int(step/8))
				g.check()
			}
			g.end()
		})
	})
}

// orderGame is a Reorder, the source and the consumer, and a model of what the consumer must get.
type orderGame struct {
	t      *testing.T
	q      *Reorder[int]
	limit  int
	source actor
	taker  actor
	putter *Waiter
	out    Sink[int]
	in     Inlet[int]

	admitting bool
	ended     bool
	stopped   bool

	trees   []*tree   // by number
	pending []pending // values that can arrive, or become something else
	next    int       // value
	put     int
	taken   []int
	inHand  int // the number whose value the consumer has in hand; -1: none
	ok      bool
	got     []int
}

// tree is what is known of a value, as [slot] and [place] know it.
type tree struct {
	state    slotKind
	v        int
	children []*tree
	total    int // unknownTotal: more may come
	out      bool
}

type pending struct {
	tag Tag
	at  *tree
}

func newOrderGame(t *testing.T, limit int) *orderGame {
	g := &orderGame{t: t, q: NewReorder[int](limit), limit: limit, source: newActor(), taker: newActor(), putter: me(), inHand: -1}
	g.q.AddStage(func() {})
	g.out, g.in = g.q.Producer(), g.q.Consumer(nil)
	go g.source.run()
	go g.taker.run()
	return g
}

func (g *orderGame) step(what byte, arg int) {
	switch what {
	case 0: // the source makes a value
		if !g.source.busy.Load() && !g.ended {
			g.admitting = true
			g.source.start(func() { g.q.Admit(g.source.waiter) })
		}
	case 1, 2, 5, 6:
		if len(g.pending) > 0 && !g.stopped {
			g.arrive(what, arg)
		}
	case 3:
		if !g.taker.busy.Load() {
			g.inHand = -1
			g.taker.start(func() {
				v, _, ok := g.in.Take(g.taker.waiter)
				if g.ok = ok; ok {
					g.got = append(g.got, v)
				}
			})
		}
	case 4:
		if !g.ended && !g.source.busy.Load() && arg%4 == 0 {
			g.pending = nil // cut off
			g.q.StageEnded()
			g.ended = true
		}
	case 7:
		if arg == 31 {
			g.q.Stop()
			g.stopped = true
		}
	}
	synctest.Wait()
	g.collect()
}

// arrive lets one of the pending values arrive, be dropped, or become values itself, the last of
// which ends it.
func (g *orderGame) arrive(what byte, arg int) {
	i := arg % len(g.pending)
	p := g.pending[i]
	remove := func() { g.pending = append(g.pending[:i], g.pending[i+1:]...) }
	switch {
	case len(p.at.children) > 0 && what != 5: // its last child has been yielded
		remove()
		p.at.total = len(p.at.children)
		g.q.Children(p.tag, p.at.total)
	case what == 1:
		remove()
		p.at.state = slotHole
		g.q.Hole(p.tag)
	case what == 5 || what == 6: // it yields a child
		p.at.state = slotParent
		child := &tree{total: unknownTotal}
		p.at.children = append(p.at.children, child)
		g.pending = append(g.pending, pending{p.tag.Child(len(p.at.children) - 1), child})
	default:
		remove()
		p.at.state, p.at.v = slotValue, g.next
		g.next++
		g.put++
		require.True(g.t, g.out.Put(g.putter, p.at.v, p.tag))
	}
}

// collect takes in what the calls that have returned have come to.
func (g *orderGame) collect() {
	if g.admitting && !g.source.busy.Load() {
		g.admitting = false
		n := &tree{total: unknownTotal}
		g.trees = append(g.trees, n)
		if !g.ended {
			g.pending = append(g.pending, pending{Tag{Seq: uint64(len(g.trees) - 1)}, n})
		}
	}
	if g.taker.busy.Load() || len(g.got) == 0 {
		return
	}
	for seq, n := range g.trees {
		if v, ok := n.first(g.ended); ok {
			require.Equal(g.t, v.v, g.got[0], "the next value")
			v.out, g.inHand = true, seq
			break
		}
		require.True(g.t, n.over(g.ended), "a value is out before one of number %d", seq)
	}
	g.taken = append(g.taken, g.got...)
	g.got = nil
}

// first finds the first value in the tree that is not out. It finds none past a value that is
// missing, unless cut says that this one was cut off.
func (n *tree) first(cut bool) (_ *tree, ok bool) {
	if n.state == slotValue && !n.out {
		return n, true
	}
	for _, c := range n.children {
		if v, ok := c.first(cut); ok {
			return v, true
		}
		if !c.over(cut) {
			return nil, false
		}
	}
	return nil, false
}

// over reports whether no value is left to come out of the tree.
func (n *tree) over(cut bool) bool {
	switch {
	case n.state == slotHole:
		return true
	case n.state == slotValue:
		return n.out
	case n.state == slotMissing || n.total == unknownTotal && !cut:
		return cut && n.state == slotMissing
	}
	for _, c := range n.children {
		if !c.over(cut) {
			return false
		}
	}
	return true
}

// head is the first number that is not over, and whether a value of it can be taken.
func (g *orderGame) head() (seq int, value bool) {
	for seq, n := range g.trees {
		if _, value = n.first(g.ended); value || !n.over(g.ended) {
			return seq, value
		}
	}
	return len(g.trees), false
}

// check is the model. When all have come to rest:
//   - the consumer waits only while the next value is missing, and nobody waits after a stop, nor
//     the consumer after the end;
//   - the source waits only while limit source values are under way: from the one that the consumer
//     has in hand on, or that it waits for.
//
// That values come in order is checked when they come.
func (g *orderGame) check() {
	seq, value := g.head()
	if g.taker.busy.Load() {
		require.False(g.t, g.stopped || g.ended || value, "the consumer waits")
		if g.source.busy.Load() {
			require.GreaterOrEqual(g.t, len(g.trees)-seq, g.limit, "the source waits")
		}
	}
	if g.limit > 0 && !g.stopped {
		require.LessOrEqual(g.t, len(g.trees)-g.underWayFrom(seq), g.limit, "under way")
	}
	require.False(g.t, g.source.busy.Load() && (g.limit == 0 || g.stopped), "the source waits")
}

// underWayFrom is the first number that is under way, if seq is the first that is not over.
func (g *orderGame) underWayFrom(seq int) int {
	if g.inHand >= 0 {
		return min(seq, g.inHand)
	}
	return seq
}

// end lets all that is pending arrive, and takes it.
func (g *orderGame) end() {
	if g.stopped {
		return
	}
	for len(g.pending) > 0 {
		g.step(2, len(g.pending)-1)
		g.check()
	}
	for len(g.taken) < g.put {
		before := len(g.taken)
		g.step(3, 0)
		require.Greater(g.t, len(g.taken), before, "a value is left, and cannot be taken")
		g.check()
	}
	require.Equal(g.t, 0, g.q.Len())
}

func (g *orderGame) leave() {
	g.q.Stop()
	synctest.Wait()
	close(g.source.do)
	close(g.taker.do)
}
