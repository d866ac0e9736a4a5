package pl

import (
	"sync"
	"sync/atomic"
)

// channelQueue is a queue over a Go channel, for small bounds. Its operations are bare sends and receives: a select
// with a stop channel would double their cost. So that nobody waits for ever, a stopped queue is drained until its
// last producer has ended and closed it.
type channelQueue[T any] struct {
	values  chan T
	stopped atomic.Bool
	spawn   func(func()) // starts a goroutine that the run waits for

	mu    sync.Mutex
	edges int
	gone  []func()
}

func newChannelQueue[T any](bound int, spawn func(func())) *channelQueue[T] {
	return &channelQueue[T]{values: make(chan T, bound), spawn: spawn}
}

func (q *channelQueue[T]) producer() sink[T]       { return q }
func (q *channelQueue[T]) consumer(*word) inlet[T] { return q }
func (q *channelQueue[T]) length() int             { return len(q.values) }

// put does not use the seat: a send parks the goroutine itself.
func (q *channelQueue[T]) put(_ Seat, v T, _ tag) bool {
	if q.stopped.Load() {
		return false
	}
	q.values <- v
	return !q.stopped.Load()
}

func (q *channelQueue[T]) take(Seat) (v T, t tag, ok bool) {
	v, ok = <-q.values
	return v, t, ok && !q.stopped.Load()
}

func (q *channelQueue[T]) attach(gone func()) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.edges++
	q.gone = append(q.gone, gone)
}

func (q *channelQueue[T]) closeOne() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.edges--; q.edges == 0 {
		close(q.values)
	}
}

func (q *channelQueue[T]) stop() {
	if q.stopped.Swap(true) {
		return
	}
	q.mu.Lock()
	gone, open := q.gone, q.edges > 0
	q.mu.Unlock()
	if open {
		q.spawn(q.drain)
	}
	for _, f := range gone {
		f()
	}
}

// drain lets go the producers that are blocked in a send; the last one to end closes the channel.
func (q *channelQueue[T]) drain() {
	for range q.values {
	}
}
