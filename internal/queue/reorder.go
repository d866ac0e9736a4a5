package queue

import (
	"maps"
	"slices"
	"sync"
)

// tag is a value's place in the order of its source: the number of its source value, and, below a FlatMap, which child
// it is. Only queues that lead to an Ordered carry tags.
type Tag struct {
	Seq  uint64
	path *childPath
}

// childPath is a child's place below its parent, and so on upwards; nil is the source value itself.
type childPath struct {
	up    *childPath
	index int
}

func (t Tag) Child(i int) Tag { return Tag{t.Seq, &childPath{t.path, i}} }

// Tracker is what an Ordered wants to know of the values that will never reach it. The stages between it and the
// source tell it directly, past the queues, so that it never waits for a value that is known to be dropped.
type Tracker interface {
	// hole says that the value of tag t ends without a result.
	Hole(t Tag)
	// children says that the value of tag t has become n values, tagged as its children.
	Children(t Tag, n int)
	// admit waits until one more source value may be under way, or until the Ordered has ended.
	Admit(me *Waiter)
}

// Reorder is the queue in front of Ordered: a ring of slots by number, from the first value that is still
// missing on. It has one consumer.
type Reorder[T any] struct {
	limit int // source values that may be under way; 0: no bound

	mu             sync.Mutex
	slots          []slot[T] // a ring, its length a power of two
	head           uint64    // the number of the source value that is next
	last           uint64    // the highest number that arrived, plus 1
	ordered        []T       // values whose turn has come
	stored         int       // values in slots
	arrived        uint64    // values that were ever put
	admitted       uint64
	released       uint64 // source values that have been let out, or dropped before their turn
	stages         int
	onStop         []func()
	stopped        bool
	parkedConsumer parking
	parkedSources  parking
}

// slot is the place of one value.
type slot[T any] struct {
	state    slotState
	v        T
	children *children[T]
}

type slotState uint8

const (
	slotMissing slotState = iota
	slotValue
	slotHole
	slotParent
)

// children are the places of a parent's children. total is -1 until it is known.
type children[T any] struct {
	at    map[int]*slot[T]
	next  int
	total int
}

// mostOrdered bounds how many values are made ready at once; it saves locks and means nothing else.
const mostOrdered = 64

func NewReorder[T any](window int) *Reorder[T] {
	return &Reorder[T]{limit: window, slots: make([]slot[T], 16)}
}

func (q *Reorder[T]) Producer() Sink[T]       { return q }
func (q *Reorder[T]) Consumer(*Word) Inlet[T] { return &reorderInlet[T]{q: q} }

func (q *Reorder[T]) Put(_ *Waiter, v T, t Tag) bool {
	return q.record(t, func(s *slot[T]) {
		s.state, s.v = slotValue, v
		q.stored++
		q.arrived++
	})
}

func (q *Reorder[T]) Hole(t Tag) {
	q.record(t, func(s *slot[T]) { s.state = slotHole })
}

func (q *Reorder[T]) Children(t Tag, n int) {
	q.record(t, func(s *slot[T]) { s.parent().total = n })
}

// record fills in what is known of the value of tag t, and wakes the consumer if it was the first that was missing.
func (q *Reorder[T]) record(t Tag, fill func(*slot[T])) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.stopped {
		return false
	}
	fill(q.slot(t))
	if t.Seq == q.head {
		q.parkedConsumer.wakeFirst()
	}
	return true
}

func (q *Reorder[T]) slot(t Tag) *slot[T] {
	if t.path == nil {
		return q.topSlot(t.Seq)
	}
	above := q.slot(Tag{t.Seq, t.path.up}).parent()
	s := above.at[t.path.index]
	if s == nil {
		s = new(slot[T])
		above.at[t.path.index] = s
	}
	return s
}

func (q *Reorder[T]) topSlot(seq uint64) *slot[T] {
	for seq-q.head >= uint64(len(q.slots)) {
		grown := make([]slot[T], 2*len(q.slots))
		for i := range uint64(len(q.slots)) {
			grown[(q.head+i)&uint64(len(grown)-1)] = q.slots[(q.head+i)&uint64(len(q.slots)-1)]
		}
		q.slots = grown
	}
	q.last = max(q.last, seq+1)
	return &q.slots[seq&uint64(len(q.slots)-1)]
}

func (s *slot[T]) parent() *children[T] {
	if s.children == nil {
		s.state, s.children = slotParent, &children[T]{at: map[int]*slot[T]{}, total: -1}
	}
	return s.children
}

// reorderInlet is the consumer's end: a few values at a time, in order.
type reorderInlet[T any] struct {
	q     *Reorder[T]
	batch []T
	next  int // in batch
}

func (in *reorderInlet[T]) Take(me *Waiter) (v T, t Tag, ok bool) {
	if in.next == len(in.batch) && !in.fill(me) {
		return v, t, false
	}
	var zero T
	v, in.batch[in.next] = in.batch[in.next], zero
	in.next++
	return v, t, true
}

// fill gets the next values. That it is called says that all before them have been let out.
func (in *reorderInlet[T]) fill(me *Waiter) bool {
	q := in.q
	q.mu.Lock()
	defer q.mu.Unlock()
	for !q.stopped {
		q.release()
		q.collectOrdered()
		if len(q.ordered) > 0 {
			q.parkedConsumer.remove(me)
			in.batch, in.next, q.ordered = q.ordered, 0, in.batch[:0]
			q.stored -= len(in.batch)
			return true
		}
		q.release() // what has gone by without a value
		if q.stages == 0 {
			return false
		}
		q.parkedConsumer.add(me)
		q.mu.Unlock()
		me.seat.Park()
		q.mu.Lock()
		q.parkedConsumer.unparked(me)
	}
	return false
}

// collectOrdered collects values whose turn has come: with a window those of one source value, since its place becomes free
// only when they are out. At the end of the input it collects all, since what is missing then was cut off.
func (q *Reorder[T]) collectOrdered() {
	for q.head < q.last && len(q.ordered) < mostOrdered && (q.limit == 0 || len(q.ordered) == 0) {
		s := &q.slots[q.head&uint64(len(q.slots)-1)]
		if done := q.collect(s, q.stages == 0); !done {
			return
		}
		*s = slot[T]{}
		q.head++
	}
}

// collect appends the values below s that are next to q.ordered. It reports whether none is left to come.
func (q *Reorder[T]) collect(s *slot[T], all bool) (done bool) {
	switch s.state {
	case slotMissing:
		return all
	case slotValue:
		q.ordered = append(q.ordered, s.v)
	case slotParent:
		if all {
			for _, i := range slices.Sorted(maps.Keys(s.children.at)) {
				q.collect(s.children.at[i], true)
			}
			return true
		}
		return q.collectChildren(s.children)
	}
	return true
}

func (q *Reorder[T]) collectChildren(k *children[T]) (done bool) {
	for k.next != k.total {
		child := k.at[k.next]
		if child == nil || len(q.ordered) >= mostOrdered || !q.collect(child, false) {
			return false
		}
		delete(k.at, k.next)
		k.next++
	}
	return true
}

// release counts the source values before the head as no longer under way, and wakes a source that waited for it.
func (q *Reorder[T]) release() {
	if q.limit > 0 && q.released < q.head {
		q.released = q.head
		q.parkedSources.wakeFirst()
	}
}

func (q *Reorder[T]) Admit(me *Waiter) {
	if q.limit == 0 {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	for !q.stopped && q.admitted-q.released >= uint64(q.limit) {
		q.parkedSources.add(me)
		q.mu.Unlock()
		me.seat.Park()
		q.mu.Lock()
		q.parkedSources.unparked(me)
	}
	q.parkedSources.remove(me)
	q.admitted++
}

func (q *Reorder[T]) AddStage(onStop func()) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.stages++
	q.onStop = append(q.onStop, onStop)
}

func (q *Reorder[T]) StageEnded() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.stages--; q.stages == 0 {
		q.parkedConsumer.wakeAll()
	}
}

func (q *Reorder[T]) Stop() {
	q.mu.Lock()
	first := !q.stopped
	q.stopped = true
	q.slots, q.ordered = nil, nil
	q.parkedConsumer.wakeAll()
	q.parkedSources.wakeAll()
	onStop := q.onStop
	q.mu.Unlock()
	if first {
		for _, f := range onStop {
			f()
		}
	}
}

// Arrived is how many values were ever put.
func (q *Reorder[T]) Arrived() uint64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.arrived
}

func (q *Reorder[T]) Len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.stored
}
