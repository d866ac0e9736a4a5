package queue

import (
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// shared is a seat of a backend that runs many of them on one goroutine. If blocked is set, that
// goroutine is busy: a Wake has no effect.
type shared struct {
	*Goroutine
	blocked bool
}

func (s shared) Wake() {
	if !s.blocked {
		s.Goroutine.Wake()
	}
}

// me is the waiter of a goroutine.
func me() *Waiter { return &NewGoroutine().Waiter }

// A woken producer gets all the room there is in credit, and its function may then take its time.
// Another that is parked must get what is left of that.
func TestNoProducerIsParkedBesideUnspentCredit(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // the woken one runs late
	synctest.Test(t, func(t *testing.T) {
		const bound = 10
		q := NewWindowed[int](bound, false)
		q.AddStage(func() {})
		first, second := q.Producer(), q.Producer()
		in := q.Consumer(nil).(*In[int])
		in.pace.size = MostWindow
		for range bound {
			require.True(t, first.Put(me(), 1, Tag{}))
		}
		var put atomic.Int32
		for _, p := range []Sink[int]{first, second} {
			go func() {
				p.Put(me(), 2, Tag{})
				put.Add(1)
			}()
			synctest.Wait()
		}
		require.Zero(t, put.Load(), "the queue is full")
		seat := NewGoroutine()
		for range bound {
			in.Take(&seat.Waiter)
		}
		synctest.Wait()
		assert.EqualValues(t, 2, put.Load())
		assert.Equal(t, 2, q.Len())
	})
}

// Room that is offered to a seat which cannot run is not kept from a producer that can.
func TestASeatThatIsHeldDoesNotKeepTheRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := NewWindowed[int](1, false)
		q.AddStage(func() {})
		held, free := q.Producer(), q.Producer()
		in, seat := q.Consumer(nil), NewGoroutine()
		require.True(t, held.Put(me(), 1, Tag{}))
		own := NewGoroutine()
		go held.Put(NewWaiter(shared{own, true}), 2, Tag{})
		synctest.Wait()
		go free.Put(me(), 3, Tag{})
		synctest.Wait()
		for _, want := range []int{1, 3} {
			v, _, ok := in.Take(&seat.Waiter)
			require.True(t, ok)
			assert.Equal(t, want, v)
		}
		q.Stop()
		own.Wake()
	})
}

// However many seats of a worker wait for room, their port gets one grant at a time: more would not
// fit into its word.
func TestSeatsOfAWorkerDoNotPileUpCredit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const bound, seats = 50_000, 500
		q := NewWindowed[int](bound, false)
		q.AddStage(func() {})
		out := q.Producer().(*Out[int])
		for i := range bound {
			require.True(t, out.Put(me(), i, Tag{}))
		}
		for range seats {
			go q.acquire(out, NewWaiter(shared{NewGoroutine(), false}))
		}
		synctest.Wait()
		in, seat := q.Consumer(nil), NewGoroutine()
		for want := range bound {
			v, _, ok := in.Take(&seat.Waiter)
			require.True(t, ok)
			require.Equal(t, want, v)
		}
		synctest.Wait()
		assert.LessOrEqual(t, out.word.load().credit(), uint64(MostWindow))
		assert.Zero(t, out.unpulled())
	})
}

// The only room may be reserved for a producer after it has found that it has none, and before it waits.
func TestAProducerDoesNotWaitForTheRoomThatItHas(t *testing.T) {
	q := NewWindowed[int](1, false)
	q.AddStage(func() {})
	out := q.Producer().(*Out[int])
	out.Drive()
	require.Equal(t, 1, out.Reserve(1))
	acquired := make(chan bool, 1)
	go func() { acquired <- q.acquire(out, me()) }()
	select {
	case ok := <-acquired:
		assert.True(t, ok)
	case <-time.After(time.Minute):
		t.Fatal("it waits for room, and nothing can make any")
	}
}

// One goroutine puts values, and another reserves room for them meanwhile, as where results come from elsewhere.
func TestRoomIsReservedWhileResultsWaitForIt(t *testing.T) {
	const n = 20_000
	for _, bound := range []int{1, 2, 8} {
		q := NewWindowed[int](bound, false)
		q.AddStage(func() {})
		out, in := q.Producer().(*Out[int]), q.Consumer(nil)
		out.Drive()
		var over atomic.Bool
		reserved := make(chan struct{})
		go func() {
			defer close(reserved)
			for !over.Load() {
				out.Reserve(1)
			}
		}()
		go func() {
			giving := me()
			for i := range n {
				out.Put(giving, i, Tag{})
			}
		}()
		taking := me()
		for want := range n {
			v, _, ok := in.Take(taking)
			require.True(t, ok)
			require.Equal(t, want, v)
		}
		over.Store(true)
		<-reserved
	}
}

// A value that finds a consumer waiting goes past the queue: it needs no room, which is there for
// the next values.
func TestAValueIsHandedToAConsumerThatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := NewWindowed[int](2, false)
		q.AddStage(func() {})
		out, in := q.Producer(), q.Consumer(nil)
		got := make(chan int)
		go func() {
			seat := NewGoroutine()
			for {
				v, _, ok := in.Take(&seat.Waiter)
				if !ok {
					close(got)
					return
				}
				got <- v
			}
		}()
		seat := NewGoroutine()
		for v := range 100 {
			synctest.Wait() // until the consumer waits
			require.True(t, out.Put(&seat.Waiter, v, Tag{}))
			assert.Zero(t, q.granted, "room that is taken")
			assert.Zero(t, q.Len())
			require.Equal(t, v, <-got)
		}
		synctest.Wait()
		for v := range 3 { // one in the consumer's hand, two in the queue
			require.True(t, out.Put(&seat.Waiter, v, Tag{}))
			synctest.Wait()
		}
		for v := range 3 {
			require.Equal(t, v, <-got)
		}
		q.StageEnded()
		_, ok := <-got
		require.False(t, ok)
	})
}

// Who is handed a value, and is still to run, wakes the next for the values that come meanwhile:
// his own function may wait for theirs.
func TestAHandedValueDoesNotHoldUpTheNext(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // both values come before a consumer runs
	synctest.Test(t, func(t *testing.T) {
		q := NewWindowed[int](0, false)
		q.AddStage(func() {})
		out := q.Producer()
		met := make(chan struct{})
		for range 2 {
			in := q.Consumer(nil)
			go func() {
				if v, _, _ := in.Take(me()); v == 1 {
					<-met
				} else {
					close(met)
				}
			}()
		}
		synctest.Wait()
		seat := NewGoroutine()
		require.True(t, out.Put(&seat.Waiter, 1, Tag{}))
		require.True(t, out.Put(&seat.Waiter, 2, Tag{}))
		<-met
		q.StageEnded()
	})
}

// A window that was fetched in pieces, of one value from each producer, keeps none of them alive
// once they are taken.
func TestConsumerKeepsNothingThatItHasTaken(t *testing.T) {
	q := NewWindowed[*[1024]byte](0, false)
	q.AddStage(func() {})
	producers := []Sink[*[1024]byte]{q.Producer(), q.Producer(), q.Producer()}
	in, seat := q.Consumer(nil).(*In[*[1024]byte]), NewGoroutine()
	in.pace.size = len(producers)
	var refs []weak.Pointer[[1024]byte]
	for _, p := range producers {
		v := new([1024]byte)
		refs = append(refs, weak.Make(v))
		require.True(t, p.Put(&seat.Waiter, v, Tag{}))
	}
	for range producers {
		_, _, ok := in.Take(&seat.Waiter)
		require.True(t, ok)
	}
	runtime.GC()
	for i, ref := range refs {
		assert.Nil(t, ref.Value(), "value %d", i)
	}
	runtime.KeepAlive(in)
}
