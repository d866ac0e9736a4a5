package queue

// parents are the source values that become other values, by number. The lock of the queue guards
// them: unlike the slot of a source value, the place of a child can be anywhere in a tree.
type parents[T any] struct {
	at     map[uint64]*children[T]
	stored int // values in them
	spares []*children[T]
}

// children are the places of the children of one value.
type children[T any] struct {
	places []place[T] // of the children from first on
	first  int
	next   int // the child that is the consumer's next
	total  int // unknownTotal until the parent has ended
}

// place is the place of one child, as a slot is that of a source value.
type place[T any] struct {
	kind     slotKind
	v        T
	children *children[T] // of a slotParent
}

const (
	unknownTotal     = -1
	mostSpareParents = 64
	// mostPlaces is the most places that a spare keeps for its next use.
	mostPlaces = 256
	// mostCollected bounds the children that the consumer gets under one lock.
	mostCollected = 64
)

func (q *Reorder[T]) putChild(v T, t Tag) bool {
	return q.settleChild(t, place[T]{kind: slotValue, v: v})
}

func (q *Reorder[T]) childHole(t Tag) { q.settleChild(t, place[T]{kind: slotHole}) }

// settleChild makes p the place of the child of tag t, and wakes the consumer if it waits for that.
// It reports false once the queue is stopped.
func (q *Reorder[T]) settleChild(t Tag, p place[T]) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	siblings := q.childrenOf(t.Seq, t.path)
	if siblings == nil {
		return !q.stopped.Load()
	}
	*siblings.place(t.child - 1) = p
	if p.kind == slotValue {
		q.parents.stored++
	}
	q.wakeFor(t.Seq)
	return true
}

// Children implements Tracker.
func (q *Reorder[T]) Children(t Tag, n int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	below := t.path
	if t.child > 0 {
		below = &path{t.path, t.child}
	}
	if c := q.childrenOf(t.Seq, below); c != nil {
		c.total = n
		q.wakeFor(t.Seq)
	}
}

// childrenOf returns the children of the value at the end of the path p from the source value seq,
// or nil once the queue is stopped. The caller must hold q.mu.
func (q *Reorder[T]) childrenOf(seq uint64, p *path) *children[T] {
	if p == nil {
		return q.childrenOfSource(seq)
	}
	siblings := q.childrenOf(seq, p.above)
	if siblings == nil {
		return nil
	}
	parent := siblings.place(p.child - 1)
	if parent.children == nil {
		*parent = place[T]{kind: slotParent, children: q.parents.newChildren()}
	}
	return parent.children
}

// childrenOfSource is childrenOf for the source value itself.
func (q *Reorder[T]) childrenOfSource(seq uint64) *children[T] {
	if c := q.parents.at[seq]; c != nil {
		return c
	}
	b := q.block(seq)
	if b == nil {
		return nil
	}
	if q.parents.at == nil {
		q.parents.at = map[uint64]*children[T]{}
	}
	c := q.parents.newChildren()
	q.parents.at[seq] = c
	b.slot(seq).state.Store(settled(seq, slotParent))
	return c
}

func (p *parents[T]) newChildren() *children[T] {
	if last := len(p.spares) - 1; last >= 0 {
		var c *children[T]
		c, p.spares = p.spares[last], p.spares[:last]
		return c
	}
	return &children[T]{total: unknownTotal}
}

func (p *parents[T]) recycle(c *children[T]) {
	if len(p.spares) < mostSpareParents && cap(c.places) <= mostPlaces {
		p.spares = append(p.spares, c)
		clear(c.places)
		*c = children[T]{places: c.places[:0], total: unknownTotal}
	}
}

// place returns the place of child i, which the consumer has not passed.
func (c *children[T]) place(i int) *place[T] {
	for len(c.places) <= i-c.first {
		c.places = append(c.places, place[T]{})
	}
	return &c.places[i-c.first]
}

// collect appends to batch the values that are next among the children of the source value seq. It
// reports whether no more of them will come. all says that the missing ones were cut off by the end
// of the input. The caller must hold q.mu.
func (q *Reorder[T]) collect(batch []T, seq uint64, all bool) (_ []T, done bool) {
	before, c := len(batch), q.parents.at[seq]
	batch, done = q.parents.collect(batch, c, all)
	q.parents.stored -= len(batch) - before
	if done {
		delete(q.parents.at, seq)
		q.parents.recycle(c)
	}
	return batch, done
}

func (p *parents[T]) collect(batch []T, c *children[T], all bool) (_ []T, done bool) {
	c.trim()
	for c.next != c.total {
		if c.next-c.first == len(c.places) { // none of the rest is there
			return batch, all
		}
		if len(batch) >= mostCollected {
			return batch, false
		}
		switch at := &c.places[c.next-c.first]; at.kind {
		case slotMissing:
			if !all {
				return batch, false
			}
		case slotValue:
			batch = append(batch, at.v)
			*at = place[T]{}
		case slotParent:
			if batch, done = p.collect(batch, at.children, all); !done {
				return batch, false
			}
			p.recycle(at.children)
			at.children = nil
		}
		c.next++
	}
	return batch, true
}

// trim drops the places that the consumer has passed, once they are half of all.
func (c *children[T]) trim() {
	if passed := c.next - c.first; 2*passed >= len(c.places) {
		n := copy(c.places, c.places[passed:])
		clear(c.places[n:])
		c.places, c.first = c.places[:n], c.next
	}
}
