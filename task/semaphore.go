package task

import (
	"context"
	"fmt"
	"sync"

	"github.com/gopeln/pl/internal/loop"
)

// Semaphore limits how many functions do something at the same time, such as calling a service that
// allows so many requests. [NewSemaphore] makes one. It is safe for concurrent use, and may be
// shared by stages, loops and runs, and by goroutines outside of tasks.
//
// There is one queue: a slot goes to the caller that has waited longest, and a new caller does not
// overtake those that wait.
type Semaphore struct {
	size int // never changes

	mu      sync.Mutex // guards what follows, and the waiters
	taken   int        // slots
	waiting waiters    // empty unless all slots are taken
}

// NewSemaphore makes a semaphore with n slots. It panics if n is less than 1.
func NewSemaphore(n int) *Semaphore {
	if n < 1 {
		panic(fmt.Sprintf("task: NewSemaphore(%d): n must be at least 1", n))
	}
	return &Semaphore{size: n}
}

// Acquire takes a slot, and waits for one if all are taken. In a task it waits while other tasks
// run; outside a task it blocks. When ctx ends, or has ended, it returns ctx's error and has taken
// no slot. The time in which a task waits counts for its stage's Timeout.
func (s *Semaphore) Acquire(ctx context.Context) error {
	c := current(ctx)
	if c != nil {
		if err := c.mine(); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.tryAcquire() {
		return nil
	}
	if c == nil {
		return s.acquireOutside(ctx)
	}
	return s.acquireInTask(ctx, c)
}

// Release gives a slot back. Any task or goroutine may call it, not only the one that took the
// slot; it does not wait. It panics if no slot is taken.
func (s *Semaphore) Release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.taken == 0 {
		panic("task: Semaphore.Release without Acquire")
	}
	s.pass()
}

// pass hands a taken slot to the waiter that is next, so that no other caller can get it first.
// Without waiters it frees the slot. The caller must hold the lock.
func (s *Semaphore) pass() {
	w := s.waiting.first
	if w == nil {
		s.taken--
		return
	}
	s.waiting.remove(w)
	w.granted = true
	w.wake()
}

// tryAcquire takes a slot if one is free, and reports whether it did.
func (s *Semaphore) tryAcquire() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.taken == s.size {
		return false
	}
	s.taken++
	return true
}

// acquireInTask waits for a slot in the task of c.
func (s *Semaphore) acquireInTask(ctx context.Context, c *valueContext) error {
	l, note := c.scope.executor.loop, &loop.Message{To: (*waker)(c.task)}
	w := &waiter{wake: func() { l.Post(note) }}
	for waits := !s.join(w); waits && ctx.Err() == nil; waits = !s.hasGranted(w) {
		c.park(ctx, 0)
	}
	return s.decide(ctx, w)
}

// acquireOutside waits for a slot outside a task.
func (s *Semaphore) acquireOutside(ctx context.Context) error {
	granted := make(chan struct{})
	w := &waiter{wake: func() { close(granted) }}
	if !s.join(w) {
		select {
		case <-granted:
		case <-ctx.Done():
		}
	}
	return s.decide(ctx, w)
}

// join adds w to the queue, unless a slot has become free meanwhile: then w takes it, and join
// reports true.
func (s *Semaphore) join(w *waiter) (granted bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.taken < s.size {
		s.taken++
		w.granted = true
	} else {
		s.waiting.add(w)
	}
	return w.granted
}

// hasGranted reports whether w has a slot.
func (s *Semaphore) hasGranted(w *waiter) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return w.granted
}

// decide ends the wait of w, with a slot or with ctx's error. If w has a slot and ctx has ended,
// the error counts, and the next waiter gets the slot.
func (s *Semaphore) decide(ctx context.Context, w *waiter) error {
	err := ctx.Err()
	if err == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if w.granted {
		s.pass()
	} else {
		s.waiting.remove(w)
	}
	return err
}

// waiter is a call of Acquire that waits.
type waiter struct {
	wake       func() // never changes
	granted    bool   // it has a slot
	prev, next *waiter
}

// waiters is a queue that a waiter can leave from any place.
type waiters struct{ first, last *waiter }

func (q *waiters) add(w *waiter) {
	if w.prev = q.last; w.prev != nil {
		w.prev.next = w
	} else {
		q.first = w
	}
	q.last = w
}

func (q *waiters) remove(w *waiter) {
	if w.prev != nil {
		w.prev.next = w.next
	} else {
		q.first = w.next
	}
	if w.next != nil {
		w.next.prev = w.prev
	} else {
		q.last = w.prev
	}
	w.prev, w.next = nil, nil
}
