package process

import (
	"context"
	"sync"
)

// ledger counts the values that are open: they have left a stage's queue, and may yet be handed to
// another slot. While there are any, the input has ended for none of them. A value is open until it
// begins, or if the stage has Retry, until its fate is known: it runs again if its worker dies
// before that.
type ledger struct {
	mu      sync.Mutex
	open    int
	settled chan struct{} // closed when none is open any more; nil while none waits
}

// add counts n values more, or less.
func (l *ledger) add(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open += n
	if l.open == 0 && l.settled != nil {
		close(l.settled)
		l.settled = nil
	}
}

// wait waits until no value is open, or ctx ends. It reports false, at once, where none is.
func (l *ledger) wait(ctx context.Context) bool {
	l.mu.Lock()
	if l.open == 0 {
		l.mu.Unlock()
		return false
	}
	if l.settled == nil {
		l.settled = make(chan struct{})
	}
	settled := l.settled
	l.mu.Unlock()
	select {
	case <-settled:
	case <-ctx.Done():
	}
	return true
}
