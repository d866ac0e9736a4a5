package queue

import "sync/atomic"

// Hold is the part of a queue's bounds that a value keeps while it is with its consumer: its lane
// and its weight. The zero Hold keeps nothing.
type Hold struct {
	q      interface{ giveBack(lane any, weight int64) }
	lane   any
	weight int64
	// shares is the number of shares that have not been released; nil stands for one. Any goroutine
	// that has a share may change it; the one that brings it to 0 gives back what h keeps.
	shares *atomic.Int32
}

// Release releases this share of h. The release of the last share gives back what h keeps. A second
// call does nothing, and a nil h keeps nothing.
func (h *Hold) Release() {
	if h == nil || h.q == nil {
		return
	}
	q := h.q
	h.q = nil
	if h.shares == nil || h.shares.Add(-1) == 0 {
		q.giveBack(h.lane, h.weight)
	}
}

// Share returns another share of h, which must be released too. A nil h keeps nothing.
func (h *Hold) Share() Hold {
	if h == nil || h.q == nil {
		return Hold{}
	}
	if h.shares == nil {
		h.shares = new(atomic.Int32)
		h.shares.Store(1)
	}
	h.shares.Add(1)
	return *h
}
