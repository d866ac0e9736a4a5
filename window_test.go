package pl

import (
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"weak"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// shared is a seat of a backend that runs many of them on one goroutine. Where held is set, that goroutine is busy: a
// Wake has no effect.
type shared struct {
	*goroutineSeat
	held bool
}

func (s shared) Wake() {
	if !s.held {
		s.goroutineSeat.Wake()
	}
}

// A woken producer gets all the room there is in credit, and its function may then take its time. Another that is parked
// must get what is left of that.
func TestNoProducerIsParkedBesideUnspentCredit(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // the woken one runs late
	synctest.Test(t, func(t *testing.T) {
		const bound = 10
		q := newWindowQueue[int](bound, false)
		q.attach(func() {})
		first, second := q.producer(), q.producer()
		in := q.consumer(nil).(*inPort[int])
		in.pace.size = mostWindow
		for range bound {
			require.True(t, first.put(newGoroutineSeat(), 1, tag{}))
		}
		var put atomic.Int32
		for _, p := range []sink[int]{first, second} {
			go func() {
				p.put(newGoroutineSeat(), 2, tag{})
				put.Add(1)
			}()
			synctest.Wait()
		}
		require.Zero(t, put.Load(), "the queue is full")
		seat := newGoroutineSeat()
		for range bound {
			in.take(seat)
		}
		synctest.Wait()
		assert.EqualValues(t, 2, put.Load())
		assert.Equal(t, 2, q.length())
	})
}

// Room that is offered to a seat which cannot run is not kept from a producer that can.
func TestASeatThatIsHeldDoesNotKeepTheRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newWindowQueue[int](1, false)
		q.attach(func() {})
		held, free := q.producer(), q.producer()
		in, seat := q.consumer(nil), newGoroutineSeat()
		require.True(t, held.put(newGoroutineSeat(), 1, tag{}))
		own := newGoroutineSeat()
		go held.put(shared{own, true}, 2, tag{})
		synctest.Wait()
		go free.put(newGoroutineSeat(), 3, tag{})
		synctest.Wait()
		for _, want := range []int{1, 3} {
			v, _, ok := in.take(seat)
			require.True(t, ok)
			assert.Equal(t, want, v)
		}
		q.stop()
		own.Wake()
	})
}

// However many seats of a worker wait for room, their port gets one grant at a time: more would not fit into its word.
func TestSeatsOfAWorkerDoNotPileUpCredit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const bound, seats = 50_000, 500
		q := newWindowQueue[int](bound, false)
		q.attach(func() {})
		out := q.producer().(*outPort[int])
		for i := range bound {
			require.True(t, out.put(newGoroutineSeat(), i, tag{}))
		}
		for range seats {
			go q.acquire(out, shared{newGoroutineSeat(), false})
		}
		synctest.Wait()
		in, seat := q.consumer(nil), newGoroutineSeat()
		for want := range bound {
			v, _, ok := in.take(seat)
			require.True(t, ok)
			require.Equal(t, want, v)
		}
		synctest.Wait()
		assert.LessOrEqual(t, creditOf(out.word.Load()), uint64(mostWindow))
		assert.Zero(t, out.published())
	})
}

// A value that finds a consumer waiting goes past the queue: it needs no room, which is there for the next values.
func TestAValueIsHandedToAConsumerThatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newWindowQueue[int](2, false)
		q.attach(func() {})
		out, in := q.producer(), q.consumer(nil)
		got := make(chan int)
		go func() {
			seat := newGoroutineSeat()
			for {
				v, _, ok := in.take(seat)
				if !ok {
					close(got)
					return
				}
				got <- v
			}
		}()
		seat := newGoroutineSeat()
		for v := range 100 {
			synctest.Wait() // until the consumer waits
			require.True(t, out.put(seat, v, tag{}))
			assert.Zero(t, q.granted, "room that is taken")
			assert.Zero(t, q.length())
			require.Equal(t, v, <-got)
		}
		synctest.Wait()
		for v := range 3 { // one in the consumer's hand, two in the queue
			require.True(t, out.put(seat, v, tag{}))
			synctest.Wait()
		}
		for v := range 3 {
			require.Equal(t, v, <-got)
		}
		q.closeOne()
		_, ok := <-got
		require.False(t, ok)
	})
}

// Who is handed a value, and is still to run, wakes the next for the values that come meanwhile: his own function may wait
// for theirs.
func TestAHandedValueDoesNotHoldUpTheNext(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // both values come before a consumer runs
	synctest.Test(t, func(t *testing.T) {
		q := newWindowQueue[int](0, false)
		q.attach(func() {})
		out := q.producer()
		met := make(chan struct{})
		for range 2 {
			in := q.consumer(nil)
			go func() {
				if v, _, _ := in.take(newGoroutineSeat()); v == 1 {
					<-met
				} else {
					close(met)
				}
			}()
		}
		synctest.Wait()
		seat := newGoroutineSeat()
		require.True(t, out.put(seat, 1, tag{}))
		require.True(t, out.put(seat, 2, tag{}))
		<-met
		q.closeOne()
	})
}

// A window that was fetched in pieces, of one value from each producer, keeps none of them alive once they are taken.
func TestConsumerKeepsNothingThatItHasTaken(t *testing.T) {
	q := newWindowQueue[*[1024]byte](0, false)
	q.attach(func() {})
	producers := []sink[*[1024]byte]{q.producer(), q.producer(), q.producer()}
	in, seat := q.consumer(nil).(*inPort[*[1024]byte]), newGoroutineSeat()
	in.pace.size = len(producers)
	var refs []weak.Pointer[[1024]byte]
	for _, p := range producers {
		v := new([1024]byte)
		refs = append(refs, weak.Make(v))
		require.True(t, p.put(seat, v, tag{}))
	}
	for range producers {
		_, _, ok := in.take(seat)
		require.True(t, ok)
	}
	runtime.GC()
	for i, ref := range refs {
		assert.Nil(t, ref.Value(), "value %d", i)
	}
	runtime.KeepAlive(in)
}
