package queue

import "sync/atomic"

// Place is where a value is on its way to an Ordered.
type Place struct {
	Stage int  // the number of a stage
	Left  bool // its function has returned for the value; else it has the value
}

// Finder is told where values are.
type Finder interface {
	// At says that the value of tag t, which has not arrived, is there.
	At(t Tag, p Place)
}

// places are where the values of a block are, each with its number: so what an earlier use of the
// block has left there means nothing.
type places [blockSize]atomic.Uint64

const placeBits = 24 // of the word; the rest is the value's number

func (p Place) word(seq uint64) uint64 {
	w := seq<<placeBits | uint64(p.Stage+1)<<1&(1<<placeBits-1)
	if p.Left {
		w |= 1
	}
	return w
}

// Find makes the queue remember where values are, as it is told by At. It is called before the
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

// Awaited returns the number of the source value that the consumer waits for, and where that is, if
// it is known. ok is false if the consumer does not wait.
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
