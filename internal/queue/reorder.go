package queue

import (
	"sync"
	"sync/atomic"

	"github.com/gopeln/pl/internal/timesheet"
)

// Reorder is the queue before an Ordered. A worker writes a value to the slot of its number,
// without a lock; the consumer goes from slot to slot. There is one consumer.
//
// Who may touch what:
//   - A slot belongs to the worker that has the value of its number, until that worker stores the
//     slot's state. From then on it belongs to the consumer, until the consumer has passed it.
//   - Slots are in blocks. A block stays where the table says while the consumer has not passed all
//     of its numbers, so a worker that has a value of the block needs no lock to find it, and the
//     block cannot be recycled under it.
//   - The consumer, before it parks, stores in awaited which number it waits for, and looks at its
//     slot once more; a worker stores the slot's state first, and then looks at awaited. So at
//     least one of the two sees the other, and no wake-up is lost. The same holds for released and
//     sourceParked between the consumer and the source.
type Reorder[T any] struct {
	// These are set before the first value, and then only read.
	limit uint64 // source values that may be under way; 0: no bound
	finds bool   // the queue records the places of values; see Find

	// Workers and the consumer read these for each value; they are seldom written.
	table atomic.Pointer[table[T]] // replaced under mu
	// awaited is the number that the consumer waits for, plus 1; 0: it does not wait. The consumer
	// sets it; the consumer, or a worker that wakes it, clears it. They hold mu; workers read it
	// without.
	awaited atomic.Uint64
	stopped atomic.Bool // set by the first Stop
	_       [64]byte

	// The consumer writes these for each value. Len reads head and fetched, the source released.
	head     atomic.Uint64 // the number that is next
	fetched  atomic.Int64  // children that the consumer has fetched and not taken
	released atomic.Uint64 // source values that are no longer under way; 0 if there is no limit
	// sourceParked is written by the source under mu, and read by the consumer for each value.
	sourceParked atomic.Bool
	_            [64]byte

	// Only the source uses these.
	admitted     uint64 // source values that have been admitted
	releasedSeen uint64 // released, when the source last read it
	_            [64]byte

	mu             sync.Mutex // guards what follows
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

// Producer implements Queue. It returns q.
func (q *Reorder[T]) Producer() Sink[T] { return q }

// Consumer implements Queue. It may be called once.
func (q *Reorder[T]) Consumer(*Word) Inlet[T] { return &reorderInlet[T]{q: q} }

// Put implements Sink. It never waits.
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

// settle hands the slot of the number seq to the consumer, and wakes the consumer if it waits for
// that slot.
func (q *Reorder[T]) settle(s *slot[T], seq uint64, k slotKind) {
	s.state.Store(settled(seq, k)) // from here on the slot is the consumer's
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

// full reports whether as many source values are under way as may be. It reads released only if
// what the source has seen of it does not suffice.
func (q *Reorder[T]) full() bool {
	if q.admitted-q.releasedSeen < q.limit {
		return false
	}
	q.releasedSeen = q.released.Load()
	return q.admitted-q.releasedSeen >= q.limit
}

// awaitRelease waits until q is not full, or stopped.
func (q *Reorder[T]) awaitRelease(me *Waiter) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for {
		q.sourceParked.Store(true) // before it looks at released
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

// release records that the source values before head are no longer under way, and wakes the source
// if it waits for that. Only the consumer calls it.
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

// Len implements Queue. It takes time in proportion to the number of values.
func (q *Reorder[T]) Len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.storedFrom(q.head.Load()) + q.parents.stored + int(q.fetched.Load())
}
