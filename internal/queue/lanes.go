package queue

import (
	"context"
	"sync"
	"time"

	"github.com/gopeln/pl/internal/timesheet"
)

// Lanes is a queue that is first in, first out over all its producers, which a Windowed is not. It
// can also bound the weight of its values, and keep those of one key apart: then at most one value
// of a key is with a consumer, and the next leaves the queue only when that one has been given back.
//
// It is a list under a lock. Invariants, while no method holds the lock:
//
//  1. A value is in ready, or it waits in the lane of its key, behind one that is in ready or with a
//     consumer.
//  2. A producer is in entering only if the value of the first there does not fit. So values enter in
//     the order in which they came.
//  3. If ready is not empty and a consumer is parked, one is awake that will look at ready, and will
//     wake the next.
//  4. A lane is in lanes only while one of its values is in the queue, enters it, or is with a
//     consumer.
type Lanes[T any, K comparable] struct {
	limit int               // of the values in the queue; 0: no bound
	most  int64             // of the weight of the values in the queue and with consumers; 0: no bound
	ask   func() Ask[T, K]  // nil: the values have neither key nor weight
	keyed bool              // the values have keys
	lanes map[K]*lane[T, K] // by key
	spare []*lane[T, K]     // lanes to be used again

	mu              sync.Mutex
	ready           arrivals[T, K]
	entering        list[*entrance[T, K]]
	arrived         uint64 // values that have entered
	stored          int    // values in ready and in lanes
	unbegun         int    // values that were pulled and not begun; they count for limit
	reserved        int    // room that driven producers hold
	weight          int64
	pulled          int64 // values that have left the queue
	consumers       int
	stages          int
	onStop          []func()
	stopped         bool
	parkedConsumers parking
}

// Ask returns the key and the weight of a value that one producer puts. It may call the user's
// functions, without the queue's lock. ok is false if the value must not enter.
type Ask[T any, K comparable] func(me *Waiter, v T, t Tag) (key K, weight int64, ok bool)

// lane holds the values of one key that wait for an earlier one of it.
type lane[T any, K comparable] struct {
	key     K
	waiting list[entry[T, K]]
	members int  // values that are in the queue, enter it, or are with a consumer
	busy    bool // one of them is in ready or with a consumer
}

type entry[T any, K comparable] struct {
	v       T
	t       Tag
	weight  int64
	lane    *lane[T, K] // nil: the value has no key
	arrival uint64      // its number among those that have entered
}

// entrance is a producer that waits for room. The goroutine that makes room moves its value.
type entrance[T any, K comparable] struct {
	entry[T, K]
	producer *Waiter
	entered  bool
}

// NewFIFO makes a queue that is first in, first out over all its producers. 0 is no bound.
func NewFIFO[T any](limit int) *Lanes[T, struct{}] { return &Lanes[T, struct{}]{limit: limit} }

// NewLanes makes a queue of at most limit values, in it and with its consumers of a weight of most
// together; 0 is no bound. If keyed, it has lanes. It calls ask for each producer.
func NewLanes[T any, K comparable](limit int, most int64, keyed bool, ask func() Ask[T, K]) *Lanes[T, K] {
	return &Lanes[T, K]{limit: limit, most: most, keyed: keyed, ask: ask, lanes: map[K]*lane[T, K]{}}
}

// Producer adds a producing worker.
func (q *Lanes[T, K]) Producer() Sink[T] {
	s := &lanesSink[T, K]{q: q}
	if q.ask != nil {
		s.ask = q.ask()
	}
	return s
}

// laneOf returns the lane of key, with one member more. A key that differs from itself has a new
// lane each time.
func (q *Lanes[T, K]) laneOf(key K) *lane[T, K] {
	l := q.lanes[key]
	if l == nil {
		if n := len(q.spare); n > 0 {
			l, q.spare = q.spare[n-1], q.spare[:n-1]
		} else {
			l = new(lane[T, K])
		}
		if l.key = key; key == key {
			q.lanes[key] = l
		}
	}
	l.members++
	return l
}

// mostSpareLanes bounds the memory of lanes that are kept for later keys.
const mostSpareLanes = 1024

// forget removes a lane without members.
func (q *Lanes[T, K]) forget(l *lane[T, K]) {
	delete(q.lanes, l.key)
	var none K
	if l.key = none; len(q.spare) < mostSpareLanes && len(l.waiting.ring) <= 64 {
		q.spare = append(q.spare, l)
	}
}

// enterInTurn waits until there is room for e and all producers that came before have entered.
func (q *Lanes[T, K]) enterInTurn(me *Waiter, e entry[T, K]) bool {
	if q.entering.count == 0 && q.fits(e.weight) {
		q.enter(e)
		return true
	}
	w := &entrance[T, K]{entry: e, producer: me}
	q.entering.push(w)
	for !w.entered && !q.stopped {
		q.mu.Unlock()
		me.park(timesheet.Blocked)
		q.mu.Lock()
	}
	return w.entered
}

// fits reports whether there is room for one more value of that weight. If nothing of any weight is
// there, a value that is too heavy fits too.
func (q *Lanes[T, K]) fits(weight int64) bool {
	if q.limit > 0 && q.stored+q.unbegun+q.reserved >= q.limit {
		return false
	}
	return q.most == 0 || q.weight == 0 || q.weight <= q.most && weight <= q.most-q.weight
}

// enter stores e, in ready if its lane is free.
func (q *Lanes[T, K]) enter(e entry[T, K]) {
	e.arrival = q.arrived
	q.arrived++
	q.stored++
	q.weight += e.weight
	if e.lane != nil && e.lane.busy {
		e.lane.waiting.push(e)
		return
	}
	if e.lane != nil {
		e.lane.busy = true
	}
	q.ready.add(e)
	q.parkedConsumers.wakeFirst()
}

// admit lets the producers in that wait, as far as there is room.
func (q *Lanes[T, K]) admit() {
	for q.entering.count > 0 && q.fits(q.entering.peek().weight) {
		w := q.entering.pop()
		w.entered = true
		q.enter(w.entry)
		w.producer.seat.Wake()
	}
}

// Consumer adds a consuming worker.
func (q *Lanes[T, K]) Consumer(*Word) Inlet[T] {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.consumers++
	return &lanesInlet[T, K]{q: q}
}

// lanesInlet is one consumer's end.
type lanesInlet[T any, K comparable] struct {
	q      *Lanes[T, K]
	number int64 // of the value taken last
}

// Number is the place of the value taken last among all that have left the queue, from 0.
func (in *lanesInlet[T, K]) Number() int64 { return in.number }

// giveBack takes back what a value has kept.
func (q *Lanes[T, K]) giveBack(of any, weight int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if l, _ := of.(*lane[T, K]); q.reopen(l, weight) {
		q.parkedConsumers.wakeFirst()
	}
	q.admit()
}

// reopen takes back what a value has kept, and reports whether that has made another ready.
func (q *Lanes[T, K]) reopen(l *lane[T, K], weight int64) (ready bool) {
	if q.stopped {
		return false
	}
	q.weight -= weight
	if l == nil {
		return false
	}
	l.members--
	switch {
	case l.waiting.count > 0:
		q.ready.reopen(l.waiting.pop())
		return true
	case l.members == 0:
		l.busy = false
		q.forget(l)
	default: // one is still to enter
		l.busy = false
	}
	return false
}

func (q *Lanes[T, K]) holdOf(e *entry[T, K]) Hold {
	if e.lane == nil && e.weight == 0 {
		return Hold{}
	}
	return Hold{q: q, lane: e.lane, weight: e.weight}
}

func (in *lanesInlet[T, K]) Take(me *Waiter) (v T, t Tag, ok bool) {
	var h Hold
	return in.takeUnless(me, &h, nil)
}

// Exchange gives back what h keeps and takes a value, at the price of one lock.
func (in *lanesInlet[T, K]) Exchange(me *Waiter, h *Hold) (v T, t Tag, ok bool) {
	if h.shares != nil {
		h.Release()
	}
	return in.takeUnless(me, h, nil)
}

// TakeFor takes up to n values: what comes until the time is over or the input ends.
func (in *lanesInlet[T, K]) TakeFor(me *Waiter, n int, d time.Duration) (values []T) {
	return takeFor(me, n, d, func(quit func() bool) (v T, ok bool) {
		var h Hold
		v, _, ok = in.takeUnless(me, &h, quit)
		return v, ok
	})
}

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
// the queue is stopped, and if quit reports true. It leaves me on no list.
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

// left counts n values that have left ready, and wakes the consumers that have something to do now.
func (q *Lanes[T, K]) left(n int) {
	q.stored -= n
	q.pulled += int64(n)
	if q.stages == 0 && q.stored == 0 {
		q.parkedConsumers.wakeAll()
		return
	}
	q.wakeNext()
}

func (q *Lanes[T, K]) wakeNext() {
	if q.ready.count > 0 {
		q.parkedConsumers.wakeFirst()
	}
}

// Pull moves up to n values to take, a fair share of what is ready, and waits for the first. They
// count as queued until Begin. ok is false at the end of the input, when the queue is stopped, and
// when ctx ends.
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

// TryPull is Pull that does not wait; it may move no value.
func (in *lanesInlet[T, K]) TryPull(n int, take Pulled[T]) (got int) {
	in.q.mu.Lock()
	defer in.q.mu.Unlock()
	return in.q.pull(n, take)
}

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

// Begin records that n pulled values have been begun: the queue has room for others.
func (in *lanesInlet[T, K]) Begin(n int) {
	q := in.q
	q.mu.Lock()
	defer q.mu.Unlock()
	q.unbegun -= n
	q.admit()
}

func (q *Lanes[T, K]) isStopped() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.stopped
}

// Taken returns how many values consumers have taken: they have begun them, if they are driven.
func (q *Lanes[T, K]) Taken() uint64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return uint64(q.pulled) - uint64(q.unbegun)
}

// AddStage adds a producing stage.
func (q *Lanes[T, K]) AddStage(onStop func()) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.stages++
	q.onStop = append(q.onStop, onStop)
}

// StageEnded ends the input when all stages have ended.
func (q *Lanes[T, K]) StageEnded() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.stages--; q.stages == 0 && q.stored == 0 {
		q.parkedConsumers.wakeAll()
	}
}

// Stop makes every Put and Take return at once.
func (q *Lanes[T, K]) Stop() {
	q.mu.Lock()
	first := !q.stopped
	q.stopped = true
	q.ready, q.lanes, q.spare = arrivals[T, K]{}, nil, nil
	q.parkedConsumers.wakeAll()
	for q.entering.count > 0 {
		q.entering.pop().producer.seat.Wake()
	}
	onStop := q.onStop
	q.mu.Unlock()
	if first {
		for _, f := range onStop {
			f()
		}
	}
}

// Len returns the number of values in the queue.
func (q *Lanes[T, K]) Len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.stored + q.unbegun
}
