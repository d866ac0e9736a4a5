package queue

import (
	"sync"
	"sync/atomic"

	"github.com/gopeln/pl/internal/timesheet"
)

// Reorder is the queue before an Ordered. A value is written to the slot of its number, without a
// lock; the consumer goes from slot to slot. There is one consumer.
//
// Who may touch what:
//   - A slot belongs to the worker that has the value of its number, until it stores the slot's
//     state. From then on it belongs to the consumer, until that has passed it.
//   - Slots are in blocks. A block stays where the table says while the consumer has not passed all
//     of its numbers, so a worker that has a value of the block needs no lock to find it, and the
//     block cannot be recycled under it.
//   - The consumer, before it parks, stores in awaited what it waits for, and looks at that slot
//     once more; a worker stores the slot's state first, and then looks at awaited. So at least one
//     of the two sees the other, and no wake-up is lost. The same holds for released and
//     sourceParked between the consumer and the source.
type Reorder[T any] struct {
	limit uint64 // source values that may be under way; 0: no bound
	finds bool   // it remembers where values are

	// Read by all for each value, and seldom written.
	table   atomic.Pointer[table[T]]
	awaited atomic.Uint64 // the number that the parked consumer waits for, plus 1; 0: it is not parked
	stopped atomic.Bool
	_       [64]byte

	// Written by the consumer for each value.
	head         atomic.Uint64 // the number that is next
	fetched      atomic.Int64  // children that it has fetched and not taken
	released     atomic.Uint64 // source values that are no longer under way; 0 if there is no limit
	sourceParked atomic.Bool
	_            [64]byte

	// The source's own.
	admitted     uint64
	releasedSeen uint64
	_            [64]byte

	mu             sync.Mutex
	blocks         blocks[T]
	parents        parents[T]
	stages         int
	onStop         []func()
	parkedConsumer parking
	parkedSource   parking
}

// NewReorder makes a queue that admits limit source values at a time; 0 is no bound.
func NewReorder[T any](limit int) *Reorder[T] {
	q := &Reorder[T]{limit: uint64(limit)}
	q.table.Store(newTable[T](1))
	return q
}

func (q *Reorder[T]) Producer() Sink[T]       { return q }
func (q *Reorder[T]) Consumer(*Word) Inlet[T] { return &reorderInlet[T]{q: q} }

// Put never waits.
func (q *Reorder[T]) Put(_ *Waiter, v T, t Tag) bool {
	if q.stopped.Load() {
		return false
	}
	if t.child > 0 {
		return q.putChild(v, t)
	}
	s := q.slot(t.Seq)
	if s == nil {
		return !q.stopped.Load()
	}
	s.v = v
	q.settle(s, t.Seq, slotValue)
	return true
}

// Hole implements Tracker.
func (q *Reorder[T]) Hole(t Tag) {
	switch {
	case q.stopped.Load():
	case t.child > 0:
		q.childHole(t)
	default:
		if s := q.slot(t.Seq); s != nil {
			q.settle(s, t.Seq, slotHole)
		}
	}
}

// settle hands the slot to the consumer, and wakes it if it waits for that.
func (q *Reorder[T]) settle(s *slot[T], seq uint64, k slotKind) {
	s.state.Store(settled(seq, k))
	if q.awaited.Load() == seq+1 {
		q.mu.Lock()
		q.wakeFor(seq)
		q.mu.Unlock()
	}
}

// wakeFor wakes the consumer if it waits for seq. The caller must hold q.mu.
func (q *Reorder[T]) wakeFor(seq uint64) {
	if q.awaited.Load() == seq+1 {
		q.awaited.Store(0)
		q.parkedConsumer.wakeFirst()
	}
}

// Limited implements Tracker.
func (q *Reorder[T]) Limited() bool { return q.limit > 0 }

// Admit implements Tracker.
func (q *Reorder[T]) Admit(me *Waiter) {
	if q.limit == 0 {
		return
	}
	if q.full() {
		q.awaitRelease(me)
	}
	q.admitted++
}

// full reports whether as many source values are under way as may be. It looks at released only if
// it has to.
func (q *Reorder[T]) full() bool {
	if q.admitted-q.releasedSeen < q.limit {
		return false
	}
	q.releasedSeen = q.released.Load()
	return q.admitted-q.releasedSeen >= q.limit
}

func (q *Reorder[T]) awaitRelease(me *Waiter) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for {
		q.sourceParked.Store(true) // and only then look
		if q.stopped.Load() || !q.full() {
			break
		}
		q.parkedSource.add(me)
		q.mu.Unlock()
		me.park(timesheet.Blocked)
		q.mu.Lock()
		q.parkedSource.unparked(me)
	}
	q.sourceParked.Store(false)
	q.parkedSource.remove(me)
}

// release says that the source values before head are no longer under way.
func (q *Reorder[T]) release(head uint64) {
	if q.limit == 0 {
		return
	}
	q.released.Store(head)
	if q.sourceParked.Load() {
		q.mu.Lock()
		q.parkedSource.wakeFirst()
		q.mu.Unlock()
	}
}

// AddStage implements Queue.
func (q *Reorder[T]) AddStage(onStop func()) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.stages++
	q.onStop = append(q.onStop, onStop)
}

// StageEnded implements Queue.
func (q *Reorder[T]) StageEnded() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.stages--; q.stages == 0 {
		q.parkedConsumer.wakeAll()
	}
}

// Stop implements Queue.
func (q *Reorder[T]) Stop() {
	if q.stopped.Swap(true) {
		return
	}
	q.mu.Lock()
	q.table.Store(newTable[T](1)) // or what it leads to would be kept alive
	q.blocks, q.parents = blocks[T]{}, parents[T]{}
	q.parkedConsumer.wakeAll()
	q.parkedSource.wakeAll()
	onStop := q.onStop
	q.mu.Unlock()
	for _, f := range onStop {
		f()
	}
}

// Len implements Queue. It takes time for each value that is there.
func (q *Reorder[T]) Len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.storedFrom(q.head.Load()) + q.parents.stored + int(q.fetched.Load())
}
