package queue

import (
	"sync"
	"sync/atomic"
)

// Channel is a queue over a Go channel, for small bounds. Its operations are bare sends and
// receives: a select with a channel for the stop would double their cost. So that no producer is
// left blocked, a stopped queue is drained until the last producing stage has ended, which closes
// the channel.
type Channel[T any] struct {
	values  chan T
	stopped atomic.Bool
	spawn   func(func()) // starts a goroutine that the run waits for

	mu     sync.Mutex
	stages int
	onStop []func()
}

// NewChannel makes a queue with that bound, at least 1. spawn starts a goroutine that the run waits
// for.
func NewChannel[T any](bound int, spawn func(func())) *Channel[T] {
	return &Channel[T]{values: make(chan T, bound), spawn: spawn}
}

func (q *Channel[T]) Producer() Sink[T]       { return q }
func (q *Channel[T]) Consumer(*Word) Inlet[T] { return q }
func (q *Channel[T]) Len() int                { return len(q.values) }

// Receive is Take without a look at whether the queue is stopped.
func (q *Channel[T]) Receive() (v T, ok bool) {
	v, ok = <-q.values
	return v, ok
}

// Put implements Sink. It does not use the waiter: a send parks the goroutine by itself.
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

// drain releases the producers that are blocked in a send.
func (q *Channel[T]) drain() {
	for range q.values {
	}
}
