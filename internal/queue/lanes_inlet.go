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
	return &lanesInlet[T, K]{q: q}
}

// lanesInlet is a consumer's end of a Lanes. Only its worker uses it, but for Begin.
type lanesInlet[T any, K comparable] struct {
	q      *Lanes[T, K]
	number int64 // of the value taken last
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

// Exchange implements HoldingInlet. It takes one lock.
func (in *lanesInlet[T, K]) Exchange(me *Waiter, h *Hold) (v T, t Tag, ok bool) {
	if h.shares != nil {
		h.Release()
	}
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
	q := in.q
	q.mu.Lock()
	defer q.mu.Unlock()
	if h.q != nil {
		l, _ := h.lane.(*lane[T, K])
		q.reopen(l, h.weight) // me takes what that makes ready, or wakes the next
		*h = Hold{}
		q.admit()
	}
	if !q.awaitReady(me, quit) {
		return v, t, false
	}
	e := q.ready.pop()
	in.number = q.pulled
	q.left(1)
	q.admit()
	*h = q.holdOf(&e)
	return e.v, e.t, true
}

// awaitReady waits until there is a value in ready. It reports false at the end of the input, once
// the queue is stopped, and if quit reports true. When it returns, me is on no list. The caller
// must hold q.mu, which awaitReady releases while it is parked.
func (q *Lanes[T, K]) awaitReady(me *Waiter, quit func() bool) bool {
	for q.ready.count == 0 || q.stopped {
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

// wakeNext wakes a consumer if there is a value for it. The caller must hold q.mu.
func (q *Lanes[T, K]) wakeNext() {
	if q.ready.count > 0 {
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
	return q.pull(n, take), true
}

// TryPull implements PulledInlet.
func (in *lanesInlet[T, K]) TryPull(n int, take Pulled[T]) (got int) {
	in.q.mu.Lock()
	defer in.q.mu.Unlock()
	return in.q.pull(n, take)
}

// pull is TryPull. The caller must hold q.mu.
func (q *Lanes[T, K]) pull(n int, take Pulled[T]) (got int) {
	if q.stopped || n == 0 || q.ready.count == 0 {
		return 0
	}
	got = max(1, min(n, q.ready.count/q.consumers))
	for i := range got {
		e := q.ready.pop()
		take(i, q.pulled+int64(i), e.v, e.t, q.holdOf(&e))
	}
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
