package queue

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// trial is a random run of a queue, with real concurrency. It takes place in a bubble, where a lost
// wake-up ends the test: all goroutines wait, and none of them for something outside.
type trial struct {
	t                    *testing.T
	q                    Queue[int]
	bound                int // 0: none
	producers, consumers int
	each                 int // values of a producer
	stopAt               int // stop once so many values have been taken; negative: never
	semaphore            chan struct{}
	meetings             bool // some values wait until the next one of their producer has been taken

	puts, takes atomic.Int64 // that have returned
	waiting     atomic.Int32 // consumers, for another value
	gone        atomic.Int32
	seen        []atomic.Int32
	came        []chan struct{} // closed when the value has been taken
	stopped     chan struct{}
	stop        sync.Once
}

// kinds are the queues that a trial can have; each makes the ends too, since those of driven
// workers are others.
var kinds = []struct {
	name    string
	make    func(bound int) Queue[int]
	driven  bool
	bulk    bool // producers put several values at once
	bounded bool // it cannot do without a bound
}{
	{name: "ring", make: func(bound int) Queue[int] { return newRing[int](bound) }},
	{name: "window", make: func(bound int) Queue[int] { return NewWindowed[int](bound, false) }},
	{name: "tagged", make: func(bound int) Queue[int] { return NewWindowed[int](bound, true) }},
	{name: "bulk", make: func(bound int) Queue[int] { return NewWindowed[int](bound, false) }, bulk: true},
	{name: "driven", make: func(bound int) Queue[int] { return NewWindowed[int](bound, false) }, driven: true},
	{name: "channel", make: func(bound int) Queue[int] {
		return NewChannel[int](bound, func(f func()) { go f() })
	}, bounded: true},
	{name: "fifo", make: func(bound int) Queue[int] { return NewFIFO[int](bound) }},
}

func TestEveryValueIsTakenOnce(t *testing.T) {
	trials(t, func(tr *trial, r *rand.Rand) {
		tr.stopAt = -1
		tr.meetings = tr.consumers > 1 && r.IntN(2) == 0
		if r.IntN(3) == 0 {
			tr.semaphore = make(chan struct{}, 1+r.IntN(5))
		}
	}, func(tr *trial, order [][]int) {
		for v := range tr.seen {
			assert.EqualValues(tr.t, 1, tr.seen[v].Load(), "value %d", v)
		}
		assert.Zero(tr.t, tr.q.Len())
		if tr.consumers == 1 {
			for p := range tr.producers {
				own := slices.DeleteFunc(slices.Clone(order[0]), func(v int) bool { return v/tr.each != p })
				assert.True(tr.t, slices.IsSorted(own), "a producer's values stay in their order for one consumer")
			}
		}
	})
}

func TestAStopEndsEveryWaitAndDoublesNothing(t *testing.T) {
	trials(t, func(tr *trial, r *rand.Rand) {
		tr.stopAt = r.IntN(tr.producers*tr.each + 1)
	}, func(tr *trial, _ [][]int) {
		for v := range tr.seen {
			assert.LessOrEqual(tr.t, tr.seen[v].Load(), int32(1), "value %d", v)
		}
		if _, model := tr.q.(*ring[int]); !model {
			assert.EqualValues(tr.t, 1, tr.gone.Load(), "the producing stage is told once")
		}
	})
}

// trials makes random trials of all kinds of queue, and checks what each has come to: the values in
// the order in which each consumer got them.
func trials(t *testing.T, prepare func(*trial, *rand.Rand), check func(tr *trial, order [][]int)) {
	rounds := 60
	if testing.Short() {
		rounds = 10
	}
	for _, kind := range kinds {
		t.Run(kind.name, func(t *testing.T) {
			for seed := range uint64(rounds) {
				r := rand.New(rand.NewPCG(seed, 1))
				tr := &trial{
					bound:     []int{0, 1, 2, 3, 8, 64, 1000}[r.IntN(7)],
					producers: 1 + r.IntN(4), consumers: 1 + r.IntN(4), each: 1 + r.IntN(500),
				}
				if kind.bounded {
					tr.bound = max(1, tr.bound)
				}
				prepare(tr, r)
				name := fmt.Sprintf("seed=%d/bound=%d/producers=%d/consumers=%d/each=%d", seed, tr.bound, tr.producers, tr.consumers, tr.each)
				ok := t.Run(name, func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						tr.t, tr.q = t, kind.make(tr.bound)
						check(tr, tr.run(kind.driven, kind.bulk, r))
					})
				})
				require.True(t, ok)
			}
		})
	}
}

// run returns what each consumer took.
func (tr *trial) run(driven, bulk bool, r *rand.Rand) [][]int {
	tr.seen = make([]atomic.Int32, tr.producers*tr.each)
	tr.stopped = make(chan struct{})
	tr.came = make([]chan struct{}, len(tr.seen))
	for i := range tr.came {
		tr.came[i] = make(chan struct{})
	}
	tr.q.AddStage(func() { tr.gone.Add(1) })
	var putting, taking sync.WaitGroup
	for p := range tr.producers {
		out, own := tr.q.Producer(), rand.New(rand.NewPCG(r.Uint64(), 2))
		putting.Go(func() {
			values := tr.values(p, own)
			switch {
			case driven:
				tr.putReserved(out.(*Out[int]), values, own)
			case bulk:
				tr.putBulk(out.(*Out[int]), values, own)
			default:
				tr.putAll(out, values)
			}
		})
	}
	order := make([][]int, tr.consumers)
	for c := range tr.consumers {
		in, own := tr.q.Consumer(nil), rand.New(rand.NewPCG(r.Uint64(), 3))
		taking.Go(func() {
			take := tr.takeOne(in)
			if driven {
				take = tr.pull(in.(*In[int]), own)
			}
			for v, ok := take(); ok; v, ok = take() {
				order[c] = append(order[c], v)
				tr.begin(v, own)
			}
		})
	}
	if tr.stopAt == 0 {
		tr.stopNow()
	}
	putting.Wait()
	tr.q.StageEnded()
	taking.Wait()
	tr.stopNow()
	tr.stopNow() // twice does no harm
	return order
}

func (tr *trial) stopNow() {
	tr.q.Stop()
	tr.stop.Do(func() { close(tr.stopped) })
}

// values are those of producer p, each when it gets a place in the semaphore, if there is one.
func (tr *trial) values(p int, r *rand.Rand) func(yield func(int) bool) {
	return func(yield func(int) bool) {
		for i := range tr.each {
			if r.IntN(20) == 0 {
				runtime.Gosched()
			}
			if tr.semaphore != nil {
				tr.semaphore <- struct{}{}
			}
			if !yield(p*tr.each + i) {
				return
			}
		}
	}
}

// put returns are counted before the bound is looked at, and begun values before they are: so that
// the difference is, if anything, too small.
func (tr *trial) countPuts(n int) {
	puts := tr.puts.Add(int64(n))
	if tr.bound == 0 {
		return
	}
	// What was handed to a consumer that has not got it out of Take yet is in no queue.
	most := int64(tr.bound + tr.consumers)
	assert.LessOrEqual(tr.t, puts-tr.takes.Load(), most, "values in a queue of %d", tr.bound)
}

func (tr *trial) putAll(out Sink[int], values func(func(int) bool)) {
	w := me()
	for v := range values {
		if !out.Put(w, v, Tag{Seq: uint64(v)}) {
			return
		}
		tr.countPuts(1)
	}
}

// putBulk puts values by handfuls and by hundreds, and with a semaphore one at a time, since the next may have to wait.
func (tr *trial) putBulk(out *Out[int], values func(func(int) bool), r *rand.Rand) {
	w, most := me(), 1+r.IntN(200)
	var some []int
	put := func() (wanted bool) {
		n := out.PutAll(w, some)
		tr.countPuts(n)
		wanted = n == len(some)
		some = some[:0]
		return wanted
	}
	for v := range values {
		some = append(some, v)
		if (tr.semaphore != nil || r.IntN(most) == 0) && !put() {
			return
		}
	}
	put()
}

// putReserved puts values in room that it has reserved, if there is any, and gives back some of it
// unused.
func (tr *trial) putReserved(out *Out[int], values func(func(int) bool), r *rand.Rand) {
	out.Drive()
	w, reserved := me(), 0
	defer func() { out.Unreserve(reserved) }()
	for v := range values {
		if reserved == 0 {
			reserved = out.Reserve(r.IntN(5))
		}
		if !out.Put(w, v, Tag{}) {
			return
		}
		tr.countPuts(1)
		reserved = max(0, reserved-1)
		if back := r.IntN(reserved + 1); r.IntN(4) == 0 || tr.semaphore != nil {
			out.Unreserve(back)
			reserved -= back
		}
		if tr.semaphore != nil { // it may be a while until the next value, and others may need the room
			out.Unreserve(reserved)
			reserved = 0
		}
	}
}

func (tr *trial) takeOne(in Inlet[int]) func() (int, bool) {
	w := me()
	_, tagged := in.(*In[int])
	tagged = tagged && in.(*In[int]).tagged
	return func() (int, bool) {
		v, t, ok := in.Take(w)
		if ok && tagged {
			assert.EqualValues(tr.t, v, t.Seq, "the tag of the value")
		}
		return v, ok
	}
}

// pull takes as a driven worker does: several values at a time, which are begun one after the
// other.
func (tr *trial) pull(in *In[int], r *rand.Rand) func() (int, bool) {
	w, last := me(), int64(-1)
	var pulled []int
	take := func(_ int, number int64, values []int, _ []Tag, _ *Hold) {
		assert.Greater(tr.t, number, last, "numbers grow")
		last = number + int64(len(values)-1)
		pulled = append(pulled, values...)
	}
	return func() (v int, ok bool) {
		if len(pulled) == 0 || r.IntN(3) == 0 {
			in.TryPull(r.IntN(4), take)
		}
		if len(pulled) == 0 {
			if _, ok := in.Pull(context.Background(), w, 1+r.IntN(8), take); !ok {
				return 0, false
			}
		}
		v, pulled = pulled[0], pulled[1:]
		in.Begin(1)
		return v, true
	}
}

// begin is the consumer's function. It never waits in all of them at once, nor when a sibling
// cannot get at the value it waits for, since that sibling is a driven worker's.
func (tr *trial) begin(v int, r *rand.Rand) {
	assert.EqualValues(tr.t, 1, tr.seen[v].Add(1), "value %d", v)
	if tr.takes.Add(1) == int64(tr.stopAt) {
		tr.stopNow()
	}
	close(tr.came[v])
	if tr.semaphore != nil {
		<-tr.semaphore
	}
	if r.IntN(30) == 0 {
		runtime.Gosched()
	}
	w, windowed := tr.q.(*Windowed[int])
	if !tr.meetings || windowed && w.unbegun.Load() > 0 || v%tr.each == tr.each-1 || r.IntN(10) > 0 {
		return
	}
	if int(tr.waiting.Add(1)) < tr.consumers {
		select {
		case <-tr.came[v+1]:
		case <-tr.stopped:
		}
	}
	tr.waiting.Add(-1)
}

// Driven workers share values that are there already, and see their end without waiting.
func TestStaticValuesArePulledOnce(t *testing.T) {
	for _, consumers := range []int{1, 3} {
		q := NewWindowed[int](5, false)
		q.SetStatic(100, func(i int) int { return i })
		var ins []*In[int]
		for range consumers {
			ins = append(ins, q.Consumer(nil).(*In[int]))
		}
		next := int64(0)
		take := func(at int, number int64, values []int, tags []Tag, h *Hold) {
			assert.Zero(t, at)
			assert.Empty(t, tags)
			assert.Nil(t, h)
			for i, v := range values {
				assert.EqualValues(t, next, v)
				assert.Equal(t, next, number+int64(i), "the number of the value")
				next++
			}
		}
		assert.Equal(t, 40/consumers, ins[0].TryPull(40/consumers, take), "consumers=%d", consumers)
		assert.Zero(t, q.Taken(), "nothing has begun")
		ins[0].Begin(3)
		assert.EqualValues(t, 3, q.Taken())
		left := 100 - 40/consumers
		assert.Equal(t, left/consumers, ins[len(ins)-1].TryPull(1000, take), "a worker's share")
		for next < 100 {
			_, ok := ins[0].Pull(context.Background(), me(), 1000, take)
			require.True(t, ok)
		}
		_, ok := ins[0].Pull(context.Background(), me(), 1000, take)
		assert.False(t, ok, "the end")
		assert.Zero(t, ins[0].TryPull(1000, take))
	}
}

// Values that are there already need no producer; their tags are their numbers.
func TestStaticValuesAreTakenOnce(t *testing.T) {
	for _, consumers := range []int{1, 3} {
		for _, n := range []int{0, 1, 63, 64, 1000} {
			synctest.Test(t, func(t *testing.T) {
				q := NewWindowed[int](5, true)
				q.SetStatic(n, func(i int) int { return i })
				seen := make([]atomic.Int32, n)
				var taking sync.WaitGroup
				for range consumers {
					in := q.Consumer(nil)
					taking.Go(func() {
						w, last := me(), -1
						for {
							v, tag, ok := in.Take(w)
							if !ok {
								return
							}
							assert.Equal(t, Tag{Seq: uint64(v)}, tag)
							seen[v].Add(1)
							if consumers == 1 {
								assert.Equal(t, last+1, v)
							}
							last = v
						}
					})
				}
				taking.Wait()
				for v := range seen {
					assert.EqualValues(t, 1, seen[v].Load(), "value %d", v)
				}
				assert.EqualValues(t, n, q.Taken())
				assert.Zero(t, q.Len())
			})
		}
	}
}
