package queue

import "sync/atomic"

// Hold is the part of a queue's bounds that a value keeps while it is with its consumer: its lane
// and its weight. The zero Hold keeps nothing.
type Hold struct {
	q      interface{ giveBack(lane any, weight int64) }
	lane   any
	weight int64
	shares *atomic.Int32 // nil: one
}

// Release gives back what h keeps, with the last of its shares. A second call does nothing.
func (h *Hold) Release() {
	if h.q == nil {
		return
	}
	q := h.q
	h.q = nil
	if h.shares == nil || h.shares.Add(-1) == 0 {
		q.giveBack(h.lane, h.weight)
	}
}

// Share returns another share of h: what h keeps is given back when both have been released.
func (h *Hold) Share() Hold {
	if h.q == nil {
		return Hold{}
	}
	if h.shares == nil {
		h.shares = new(atomic.Int32)
		h.shares.Store(1)
	}
	h.shares.Add(1)
	return *h
}
