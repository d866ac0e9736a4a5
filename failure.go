package pl

import "sync/atomic"

// heldFailure is the failure of a source, or of an operator in its goroutine, that ends the run
// only when the consumer has taken the values before it from a queue. The goroutine that has failed
// writes err, and ends; the consumer of the queue reads it.
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

// pending reports whether there is a failure.
func (h *heldFailure) pending() bool { return h.err.Load() != nil }

// report fails the run with the failure, if there is one.
func (h *heldFailure) report(s *Site) {
	if err := h.err.Load(); err != nil {
		s.Fail(*err)
	}
}
