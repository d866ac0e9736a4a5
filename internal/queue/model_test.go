package queue

import "sync"

// ring is the model that the queues are compared with: a mutex around a slice, item by item, in the
// order of arrival.
type ring[T any] struct {
	mu       sync.Mutex
	room     sync.Cond
	values   sync.Cond
	bound    int // 0: none
	buf      []T
	head, n  int
	stages   int
	stopped  bool
	mostEver int
}

func newRing[T any](bound int) *ring[T] {
	r := &ring[T]{bound: bound, buf: make([]T, max(bound, 8))}
	r.room.L, r.values.L = &r.mu, &r.mu
	return r
}

func (r *ring[T]) Producer() Sink[T]       { return r }
func (r *ring[T]) Consumer(*Word) Inlet[T] { return r }

func (r *ring[T]) Put(_ *Waiter, v T, _ Tag) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for r.bound > 0 && r.n == r.bound && !r.stopped {
		r.room.Wait()
	}
	if r.stopped {
		return false
	}
	if r.n == len(r.buf) {
		grown := make([]T, 2*len(r.buf))
		copy(grown[copy(grown, r.buf[r.head:]):], r.buf[:r.head])
		r.buf, r.head = grown, 0
	}
	r.buf[(r.head+r.n)%len(r.buf)] = v
	r.n++
	r.mostEver = max(r.mostEver, r.n)
	r.values.Signal()
	return true
}

func (r *ring[T]) Take(*Waiter) (v T, t Tag, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for r.n == 0 && r.stages > 0 && !r.stopped {
		r.values.Wait()
	}
	if r.n == 0 || r.stopped {
		return v, t, false
	}
	v, r.buf[r.head] = r.buf[r.head], v
	r.head = (r.head + 1) % len(r.buf)
	r.n--
	r.room.Signal()
	return v, t, true
}

func (r *ring[T]) AddStage(func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stages++
}

func (r *ring[T]) StageEnded() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stages--
	r.values.Broadcast()
}

func (r *ring[T]) Stop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stopped = true
	r.room.Broadcast()
	r.values.Broadcast()
}

func (r *ring[T]) Len() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.n
}
