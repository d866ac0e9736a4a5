package queue

import (
	"context"
	"time"

	"github.com/gopeln/pl/internal/timesheet"
)

// Consumer implements Queue.
func (q *Lanes[T, K]) Consumer(*Word) Inlet[T] {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.consumers++
	return &lanesInlet[T, K]{q: q, word: new(Word)}
}

// lanesInlet is a consumer's end of a Lanes. Only its worker uses it, but for Begin.
type lanesInlet[T any, K comparable] struct {
	q      *Lanes[T, K]
	number int64 // of the value taken last
	pace   pace

	// The window is of entries, in buf. Its word has the fields of a Windowed's consumer. A place
	// that is unclaimed belongs to the holder of q.mu, one that is claimed to the worker; and once
	// the worker has claimed the next, the value has ended, and what its place says that it keeps
	// belongs to the holder of q.mu.
	word  *Word
	buf   []entry[T, K]
	given *entry[T, K] // the place of the value taken last; nil: none since the last fetch

	// What a Pulled is called with.
	value [1]T
	tag   [1]Tag

	// These are guarded by q.mu.
	claimed   int // of the places, those that q.fetched no longer counts
	ended     int // of these, those whose values have given back what they kept
	inWindows bool
}

// Number implements HoldingInlet.
func (in *lanesInlet[T, K]) Number() int64 { return in.number }

// holdOf returns what e keeps until it has ended.
func (q *Lanes[T, K]) holdOf(e *entry[T, K]) Hold {
	if e.lane == nil && e.weight == 0 {
		return Hold{}
	}
	return Hold{q: q, lane: e.lane, weight: e.weight}
}

// Take implements Inlet. It is for values that hold nothing.
func (in *lanesInlet[T, K]) Take(me *Waiter) (v T, t Tag, ok bool) {
	var h Hold
	return in.takeUnless(me, &h, nil)
}

// Exchange implements HoldingInlet. It takes no lock while the window has a value.
func (in *lanesInlet[T, K]) Exchange(me *Waiter, h *Hold) (v T, t Tag, ok bool) {
	return in.takeUnless(me, h, nil)
}

// TakeFor implements TimedInlet.
func (in *lanesInlet[T, K]) TakeFor(me *Waiter, n int, d time.Duration) (values []T) {
	return takeFor(me, n, d, func(quit func() bool) (v T, ok bool) {
		var h Hold
		v, _, ok = in.takeUnless(me, &h, quit)
		return v, ok
	})
}

// takeUnless is Exchange that also fails once quit reports true. The goroutine that makes quit true
// must wake the seat.
func (in *lanesInlet[T, K]) takeUnless(me *Waiter, h *Hold, quit func() bool) (v T, t Tag, ok bool) {
	in.leave(h)
	if !in.claim() && !in.fill(me, quit) {
		return v, t, false
	}
	e := in.given
	in.number, *h = e.number, in.q.holdOf(e)
	v, e.v = e.v, v // the place would keep alive what they point to
	t, e.t = e.t, t
	return v, t, true
}

// leave ends the value taken last. What it keeps is left in its place, for the holder of q.mu, unless
// h keeps it no more, or others have shares of it.
func (in *lanesInlet[T, K]) leave(h *Hold) {
	if h.q == nil || h.shares != nil {
		in.entrust()
	}
	if h.shares != nil {
		h.Release()
	}
	*h = Hold{}
}

// entrust leaves it to the Hold of the value taken last to give back what the value keeps.
func (in *lanesInlet[T, K]) entrust() {
	if in.given != nil {
		in.given.lane, in.given.weight = nil, 0
	}
}

// fill fetches a window and takes its first value. It waits for one, and fails as Exchange does.
func (in *lanesInlet[T, K]) fill(me *Waiter, quit func() bool) bool {
	size := 1
	if !in.q.oneByOne {
		size = in.pace.nextSize()
	}
	q := in.q
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.keyed && q.consumers == 1 {
		size = 1 // values of other keys would leave before one that comes before them
	}
	for n := 0; n == 0; {
		in.finish() // me takes what that makes ready, or wakes the next
		if !q.awaitReady(me, quit) {
			return false
		}
		if in.given != nil { // another seat of the worker has fetched a window meanwhile
			in.entrust()
			if _, ok := in.claimNext(); ok {
				q.refresh()
				return true
			}
			in.finish()
		}
		if n = q.fetch(in, size); n == 0 {
			n = q.steal(in)
		}
	}
	in.pace.fetched(len(in.buf))
	return true
}

// finish gives back what the values of a window without unclaimed ones have kept. The caller must
// hold q.mu.
func (in *lanesInlet[T, K]) finish() {
	in.q.settle(in, 0)
	in.given = nil
	in.q.admit()
}

// hasValue reports whether a consumer would find a value. It looks at the windows even if there is
// one in ready, so that a lane that has opened does not wait behind values that came later. The
// caller must hold q.mu.
func (q *Lanes[T, K]) hasValue() bool {
	most := q.survey()
	q.admit()
	return most != nil || q.ready.count > 0
}

// awaitReady waits until there is a value in ready, or in a window. It reports false at the end of
// the input, once the queue is stopped, and if quit reports true. When it returns, me is on no list.
// The caller must hold q.mu, which awaitReady releases while it is parked.
func (q *Lanes[T, K]) awaitReady(me *Waiter, quit func() bool) bool {
	for q.stopped || !q.hasValue() {
		quits := quit != nil && quit()
		switch {
		case q.stopped, quits, q.stages == 0 && q.stored == 0, !me.ownsGoroutine && !me.listed && !me.seat.WaitInput():
			q.parkedConsumers.remove(me)
			q.wakeNext() // me may have been woken for a value
			return false
		}
		q.parkedConsumers.add(me)
		q.mu.Unlock()
		me.park(timesheet.Starved)
		q.mu.Lock()
		q.parkedConsumers.unparked(me)
	}
	q.parkedConsumers.remove(me)
	return true
}

// left records that n values have left ready. It wakes the next consumer if there is a value for
// it, or all if the input has ended. The caller must hold q.mu.
func (q *Lanes[T, K]) left(n int) {
	q.stored -= n
	q.pulled += int64(n)
	if q.stages == 0 && q.stored == 0 {
		q.parkedConsumers.wakeAll()
		return
	}
	q.wakeNext()
}

// wakeNext wakes a consumer if there is a value for it, or may be one in a window. The caller must
// hold q.mu.
func (q *Lanes[T, K]) wakeNext() {
	if q.ready.count > 0 || len(q.windows) > 0 {
		q.parkedConsumers.wakeFirst()
	}
}

// Pull implements PulledInlet.
func (in *lanesInlet[T, K]) Pull(ctx context.Context, me *Waiter, n int, take Pulled[T]) (got int, ok bool) {
	q := in.q
	q.mu.Lock()
	defer q.mu.Unlock()
	stop := context.AfterFunc(ctx, me.seat.Wake)
	defer stop()
	if !q.awaitReady(me, func() bool { return ctx.Err() != nil }) {
		return 0, false
	}
	return in.pull(n, take), true
}

// TryPull implements PulledInlet.
func (in *lanesInlet[T, K]) TryPull(n int, take Pulled[T]) (got int) {
	in.q.mu.Lock()
	defer in.q.mu.Unlock()
	return in.pull(n, take)
}

// pull is TryPull. The caller must hold q.mu.
func (in *lanesInlet[T, K]) pull(n int, take Pulled[T]) (got int) {
	q := in.q
	if q.stopped || n == 0 || q.ready.count == 0 {
		return 0
	}
	got = max(1, min(n, q.ready.count/q.consumers))
	in.buf = q.ready.moveTo(in.buf[:0], got)
	for i := range in.buf {
		e := &in.buf[i]
		h := q.holdOf(e)
		in.value[0], in.tag[0] = e.v, e.t
		take(i, q.pulled+int64(i), in.value[:], in.tag[:], &h)
	}
	clear(in.buf)
	clear(in.value[:])
	clear(in.tag[:])
	q.unbegun += got
	q.left(got)
	return got
}

// Begin implements PulledInlet.
func (in *lanesInlet[T, K]) Begin(n int) {
	q := in.q
	q.mu.Lock()
	defer q.mu.Unlock()
	q.unbegun -= n
	q.admit()
}
