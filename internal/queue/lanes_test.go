package queue

import (
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"
	"weak"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// keyedValue is a value of a trial: the n-th that its producer put.
type keyedValue struct{ producer, n, key int }

// lanesTrial is a queue of a random shape, and what is observed of it.
type lanesTrial struct {
	q                    *Lanes[keyedValue, int]
	producers, consumers int
	each, keys, limit    int
	most                 int64

	mu     sync.Mutex
	held   map[int]bool // keys that are with a consumer
	weight int64        // of those
	taken  []keyedValue
}

func weightOf(v keyedValue) int64 { return int64(v.n % 4) }

func newLanesTrial() *lanesTrial {
	tr := &lanesTrial{
		producers: 1 + rand.IntN(3), consumers: 1 + rand.IntN(4), each: 300, keys: 1 + rand.IntN(6),
		limit: rand.IntN(5), most: rand.Int64N(3) * 4, held: map[int]bool{},
	}
	tr.q = NewLanes(tr.limit, tr.most, true, func() Ask[keyedValue, int] {
		return func(_ *Waiter, v keyedValue, _ Tag) (int, int64, bool) { return v.key, weightOf(v), v.n%50 != 49 }
	})
	return tr
}

func (tr *lanesTrial) run(t *testing.T, stopAt int) {
	var all sync.WaitGroup
	tr.q.AddStage(func() {})
	var producing sync.WaitGroup
	for p := range tr.producers {
		sink := tr.q.Producer()
		producing.Go(func() {
			me := &NewGoroutine().Waiter
			for n := range tr.each {
				if !sink.Put(me, keyedValue{p, n, rand.IntN(tr.keys)}, Tag{}) {
					return
				}
			}
		})
	}
	all.Go(func() { producing.Wait(); tr.q.StageEnded() })
	for range tr.consumers {
		in := tr.q.Consumer(nil).(HoldingInlet[keyedValue])
		all.Go(func() { tr.consume(t, in, stopAt) })
	}
	all.Wait()
}

func (tr *lanesTrial) consume(t *testing.T, in HoldingInlet[keyedValue], stopAt int) {
	me := &NewGoroutine().Waiter
	var h Hold
	for {
		v, _, ok := in.Exchange(me, &h)
		if !ok {
			return
		}
		tr.begin(t, v)
		if n := tr.q.Len(); tr.limit > 0 {
			assert.LessOrEqual(t, n, tr.limit)
		}
		tr.end(v)
		if v.n%2 == 0 { // else Exchange does it
			h.Release()
			h.Release() // a second call does nothing
		}
		if v.n == stopAt {
			tr.q.Stop()
		}
	}
}

func (tr *lanesTrial) begin(t *testing.T, v keyedValue) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	assert.False(t, tr.held[v.key], "two values of key %d at a time", v.key)
	tr.held[v.key] = true
	if tr.weight += weightOf(v); tr.most > 0 {
		assert.LessOrEqual(t, tr.weight, max(tr.most, 3))
	}
	tr.taken = append(tr.taken, v)
}

func (tr *lanesTrial) end(v keyedValue) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.held[v.key] = false
	tr.weight -= weightOf(v)
}

// Against the plain model: every value once, those of a producer and a key in order, one of a key
// at a time, and no more than the bounds.
func TestLanesKeepKeysApartAndInOrder(t *testing.T) {
	for range 40 {
		tr := newLanesTrial()
		tr.run(t, -1)
		require.Len(t, tr.taken, tr.producers*(tr.each-tr.each/50))
		last := map[[2]int]int{}
		for _, v := range tr.taken {
			lane := [2]int{v.producer, v.key}
			before, known := last[lane]
			require.True(t, !known || before < v.n, "value %d of producer %d came after %d", v.n, v.producer, before)
			last[lane] = v.n
		}
		require.Len(t, tr.q.lanes, tr.q.idle.count, "a lane without values does not rest")
		require.Zero(t, tr.q.weight)
		require.Zero(t, tr.q.Len())
	}
}

func TestStoppedLanesHoldNobody(t *testing.T) {
	for range 40 {
		tr := newLanesTrial()
		tr.run(t, rand.IntN(200))
		tr.q.Stop() // the trial may have had fewer values
		sink := tr.q.Producer()
		assert.False(t, sink.Put(&NewGoroutine().Waiter, keyedValue{}, Tag{}))
	}
}

// Unlike a Windowed, it keeps the order over all producers.
func TestFIFOIsFirstInFirstOutOverAllProducers(t *testing.T) {
	q := NewFIFO[int](0)
	q.AddStage(func() {})
	var sinks []Sink[int]
	for range 4 {
		sinks = append(sinks, q.Producer())
	}
	me := &NewGoroutine().Waiter
	var want []int
	for i := range 1000 {
		require.True(t, sinks[rand.IntN(len(sinks))].Put(me, i, Tag{}))
		want = append(want, i)
	}
	q.StageEnded()
	in := q.Consumer(nil)
	var got []int
	for v, _, ok := in.Take(me); ok; v, _, ok = in.Take(me) {
		got = append(got, v)
	}
	assert.Equal(t, want, got)
}

// A value that is shared with an abandoned function keeps its lane until both have let go.
func TestASharedHoldIsReleasedByTheLast(t *testing.T) {
	q := NewLanes(0, 0, true, func() Ask[int, int] {
		return func(_ *Waiter, v int, _ Tag) (int, int64, bool) { return 7, 0, true }
	})
	q.AddStage(func() {})
	me := &NewGoroutine().Waiter
	sink, in := q.Producer(), q.Consumer(nil).(HoldingInlet[int])
	require.True(t, sink.Put(me, 1, Tag{}) && sink.Put(me, 2, Tag{}))
	var h Hold
	_, _, _ = in.Exchange(me, &h)
	other := h.Share()
	h.Release()
	assert.Zero(t, q.ready.count)
	other.Release()
	assert.Equal(t, 1, q.ready.count)
}

func TestReservedRoomCountsAndIsUsedFirst(t *testing.T) {
	q := NewFIFO[int](3)
	q.AddStage(func() {})
	a, b := q.Producer().(ReservedSink[int]), q.Producer().(ReservedSink[int])
	assert.Equal(t, 2, a.Reserve(2))
	assert.Equal(t, 1, b.Reserve(5))
	me := &NewGoroutine().Waiter
	require.True(t, a.Put(me, 1, Tag{}))
	assert.Zero(t, b.Reserve(1))
	a.Unreserve(1)
	assert.Equal(t, 1, b.Reserve(1))
	require.True(t, b.Put(me, 2, Tag{}) && b.Put(me, 3, Tag{}))
	assert.Equal(t, 3, q.Len())
}

func TestAListIsFirstInFirstOut(t *testing.T) {
	var l list[int]
	var model []int
	for i := range 2000 {
		if rand.IntN(5) < 3 {
			l.push(i)
			model = append(model, i)
		} else if len(model) > 0 {
			require.Equal(t, model[0], *l.at(0))
			require.Equal(t, model[0], l.pop())
			model = slices.Delete(model, 0, 1)
		}
		require.Equal(t, len(model), l.count)
	}
}

// With one consumer no value passes another, whatever their keys.
func TestOneConsumerKeepsTheOrderOverAllKeys(t *testing.T) {
	q := NewLanes(0, 0, true, func() Ask[int, int] {
		return func(_ *Waiter, v int, _ Tag) (int, int64, bool) { return v % 3, 0, true }
	})
	q.AddStage(func() {})
	me := &NewGoroutine().Waiter
	sink, in := q.Producer(), q.Consumer(nil).(HoldingInlet[int])
	next, want := 0, 0
	for range 1000 {
		for range rand.IntN(3) {
			require.True(t, sink.Put(me, next*next, Tag{}))
			next++
		}
		if want < next {
			var h Hold
			v, _, ok := in.Exchange(me, &h)
			require.True(t, ok)
			require.Equal(t, want*want, v)
			want++
			h.Release()
		}
	}
}

// laneWith returns a lane in which the value of that number waits.
func laneWith(number int64) *lane[int, int] {
	l := new(lane[int, int])
	l.waiting.push(entry[int, int]{number: number})
	return l
}

func TestArrivalsComeFirstComeFirstServed(t *testing.T) {
	var a arrivals[int, int]
	var model []int64
	waiting := []int64{}
	for i := range int64(3000) {
		switch rand.IntN(5) {
		case 0, 1:
			a.add(&entry[int, int]{number: i})
			model = append(model, i)
		case 2:
			waiting = append(waiting, i)
		case 3:
			if n := len(waiting); n > 0 {
				k := rand.IntN(n)
				a.reopen(laneWith(waiting[k]))
				model = append(model, waiting[k])
				waiting = slices.Delete(waiting, k, k+1)
			}
		case 4:
			if len(model) > 0 {
				least := slices.Min(model)
				require.Equal(t, least, a.moveTo(nil, 1)[0].number)
				model = slices.DeleteFunc(model, func(n int64) bool { return n == least })
			}
		}
		require.Equal(t, len(model), a.count)
	}
}

// busySeat is a seat that lets the worker's other seats run while it is parked.
type busySeat struct{ others func() }

func (s *busySeat) Park()         { s.others() }
func (*busySeat) Wake()           {}
func (*busySeat) WaitInput() bool { return true }

// While a seat waits for a value, another of the same worker takes one, whose key stays busy until
// that seat lets go of it.
func TestASeatUsesTheWindowThatAnotherHasFetched(t *testing.T) {
	for _, values := range [][]int{{1, 2, 11}, {1, 11}} {
		q := NewLanes(0, 0, true, func() Ask[int, int] {
			return func(_ *Waiter, v int, _ Tag) (int, int64, bool) { return v % 10, 0, true }
		})
		q.AddStage(func() {})
		sink, in, other := q.Producer(), q.Consumer(nil).(HoldingInlet[int]), q.Consumer(nil).(HoldingInlet[int])
		setWindow(in, 8)
		var first, h Hold
		parked := 0
		a := NewWaiter(&busySeat{func() {
			if parked++; parked > 1 {
				first.Release()
				return
			}
			for _, v := range values {
				require.True(t, sink.Put(me(), v, Tag{}))
			}
			v, _, ok := in.Exchange(me(), &first)
			require.True(t, ok && v == 1)
		}})
		v, _, ok := in.Exchange(a, &h)
		require.True(t, ok)
		require.Equal(t, values[1], v)
		if len(values) > 2 {
			require.Zero(t, q.ready.count)
			first.Release()
			v, _, _ = other.Exchange(me(), &h)
			require.Equal(t, 11, v)
		}
		require.Zero(t, q.Len())
	}
}

// A place of a window does not keep alive the value that was taken from it, nor one that was stolen.
func TestAWindowKeepsNoValueThatWasTaken(t *testing.T) {
	type large [1024]byte
	q := NewLanes(0, 1000, true, func() Ask[*large, int] {
		n := 0
		return func(*Waiter, *large, Tag) (int, int64, bool) { n++; return n % 9, 1, true }
	})
	q.AddStage(func() {})
	sink := q.Producer()
	var refs []weak.Pointer[large]
	for range 20 {
		v := new(large)
		refs = append(refs, weak.Make(v))
		require.True(t, sink.Put(me(), v, Tag{}))
	}
	var ins [2]*lanesInlet[*large, int]
	for i := range ins {
		ins[i] = q.Consumer(nil).(*lanesInlet[*large, int])
		ins[i].pace.size = 8
	}
	var holds [2]Hold
	for taken, i := range []int{0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 0, 0} {
		_, _, ok := ins[i].Exchange(me(), &holds[i])
		require.True(t, ok)
		runtime.GC()
		alive := 0
		for _, ref := range refs {
			if ref.Value() != nil {
				alive++
			}
		}
		require.Equal(t, len(refs)-taken-1, alive, "after %d values", taken+1)
	}
	runtime.KeepAlive(q)
	runtime.KeepAlive(ins)
}

func TestKeysWithoutValuesAreForgotten(t *testing.T) {
	q := NewLanes(0, 0, true, func() Ask[int, int] {
		return func(_ *Waiter, v int, _ Tag) (int, int64, bool) { return v, 0, true }
	})
	q.AddStage(func() {})
	sink, in := q.Producer(), q.Consumer(nil).(HoldingInlet[int])
	var h Hold
	for round := range 2 {
		for v := range 3 * mostIdleLanes {
			require.True(t, sink.Put(me(), v+round, Tag{}))
		}
		for range 3 * mostIdleLanes {
			_, _, ok := in.Exchange(me(), &h)
			require.True(t, ok)
		}
		h.Release()
		require.LessOrEqual(t, len(q.lanes), mostIdleLanes)
		require.Len(t, q.lanes, q.idle.count)
	}
}
