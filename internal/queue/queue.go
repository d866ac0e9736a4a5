package queue

import (
	"context"
	"time"
)

// Queue stands in front of each consumer of a stage. A value that was put can be taken by any consumer at once; a queue
// never holds more values than its bound, counting those that a consumer has fetched in bulk and not begun; nobody waits
// for a queue that was stopped.
type Queue[T any] interface {
	// Producer adds a producing worker. Its sink must not be used by two goroutines at once.
	Producer() Sink[T]
	// Consumer adds a consuming worker. Its inlet must not be used by two goroutines at once. Where the worker's results
	// go to an Out, the inlet may share its word; nil: there is none.
	Consumer(shared *Word) Inlet[T]
	// AddStage adds a producing stage: the queue ends when StageEnded was called as often as AddStage. onStop is called when the
	// queue is stopped, so that a stage which nobody listens to any more can stop.
	AddStage(gone func())
	StageEnded()
	// Stop makes every Put and Take return at once, now and later. Twice does no harm.
	Stop()
	// Len is the number of values in the queue now, approximately while the run goes on.
	Len() int
}

// Sink is where a worker puts its results.
type Sink[T any] interface {
	// Put waits for room and reports true, or reports false once the queue is stopped; the value is then dropped.
	Put(me *Waiter, v T, t Tag) bool
}

// ReservedSink is the Sink of a worker that reserves room; see [Out].
type ReservedSink[T any] interface {
	Sink[T]
	// Drive says that the worker reserves the room that it has.
	Drive()
	// Bounded reports whether room can be short.
	Bounded() bool
	// Reserve reserves room for up to n values, and returns for how many there was. It does not wait.
	Reserve(n int) int
	// Unreserve gives back room for n values.
	Unreserve(n int)
}

// Inlet is where a worker takes its values.
type Inlet[T any] interface {
	// Take waits for a value; ok is false at the end of the input and once the queue is stopped.
	Take(me *Waiter) (v T, t Tag, ok bool)
}

// TimedInlet is an Inlet that can take what comes in a time.
type TimedInlet[T any] interface {
	Inlet[T]
	// TakeFor takes up to n values: what comes until d is over or the input ends.
	TakeFor(me *Waiter, n int, d time.Duration) []T
}

// HoldingInlet is an Inlet whose values keep part of the queue's bounds until they have ended.
type HoldingInlet[T any] interface {
	Inlet[T]
	// TakeHold is Take. The worker must release the Hold when the value has ended.
	TakeHold(me *Waiter) (v T, t Tag, h Hold, ok bool)
}

// PulledInlet is the inlet of a driven worker; see [In].
type PulledInlet[T any] interface {
	Pull(ctx context.Context, me *Waiter, n int, take Pulled[T]) (got int, ok bool)
	TryPull(n int, take Pulled[T]) (got int)
	Begin(n int)
}
