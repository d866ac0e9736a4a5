package process

import (
	"context"
	"sync"
)

// ledger counts the values that have left a stage's queue and have not begun, so that they may yet be handed to another
// slot. While there are any, the input has ended for none of them.
type ledger struct {
	mu      sync.Mutex
	open    int
	changed chan struct{} // closed with the next change; nil while nobody waits
}

// add counts n values more, or less.
func (l *ledger) add(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open += n
	if l.changed != nil {
		close(l.changed)
		l.changed = nil
	}
}

// wait waits for a change, or the end of ctx. It reports false, at once, where no value is open.
func (l *ledger) wait(ctx context.Context) bool {
	l.mu.Lock()
	if l.open == 0 {
		l.mu.Unlock()
		return false
	}
	if l.changed == nil {
		l.changed = make(chan struct{})
	}
	changed := l.changed
	l.mu.Unlock()
	select {
	case <-changed:
	case <-ctx.Done():
	}
	return true
}
