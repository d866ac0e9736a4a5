package queue

import (
	"sync"
	"sync/atomic"
)

// Channel is a queue over a Go channel, for small bounds. Its operations are bare sends and receives: a select
// with a stop channel would double their cost. So that nobody waits for ever, a stopped queue is drained until its
// last producer has ended and closed it.
type Channel[T any] struct {
	values  chan T
	stopped atomic.Bool
	spawn   func(func()) // starts a goroutine that the run waits for

	mu     sync.Mutex
	stages int
	onStop []func()
}

func NewChannel[T any](bound int, spawn func(func())) *Channel[T] {
	return &Channel[T]{values: make(chan T, bound), spawn: spawn}
}

func (q *Channel[T]) Producer() Sink[T]       { return q }
func (q *Channel[T]) Consumer(*Word) Inlet[T] { return q }
func (q *Channel[T]) Len() int                { return len(q.values) }

// Empty tells whether a Receive would wait.
func (q *Channel[T]) Empty() bool { return len(q.values) == 0 }

// Receive is Take without a look at Stop.
func (q *Channel[T]) Receive() (v T, ok bool) {
	v, ok = <-q.values
	return v, ok
}

// Put does not use the seat: a send parks the goroutine itself.
func (q *Channel[T]) Put(_ *Waiter, v T, _ Tag) bool {
	if q.stopped.Load() {
		return false
	}
	q.values <- v
	return !q.stopped.Load()
}

func (q *Channel[T]) Take(*Waiter) (v T, t Tag, ok bool) {
	v, ok = <-q.values
	return v, t, ok && !q.stopped.Load()
}

func (q *Channel[T]) AddStage(onStop func()) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.stages++
	q.onStop = append(q.onStop, onStop)
}

func (q *Channel[T]) StageEnded() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.stages--; q.stages == 0 {
		close(q.values)
	}
}

func (q *Channel[T]) Stop() {
	if q.stopped.Swap(true) {
		return
	}
	q.mu.Lock()
	onStop, open := q.onStop, q.stages > 0
	q.mu.Unlock()
	if open {
		q.spawn(q.drain)
	}
	for _, f := range onStop {
		f()
	}
}

// drain lets go the producers that are blocked in a send; the last one to end closes the channel.
func (q *Channel[T]) drain() {
	for range q.values {
	}
}
