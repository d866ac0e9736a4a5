package queue

import (
	"context"
	"sync/atomic"
	"time"
)

// A driven worker takes values in bulk, has several of them under way, and reserves room for its
// results. The values that it has pulled are in no window, so no other worker can steal them, but
// they count against the bound until Begin is called for them.

// Pulled receives values of a Pull, from its i-th on. number is the place of the first among all
// values that ever left the queue. tags is empty if the queue keeps none. If h is not nil, there is
// only one value, and h is what it keeps. Pulled is called under the lock of the queue, and must not
// keep the slices.
type Pulled[T any] func(i int, number int64, values []T, tags []Tag, h *Hold)

// Pull implements PulledInlet.
func (p *In[T]) Pull(ctx context.Context, me *Waiter, n int, take Pulled[T]) (got int, ok bool) {
	q := p.q
	q.mu.Lock()
	defer q.unlock()
	if got = p.pullShare(n, take); got == 0 {
		stop := context.AfterFunc(ctx, me.seat.Wake)
		defer stop()
		for ; got == 0; got = p.pullShare(n, take) {
			if !q.await(me, func() bool { return ctx.Err() != nil }) {
				return 0, false
			}
		}
		q.parkedConsumers.remove(me)
	}
	q.wakeNext(false)
	return got, true
}

// TryPull implements PulledInlet.
func (p *In[T]) TryPull(n int, take Pulled[T]) (got int) {
	p.q.mu.Lock()
	defer p.q.unlock()
	if got = p.pullShare(n, take); got > 0 {
		p.q.wakeNext(false)
	}
	return got
}

// pullShare is TryPull without its lock, which the caller must hold.
func (p *In[T]) pullShare(n int, take Pulled[T]) (got int) {
	q := p.q
	if q.stopped || n == 0 {
		return 0
	}
	got = q.pull(p, q.share(n))
	take(0, q.pulled+q.static.fetched()-int64(got), p.buf, p.tags, nil)
	clear(p.buf)
	clear(p.tags)
	q.unbegun.Add(int64(got))
	return got
}

// share limits n to an equal part of the values for each worker, since no worker can steal from a
// driven one. The caller must hold the lock.
func (q *Windowed[T]) share(n int) int {
	there := q.static.remaining() + q.ready.count(n*len(q.ins))
	return max(1, min(n, there/len(q.ins)))
}

// Begin implements PulledInlet. It takes the lock only if a producer waits for room.
func (p *In[T]) Begin(n int) {
	p.q.unbegun.Add(-int64(n))
	if p.q.roomWanted.Load() {
		p.AnnounceClaim()
	}
}

// Drive implements ReservedSink.
func (p *Out[T]) Drive() { p.driven = true }

func (p *Out[T]) mostSpares() int {
	if p.driven {
		return mostDrivenSpares
	}
	return mostSpares
}

// Bounded implements ReservedSink.
func (p *Out[T]) Bounded() bool { return p.q.limit > 0 }

// Reserve implements ReservedSink. What it gets is credit that no other producer takes back. While
// a producer waits for room, it gets none.
func (p *Out[T]) Reserve(n int) int {
	q := p.q
	q.mu.Lock()
	defer q.unlock()
	if q.limit == 0 {
		return n
	}
	if q.parkedProducers.contended() {
		return 0
	}
	room := q.room()
	if room <= 0 {
		room = q.revoke()
	}
	got := max(0, min(int64(n), room, mostCredit-int64(p.word.load().credit())))
	if got > 0 {
		q.grant(p, got)
	}
	return int(got)
}

// Unreserve implements ReservedSink.
func (p *Out[T]) Unreserve(n int) {
	q := p.q
	if q.limit == 0 || n == 0 {
		return
	}
	q.mu.Lock()
	defer q.unlock()
	for {
		w := p.word.load()
		less := min(uint64(n), w.credit())
		// The exchange claims the credit for the queue, before the worker can spend it.
		if p.word.compareAndSwap(w, w-State(less)*oneCredit) {
			q.granted -= int64(less)
			break
		}
	}
	q.wakeNextProducer()
}

// TakeFor implements TimedInlet.
func (p *In[T]) TakeFor(me *Waiter, n int, d time.Duration) (values []T) {
	return takeFor(me, n, d, func(over func() bool) (v T, ok bool) {
		v, _, ok = p.takeUnless(me, over)
		return v, ok
	})
}

// takeFor calls take until it has n values, take reports false, or d has passed, even if there is
// always a value. take must return false once over reports true.
func takeFor[T any](me *Waiter, n int, d time.Duration, take func(over func() bool) (T, bool)) (values []T) {
	var over atomic.Bool
	timer := time.AfterFunc(d, func() {
		over.Store(true)
		me.seat.Wake()
	})
	defer timer.Stop()
	for len(values) < n && !over.Load() {
		v, ok := take(over.Load)
		if !ok {
			break
		}
		values = append(values, v)
	}
	return values
}
