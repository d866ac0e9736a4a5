package queue

import (
	"context"
	"time"
)

// Queue stands before a consuming stage. A value that was put can be taken by any of its consumers.
// A queue never holds more values than its bound, including those that a consumer has fetched in
// bulk and not begun. Its methods are safe for concurrent use.
type Queue[T any] interface {
	// Producer adds the end of a producing worker.
	Producer() Sink[T]
	// Consumer adds the end of a consuming worker. If the worker's results go to an Out, the inlet
	// may share its word; if shared is nil, it has a word of its own.
	Consumer(shared *Word) Inlet[T]
	// AddStage adds a producing stage. The input ends when StageEnded has been called as often as
	// AddStage. onStop is called once, when the queue is stopped: then the stage can stop too, if
	// it has no other consumer.
	AddStage(onStop func())
	// StageEnded ends the input of a producing stage, whose workers will put no more values.
	StageEnded()
	// Stop makes every Put and Take fail, now and later, and those that wait return. The Take of a
	// [Channel] returns only when the producers have ended, which must not depend on it. Further
	// calls do nothing.
	Stop()
	// Len returns the number of values in the queue. It is exact only if no worker uses the queue
	// meanwhile.
	Len() int
}

// Sink is the end of a producing worker. One goroutine may use it at a time.
type Sink[T any] interface {
	// Put waits for room, adds v and reports true. Once the queue is stopped, it drops v and
	// reports false.
	Put(me *Waiter, v T, t Tag) bool
}

// ReservedSink is the Sink of a driven worker, which reserves room for its results; see [Out].
type ReservedSink[T any] interface {
	Sink[T]
	// Drive says that the worker's room is what it reserves.
	Drive()
	// Bounded reports whether room can be short.
	Bounded() bool
	// Reserve reserves room for up to n values, as far as there is room, and returns for how many.
	// It does not wait.
	Reserve(n int) int
	// Unreserve gives back room for n values.
	Unreserve(n int)
}

// Inlet is the end of a consuming worker. One goroutine may use it at a time.
type Inlet[T any] interface {
	// Take waits for a value and removes it. ok is false at the end of the input, and once the
	// queue is stopped.
	Take(me *Waiter) (v T, t Tag, ok bool)
}

// TimedInlet is an Inlet that can take what comes within a time.
type TimedInlet[T any] interface {
	Inlet[T]
	// TakeFor takes up to n values: those that come before d has passed or the input ends.
	TakeFor(me *Waiter, n int, d time.Duration) []T
}

// HoldingInlet is an Inlet whose values keep part of the queue's bounds until they have ended.
type HoldingInlet[T any] interface {
	Inlet[T]
	// Exchange gives back what h keeps, if anything, and is Take. From then on h is what the value
	// keeps until it has ended; before that, h must not be given to Exchange. If h keeps something,
	// it is of the value taken last.
	Exchange(me *Waiter, h *Hold) (v T, t Tag, ok bool)
	// Number returns the place of the value taken last among all that have left the queue, from 0.
	Number() int64
}

// PulledInlet is the inlet of a driven worker, which takes values in bulk. One goroutine at a time
// may call Pull and TryPull, any may call Begin.
type PulledInlet[T any] interface {
	// Pull moves up to n values to take, but no more than a fair share of those that are there. It
	// waits for the first. ok is false at the end of the input, once the queue is stopped, and when
	// ctx ends.
	Pull(ctx context.Context, me *Waiter, n int, take Pulled[T]) (got int, ok bool)
	// TryPull is Pull that does not wait, and may move no value.
	TryPull(n int, take Pulled[T]) (got int)
	// Begin records that n pulled values, of whichever inlet, have begun, and so have left the
	// queue.
	Begin(n int)
}
