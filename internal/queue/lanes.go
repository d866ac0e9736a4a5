package queue

import (
	"sync"

	"github.com/gopeln/pl/internal/timesheet"
)

// Lanes is a queue that is first in, first out over all its producers, which a Windowed is not. It
// can also bound the weight of its values. If the values have keys, at most one value of a key is
// with a consumer, and the next leaves the queue only when the Hold of that one has been released.
//
// It is a list under a lock, from which consumers fetch windows of values, as from a Windowed. A
// worker that begins the next value of its window has ended the one before, and says so by the same
// exchange. The next holder of the lock gives back what that value has kept.
//
// Invariants, while no method holds the lock:
//
//  1. A value is in ready, in a window, or in the lane of its key; there it is behind one that is in
//     ready or a window, or with a consumer.
//  2. A producer is in entering only if the value of the first producer there does not fit. So
//     values enter in the order in which they came.
//  3. If a value is in ready, or unclaimed in a window, and a consumer is parked, another is woken
//     that will look there, and will wake the next. So a consumer that is parked, with none woken,
//     misses nothing that happens without the lock: there is no window in which it could.
//  4. A lane in lanes has a value that is in the queue, enters it, or is with a consumer; or it is
//     in idle, as are at most mostIdleLanes.
//  5. A window with unclaimed values is listed in windows, and if a producer waits for room, its
//     next claim is announced.
type Lanes[T any, K comparable] struct {
	// These never change.
	limit int              // of the values in the queue; 0: no bound
	most  int64            // of the weight of the values in the queue and with consumers; 0: no bound
	ask   func() Ask[T, K] // nil: the values have neither key nor weight
	keyed bool             // the values have keys
	// oneByOne: consumers have no windows, so that values are begun in the order of their numbers.
	oneByOne bool

	mu              sync.Mutex        // guards what follows, the lanes, and the entrances
	lanes           map[K]*lane[T, K] // by key
	idle            list[*lane[T, K]] // lanes that lost their last member, in that order
	ready           arrivals[T, K]
	entering        list[*entrance[T, K]] // the producers that wait for room
	arrived         int64                 // values that have entered
	stored          int                   // values in ready and in lanes
	fetched         int                   // values in windows, those included that were claimed since settle looked
	windows         []*lanesInlet[T, K]   // those that may have unclaimed values
	unbegun         int                   // values that were pulled and not begun; they count for limit
	reserved        int                   // room that driven producers hold
	weight          int64                 // of the values in the queue and with consumers
	pulled          int64                 // values that have left the queue
	consumers       int
	stages          int      // producing stages that have not ended
	onStop          []func() // called by the first Stop
	stopped         bool
	parkedConsumers parking
}

// Ask returns the key and the weight of a value that one producer puts. It may call the user's
// functions, without the queue's lock. ok is false if the value must not enter.
type Ask[T any, K comparable] func(me *Waiter, v T, t Tag) (key K, weight int64, ok bool)

// lane holds the values of one key that wait for an earlier value of that key.
type lane[T any, K comparable] struct {
	key     K
	waiting list[entry[T, K]]
	members int  // values that are in the queue, enter it, or are with a consumer
	busy    bool // one of them is in ready or with a consumer
	idle    bool // it is in the queue's list of that name
}

type entry[T any, K comparable] struct {
	v      T
	t      Tag
	weight int64
	lane   *lane[T, K] // nil: the value has no key
	number int64       // among those that have entered; in a window, among those that have left
}

// entrance is a producer that waits for room, with its value. The goroutine that makes room enters
// the value and sets entered.
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

// OneByOne makes consumers fetch one value at a time, if so. It must be called before the first is
// added.
func (q *Lanes[T, K]) OneByOne(so bool) *Lanes[T, K] {
	q.oneByOne = so
	return q
}

// Producer implements Queue.
func (q *Lanes[T, K]) Producer() Sink[T] {
	s := &lanesSink[T, K]{q: q}
	if q.ask != nil {
		s.ask = q.ask()
	}
	return s
}

// laneOf returns the lane of key, with one member more. A key that differs from itself has a new
// lane each time. The caller must hold q.mu.
func (q *Lanes[T, K]) laneOf(key K) *lane[T, K] {
	l := q.lanes[key]
	if l == nil {
		if l = q.evict(); l == nil {
			l = new(lane[T, K])
		}
		if l.key = key; key == key {
			q.lanes[key] = l
		}
	}
	l.members++
	return l
}

// mostIdleLanes bounds how many keys without values are remembered. To forget each at once, and
// have it in the map again with its next value, would cost more than all else that is done here for
// a value.
const mostIdleLanes = 1024

// rest keeps a lane without members for the next value of its key. The caller must hold q.mu.
func (q *Lanes[T, K]) rest(l *lane[T, K]) {
	if len(l.waiting.ring) > 64 {
		l.waiting = list[entry[T, K]]{}
	}
	if !l.idle {
		q.evict()
		l.idle = true
		q.idle.push(l)
	}
}

// evict forgets a lane that has been without members for long, and returns it, if so many are
// remembered that it has to go. The caller must hold q.mu.
func (q *Lanes[T, K]) evict() *lane[T, K] {
	for q.idle.count >= mostIdleLanes {
		l := q.idle.pop()
		if l.idle = false; l.members == 0 {
			delete(q.lanes, l.key)
			return l
		}
	}
	return nil
}

// enterInTurn waits until all values that came before have entered and there is room for e, and
// enters e. It reports false once the queue is stopped. The caller must hold q.mu, which
// enterInTurn releases while it is parked.
func (q *Lanes[T, K]) enterInTurn(me *Waiter, e *entry[T, K]) bool {
	if q.entering.count == 0 && (q.fits(e.weight) || q.makesRoom(e.weight)) {
		q.enter(e)
		return true
	}
	w := &entrance[T, K]{entry: *e, producer: me}
	q.entering.push(w)
	q.askForClaim()
	for !w.entered && !q.stopped {
		q.mu.Unlock()
		me.park(timesheet.Blocked)
		q.mu.Lock()
	}
	return w.entered
}

// fits reports whether there is room for one more value of that weight. If no other weight is
// there, a value that is heavier than the bound fits too. The caller must hold q.mu.
func (q *Lanes[T, K]) fits(weight int64) bool {
	if q.limit > 0 && q.stored+q.fetched+q.unbegun+q.reserved >= q.limit {
		return false
	}
	return q.most == 0 || q.weight == 0 || q.weight <= q.most && weight <= q.most-q.weight
}

// enter stores e: in ready if its lane is free, else in the lane. The caller must hold q.mu.
func (q *Lanes[T, K]) enter(e *entry[T, K]) {
	e.number = q.arrived
	q.arrived++
	q.stored++
	q.weight += e.weight
	if e.lane != nil && e.lane.busy {
		e.lane.waiting.push(*e)
		return
	}
	if e.lane != nil {
		e.lane.busy = true
	}
	q.ready.add(e)
	q.parkedConsumers.wakeFirst()
}

// admit enters the values of the producers that wait, in their order, as far as there is room, and
// wakes these producers. The caller must hold q.mu.
func (q *Lanes[T, K]) admit() {
	for q.entering.count > 0 && q.fits((*q.entering.at(0)).weight) {
		w := q.entering.pop()
		w.entered = true
		q.enter(&w.entry)
		w.producer.seat.Wake()
	}
}

// giveBack gives back what a value of that lane, which may be nil, and weight has kept: the next
// value of the lane becomes ready, and values that wait for room enter.
func (q *Lanes[T, K]) giveBack(of any, weight int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if l, _ := of.(*lane[T, K]); q.reopen(l, weight) {
		q.parkedConsumers.wakeFirst()
	}
	q.admit()
}

// reopen gives back what a value of lane l, which may be nil, and weight has kept. It reports
// whether the next value of the lane has become ready. The caller must hold q.mu.
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
		q.ready.reopen(l)
		return true
	case l.members == 0:
		l.busy = false
		q.rest(l)
	default: // one is still to enter
		l.busy = false
	}
	return false
}

func (q *Lanes[T, K]) isStopped() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.stopped
}

// Taken returns the number of values that consumers have ever taken, or begun if they are driven.
func (q *Lanes[T, K]) Taken() uint64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.refresh()
	return uint64(q.pulled) - uint64(q.fetched) - uint64(q.unbegun)
}

// AddStage implements Queue.
func (q *Lanes[T, K]) AddStage(onStop func()) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.stages++
	q.onStop = append(q.onStop, onStop)
}

// StageEnded implements Queue.
func (q *Lanes[T, K]) StageEnded() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.stages--; q.stages == 0 && q.stored == 0 {
		q.parkedConsumers.wakeAll()
	}
}

// Stop implements Queue.
func (q *Lanes[T, K]) Stop() {
	q.mu.Lock()
	first := !q.stopped
	q.stopped = true
	q.ready, q.lanes, q.idle = arrivals[T, K]{}, nil, list[*lane[T, K]]{}
	q.closeWindows()
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

// Len implements Queue.
func (q *Lanes[T, K]) Len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.refresh()
	return q.stored + q.fetched + q.unbegun
}
