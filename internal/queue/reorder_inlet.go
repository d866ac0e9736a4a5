package queue

import "github.com/gopeln/pl/internal/timesheet"

// reorderInlet is the consumer's end of a Reorder. Only the consumer uses it.
type reorderInlet[T any] struct {
	q     *Reorder[T]
	head  uint64    // the number that is next
	block *block[T] // that of head, or nil
	batch []T       // children that are next, in their order
	taken int       // how many of batch have been taken
}

// Take implements Inlet. A call means that the consumer has handed on all values before.
func (in *reorderInlet[T]) Take(me *Waiter) (v T, t Tag, ok bool) {
	for !in.q.stopped.Load() {
		if in.taken < len(in.batch) {
			v, in.batch[in.taken] = in.batch[in.taken], v
			in.taken++
			in.q.fetched.Store(int64(len(in.batch) - in.taken))
			return v, t, true
		}
		in.q.release(in.head)
		switch s, k := in.look(); k {
		case slotValue:
			v, s.v = s.v, v
			in.advance()
			return v, t, true
		case slotHole:
			in.advance()
		default:
			if !in.await(me) {
				return v, t, false
			}
		}
	}
	return v, t, false
}

// look returns the slot of the number that is next, if its block is there, and what has become of
// the value.
func (in *reorderInlet[T]) look() (*slot[T], slotKind) {
	if in.block == nil {
		in.block = in.q.table.Load().find(in.head)
		if in.block == nil {
			return nil, slotMissing
		}
	}
	s := in.block.slot(in.head)
	return s, s.kind(in.head)
}

// advance passes the number that is next.
func (in *reorderInlet[T]) advance() {
	if in.step() {
		in.q.mu.Lock()
		in.q.pass(in.head)
		in.q.mu.Unlock()
	}
}

// step is the part of advance that needs no lock. It reports whether the block was left.
func (in *reorderInlet[T]) step() (left bool) {
	in.head++
	in.q.head.Store(in.head)
	if left = in.head%blockSize == 0; left {
		in.block = nil
	}
	return left
}

// await waits until the number that is next can be passed, or some of its children can be taken. It
// reports false once the queue is stopped, and at the end of the input.
func (in *reorderInlet[T]) await(me *Waiter) bool {
	q := in.q
	q.mu.Lock()
	defer q.mu.Unlock()
	for !q.stopped.Load() {
		q.awaited.Store(in.head + 1) // before it looks at the slot
		if in.gotOn() {
			q.awaited.Store(0)
			q.parkedConsumer.remove(me)
			return true
		}
		if q.stages == 0 {
			return false
		}
		q.parkedConsumer.add(me)
		q.mu.Unlock()
		me.park(timesheet.Starved)
		q.mu.Lock()
		q.parkedConsumer.unparked(me)
	}
	return false
}

// gotOn fetches children, or passes a number of which no value will come, if it can. It reports
// whether Take has something to do now: with a number that is settled, with children, or with the
// next number. The caller must hold q.mu.
func (in *reorderInlet[T]) gotOn() bool {
	q, ended := in.q, in.q.stages == 0
	_, k := in.look()
	done := false // no more values of this number will come
	switch k {
	case slotMissing: // at the end of the input, what is missing was cut off
		done = ended && in.head/blockSize < q.blocks.end
	case slotParent:
		in.taken = 0
		in.batch, done = q.collect(in.batch[:0], in.head, ended)
		q.fetched.Store(int64(len(in.batch)))
	default:
		return true
	}
	if done && in.step() {
		q.pass(in.head)
	}
	return done || len(in.batch) > in.taken
}
