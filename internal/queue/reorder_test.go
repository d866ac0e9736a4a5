package queue

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// fate is what becomes of a value on its way to an Ordered.
type fate struct {
	hole     bool
	children []fate // it becomes these; nil: it stays itself
}

func randomFate(r *rand.Rand, depth int) (f fate) {
	switch r.IntN(8) {
	case 0:
		f.hole = true
	case 1:
		if depth < 3 {
			for range 1 + r.IntN(4) {
				f.children = append(f.children, randomFate(r, depth+1))
			}
		}
	}
	return f
}

// leaf is a value that arrives, of a source value.
type leaf struct{ seq, v int }

// leaves appends what the source value seq, whose leaves are numbered from v on, comes to.
func (f fate) leaves(to []leaf, seq int) []leaf {
	if len(f.children) == 0 && !f.hole {
		return append(to, leaf{seq, len(to)})
	}
	for _, c := range f.children {
		to = c.leaves(to, seq)
	}
	return to
}

// arrival is one call of a sink or a tracker.
type arrival struct {
	tag      Tag
	hole     bool
	children int // 0: it is a value
	v        int
}

// arrivals appends the calls that tell a queue of f, of which first is the first leaf.
func (f fate) arrivals(to []arrival, t Tag, first *int) []arrival {
	switch {
	case f.hole:
		return append(to, arrival{tag: t, hole: true})
	case len(f.children) == 0:
		*first++
		return append(to, arrival{tag: t, v: *first - 1})
	}
	for i, c := range f.children {
		to = c.arrivals(to, t.Child(i), first)
	}
	return append(to, arrival{tag: t, children: len(f.children)})
}

// call makes the call.
func (a arrival) call(q *Reorder[int], out Sink[int], w *Waiter) bool {
	switch {
	case a.hole:
		q.Hole(a.tag)
	case a.children > 0:
		q.Children(a.tag, a.children)
	default:
		return out.Put(w, a.v, a.tag)
	}
	return true
}

// TestOrderedValuesComeOnceAndInOrder has several producers bring values, holes and children in
// whatever order, with real concurrency, while the consumer checks the order and the source the
// limit.
func TestOrderedValuesComeOnceAndInOrder(t *testing.T) {
	rounds := 150
	if testing.Short() {
		rounds = 30
	}
	for seed := range uint64(rounds) {
		r := rand.New(rand.NewPCG(seed, 4))
		limit, n, producers := []int{0, 1, 2, 3, 7, 64, 200}[r.IntN(7)], r.IntN(1000), 1+r.IntN(4)
		name := fmt.Sprintf("seed=%d/limit=%d/values=%d/producers=%d", seed, limit, n, producers)
		ok := t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { orderedTrial(t, r, limit, n, producers) })
		})
		require.True(t, ok)
	}
}

func orderedTrial(t *testing.T, r *rand.Rand, limit, n, producers int) {
	fates := make([]fate, n)
	var want []leaf
	for i := range fates {
		fates[i] = randomFate(r, 0)
		want = fates[i].leaves(want, i)
	}
	stopAt := -1
	if r.IntN(3) == 0 {
		stopAt = r.IntN(len(want) + 1)
	}
	q := NewReorder[int](limit)
	var gone atomic.Int32
	q.AddStage(func() { gone.Add(1) })

	stopped := make(chan struct{})
	var released atomic.Int64 // no source value from this on can have been let out
	calls := make(chan arrival, 300)
	go func() {
		source, v := me(), 0
		for i, f := range fates {
			q.Admit(source)
			if limit > 0 && stopAt < 0 {
				assert.LessOrEqual(t, int64(i), released.Load()+int64(limit)-1, "under way")
			}
			for _, a := range f.arrivals(nil, Tag{Seq: uint64(i)}, &v) {
				calls <- a
			}
		}
		close(calls)
		<-stopped
		for range limit + 1 {
			q.Admit(source) // waits no more
		}
	}()
	var putting sync.WaitGroup
	for range producers {
		out, own := q.Producer(), rand.New(rand.NewPCG(r.Uint64(), 5))
		putting.Go(func() {
			w, late := me(), []arrival(nil)
			for a := range calls {
				if limit == 0 && own.IntN(10) == 0 && len(late) < 100 {
					late = append(late, a)
					continue
				}
				a.call(q, out, w)
				if own.IntN(10) == 0 {
					runtime.Gosched()
				}
			}
			own.Shuffle(len(late), func(i, j int) { late[i], late[j] = late[j], late[i] })
			for _, a := range late {
				a.call(q, out, w)
			}
		})
	}
	go func() {
		putting.Wait()
		q.StageEnded()
	}()

	in, w := q.Consumer(nil), me()
	for i, l := range want {
		if i == stopAt {
			q.Stop()
			break
		}
		released.Store(int64(l.seq))
		v, _, ok := in.Take(w)
		require.True(t, ok)
		require.Equal(t, l.v, v)
	}
	released.Store(int64(n))
	_, _, ok := in.Take(w)
	require.False(t, ok)
	if stopAt < 0 {
		assert.Zero(t, q.Len())
		assert.Empty(t, q.parents.at)
	}
	q.Stop()
	q.Stop() // twice does no harm
	close(stopped)
	assert.EqualValues(t, 1, gone.Load())
	assert.False(t, q.Producer().Put(w, 1, Tag{Seq: uint64(n)}))
}

func TestOrderedValuesAndTheirChildrenCostNoAllocation(t *testing.T) {
	const children = 3
	q := NewReorder[int](8)
	q.AddStage(func() {})
	out, in, w := q.Producer(), q.Consumer(nil), me()
	seq := uint64(0)
	source := func() Tag {
		q.Admit(w)
		seq++
		return Tag{Seq: seq - 1}
	}
	take := func() {
		_, _, ok := in.Take(w)
		require.True(t, ok)
	}
	for name, pass := range map[string]func(){
		"value": func() {
			out.Put(w, 1, source())
			take()
		},
		"hole": func() {
			q.Hole(source())
			out.Put(w, 1, source())
			take()
		},
		"children": func() {
			parent := source()
			for i := range children {
				out.Put(w, i, parent.Child(i))
			}
			q.Children(parent, children)
			for range children {
				take()
			}
		},
	} {
		assert.Zero(t, testing.AllocsPerRun(10*blockSize, pass), name)
	}
}

// Values that wait for a missing one are counted, wherever they are.
func TestValuesThatWaitForTheirTurnAreCounted(t *testing.T) {
	q := NewReorder[int](0)
	q.AddStage(func() {})
	out, in, w := q.Producer(), q.Consumer(nil), me()
	for seq := range uint64(200) {
		out.Put(w, int(seq), Tag{Seq: seq + 1})
	}
	q.Hole(Tag{Seq: 300})
	first := Tag{Seq: 0}
	for i := range 3 {
		out.Put(w, i, first.Child(i).Child(0))
	}
	assert.Equal(t, 203, q.Len())
	q.Children(first.Child(0), 1)
	for want := 202; want > 200; want-- {
		_, _, ok := in.Take(w)
		require.True(t, ok)
		assert.Equal(t, want, q.Len())
		q.Children(first.Child(1), 1)
	}
}
