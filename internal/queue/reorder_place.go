package queue

import "sync/atomic"

// Place is the place of a value on its way to an Ordered.
type Place struct {
	Stage int  // the number of a stage
	Left  bool // its function has returned for the value; otherwise the stage has the value
}

// Finder is what stages tell the places of values.
type Finder interface {
	// At records that the value of tag t, which has not arrived, is at p.
	At(t Tag, p Place)
}

// places are the places of the values of a block. Each word also has the number of its value, so
// that what an earlier use of the block has left there is not taken for a place. The stage that has
// the value writes its word; any goroutine may read it.
type places [blockSize]atomic.Uint64

const placeBits = 24 // of the word; the rest is the value's number

func (p Place) word(seq uint64) uint64 {
	w := seq<<placeBits | uint64(p.Stage+1)<<1&(1<<placeBits-1)
	if p.Left {
		w |= 1
	}
	return w
}

// Find makes the queue record the places of values, which At gives it. It must be called before the
// first value.
func (q *Reorder[T]) Find() { q.finds = true }

// At implements Finder. A descendant counts as its source value.
func (q *Reorder[T]) At(t Tag, p Place) {
	if q.slot(t.Seq) == nil {
		return
	}
	if b := q.table.Load().find(t.Seq); b != nil {
		b.places[t.Seq%blockSize].Store(p.word(t.Seq))
	}
}

// Awaited returns the number of the source value that the consumer waits for, and its place, if
// that is known. ok is false if the consumer does not wait.
func (q *Reorder[T]) Awaited() (seq uint64, at Place, known, ok bool) {
	awaited := q.awaited.Load()
	if awaited == 0 {
		return 0, at, false, false
	}
	seq = awaited - 1
	b := q.table.Load().find(seq)
	if b == nil || b.places == nil {
		return seq, at, false, true
	}
	w := b.places[seq%blockSize].Load()
	if w>>placeBits != seq || w&(1<<placeBits-1) == 0 {
		return seq, at, false, true
	}
	return seq, Place{int(w&(1<<placeBits-1)>>1) - 1, w&1 == 1}, true, true
}
