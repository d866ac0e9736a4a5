package queue

import "sync/atomic"

// slot is the place of one source value.
type slot[T any] struct {
	// state is the slot's number and kind, once it is settled. The worker that has the value of the
	// number stores it; the consumer loads it. A state that an earlier use of the slot has left
	// there has another number, so it need not be cleared.
	state atomic.Uint64
	v     T // see Reorder for who may touch it
}

// slotKind is what has become of a source value.
type slotKind uint64

const (
	slotMissing slotKind = iota
	slotValue
	slotHole   // it was dropped
	slotParent // it becomes other values, which are in Reorder.parents
)

func settled(seq uint64, k slotKind) uint64 { return seq<<2 | uint64(k) }

// kind returns the kind of the slot of the number seq.
func (s *slot[T]) kind(seq uint64) slotKind {
	if state := s.state.Load(); state>>2 == seq {
		return slotKind(state & 3)
	}
	return slotMissing
}

// blockSize is the number of slots in a block: the lock is taken once for that many values.
const blockSize = 64

// block has the slots of the numbers from number*blockSize on.
type block[T any] struct {
	number atomic.Uint64 // written under the lock of the queue, read by workers and the consumer
	places *places       // nil unless the queue finds values
	slots  [blockSize]slot[T]
}

func (b *block[T]) slot(seq uint64) *slot[T] { return &b.slots[seq%blockSize] }

// table finds blocks. The block of number n is at n modulo the table's length, a power of two; a
// block of another number may also be there. Its pointers are written under the lock of the queue,
// and read without.
type table[T any] struct{ at []atomic.Pointer[block[T]] }

func newTable[T any](size int) *table[T] { return &table[T]{make([]atomic.Pointer[block[T]], size)} }

func (t *table[T]) place(n uint64) *atomic.Pointer[block[T]] { return &t.at[n&uint64(len(t.at)-1)] }

// find returns the block of the number seq, or nil.
func (t *table[T]) find(seq uint64) *block[T] {
	b := t.place(seq / blockSize).Load()
	if b == nil || b.number.Load() != seq/blockSize {
		return nil
	}
	return b
}

// blocks says which blocks there are besides the table: those of the numbers first to end-1 may be
// in use, and the spares are to be used again. The lock of the queue guards it.
type blocks[T any] struct {
	first, end uint64
	spares     []*block[T]
}

// mostSpareBlocks is the number of blocks that a window of a thousand values needs.
const mostSpareBlocks = 16

// slot returns the slot of a source value that has not been settled. It returns nil if the consumer
// has passed its number, or the queue is stopped.
func (q *Reorder[T]) slot(seq uint64) *slot[T] {
	b := q.table.Load().find(seq)
	if b == nil {
		q.mu.Lock()
		b = q.block(seq)
		q.mu.Unlock()
		if b == nil {
			return nil
		}
	}
	return b.slot(seq)
}

// block returns the block of the number seq, which it makes if it is not there, or nil as slot
// does. The caller must hold q.mu.
func (q *Reorder[T]) block(seq uint64) *block[T] {
	t, n := q.table.Load(), seq/blockSize
	b := t.find(seq)
	if b != nil || n < q.blocks.first || q.stopped.Load() {
		return b
	}
	if size := uint64(len(t.at)); n-q.blocks.first >= size {
		for n-q.blocks.first >= size {
			size *= 2
		}
		grown := newTable[T](int(size))
		for i := q.blocks.first; i < q.blocks.end; i++ {
			grown.place(i).Store(t.place(i).Load())
		}
		q.table.Store(grown)
		t = grown
	}
	if last := len(q.blocks.spares) - 1; last >= 0 {
		b, q.blocks.spares = q.blocks.spares[last], q.blocks.spares[:last]
	} else {
		b = new(block[T])
		if q.finds {
			b.places = new(places)
		}
	}
	b.number.Store(n)
	t.place(n).Store(b)
	q.blocks.end = max(q.blocks.end, n+1)
	return b
}

// pass takes back the blocks before that of the number seq, which the consumer has passed. The
// caller must hold q.mu.
func (q *Reorder[T]) pass(seq uint64) {
	t := q.table.Load()
	for ; q.blocks.first < min(seq/blockSize, q.blocks.end); q.blocks.first++ {
		b := t.place(q.blocks.first).Swap(nil)
		if b != nil && len(q.blocks.spares) < mostSpareBlocks {
			q.blocks.spares = append(q.blocks.spares, b)
		}
	}
}

// storedFrom counts the values in the slots from number head on. The caller must hold q.mu.
func (q *Reorder[T]) storedFrom(head uint64) (n int) {
	t := q.table.Load()
	for seq := head; seq < q.blocks.end*blockSize; {
		b := t.find(seq)
		for end := (seq/blockSize + 1) * blockSize; seq < end; seq++ {
			if b != nil && b.slot(seq).kind(seq) == slotValue {
				n++
			}
		}
	}
	return n
}
