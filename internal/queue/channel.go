package queue

import (
	"sync"
	"sync/atomic"

	"github.com/gopeln/pl/internal/timesheet"
)

// Channel is a queue over a Go channel, for small bounds. Its operations are bare sends and
// receives: a select with a channel for the stop would double their cost. So that no producer is
// left blocked, a stopped queue is drained until the last producing stage has ended, which closes
// the channel.
type Channel[T any] struct {
	values  chan T       // closed by the last StageEnded
	stopped atomic.Bool  // set by the first Stop, read by producers and consumers
	spawn   func(func()) // starts a goroutine that the run waits for

	mu     sync.Mutex // guards what follows
	stages int        // producing stages that have not ended
	onStop []func()   // called by the first Stop
}

// NewChannel makes a queue with that bound, at least 1. spawn starts a goroutine that the run waits
// for.
func NewChannel[T any](bound int, spawn func(func())) *Channel[T] {
	return &Channel[T]{values: make(chan T, bound), spawn: spawn}
}

// Producer implements Queue. It returns q.
func (q *Channel[T]) Producer() Sink[T] { return q }

// Consumer implements Queue. It returns q.
func (q *Channel[T]) Consumer(*Word) Inlet[T] { return q }

// Len implements Queue.
func (q *Channel[T]) Len() int { return len(q.values) }

// Receive is Take without a check of whether the queue is stopped, for a run that is not observed.
func (q *Channel[T]) Receive() (v T, ok bool) {
	v, ok = <-q.values
	return v, ok
}

// Send is Put for a run that is not observed: a bare send.
func (q *Channel[T]) Send(v T) bool {
	if q.stopped.Load() {
		return false
	}
	q.values <- v
	return !q.stopped.Load()
}

// Put implements Sink. It does not use the seat, since a send parks the goroutine by itself.
func (q *Channel[T]) Put(me *Waiter, v T, _ Tag) bool {
	if me == nil || me.Track == nil {
		return q.Send(v)
	}
	if q.stopped.Load() {
		return false
	}
	select {
	case q.values <- v:
	default:
		me.Track.Wait(timesheet.Blocked)
		q.values <- v
		me.Track.Resume(timesheet.Blocked)
	}
	return !q.stopped.Load()
}

// Take implements Inlet. It does not use the seat either.
func (q *Channel[T]) Take(me *Waiter) (v T, t Tag, ok bool) {
	if me == nil || me.Track == nil {
		v, ok = <-q.values
		return v, t, ok && !q.stopped.Load()
	}
	select {
	case v, ok = <-q.values:
	default:
		me.Track.Wait(timesheet.Starved)
		v, ok = <-q.values
		me.Track.Resume(timesheet.Starved)
	}
	return v, t, ok && !q.stopped.Load()
}

// AddStage implements Queue.
func (q *Channel[T]) AddStage(onStop func()) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.stages++
	q.onStop = append(q.onStop, onStop)
}

// StageEnded implements Queue.
func (q *Channel[T]) StageEnded() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.stages--; q.stages == 0 {
		close(q.values)
	}
}

// Stop implements Queue.
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
