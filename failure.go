package pl

import "sync/atomic"

// heldFailure is the failure of a source, and of what runs in its goroutine, which ends the run
// only when the values before it are through a queue. What failed has ended by itself.
type heldFailure struct{ err atomic.Pointer[error] }

// holdFailure holds the failures of n in the run that b builds. If n has workers, or other
// consumers, it holds none.
func (b *builder) holdFailure(n node) *heldFailure {
	h := new(heldFailure)
	if n.meta().inline && b.planned[n].consumers == 1 {
		b.planned[n].onFailure = func(err error) { h.err.CompareAndSwap(nil, &err) }
	}
	return h
}

func (h *heldFailure) pending() bool { return h.err.Load() != nil }

// report fails the run with the failure, if there is one.
func (h *heldFailure) report(s *Site) {
	if err := h.err.Load(); err != nil {
		s.Fail(*err)
	}
}
