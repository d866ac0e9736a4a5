package pl

import (
	"sync/atomic"

	"github.com/gopeln/pl/internal/queue"
)

// flow is the inner form of operators that run in their consumer's goroutine: it yields all values, in that goroutine,
// until they end or yield reports false. Failures go to the run.
type flow[T any] func(yield func(v T, t queue.Tag) bool)

// counted counts values as they are yielded.
func counted[T any](values flow[T], n *atomic.Uint64) flow[T] {
	return func(yield func(T, queue.Tag) bool) {
		values(func(v T, t queue.Tag) bool {
			n.Store(n.Load() + 1) // there is one writer
			return yield(v, t)
		})
	}
}

// numbered gives the values of a source their places in the order, if an Ordered downstream wants them. The source
// waits, before it makes a value, for a place in that Ordered's window.
func numbered[T any](b *builder, o node, s *Site, values flow[T]) flow[T] {
	trackers := b.trackers[o]
	if len(trackers) == 0 {
		return values
	}
	admit := func() {
		for _, m := range trackers {
			m.Admit(s.waiter)
		}
	}
	return func(yield func(T, queue.Tag) bool) {
		var next uint64
		admit()
		values(func(v T, _ queue.Tag) bool {
			if !yield(v, queue.Tag{Seq: next}) {
				return false
			}
			next++
			admit()
			return true
		})
	}
}

// consumerLoop makes the consumer's part of a run: yield gets the values of n in the goroutine that calls consume.
func consumerLoop[T any](b *builder, n node, yield func(T, queue.Tag) bool) (consume func()) {
	at := b.site(&consumerOp)
	values := flowOf[T](b, &consumerOp, n, at, false)
	if !b.inlined[n] { // they come from a queue: nothing upstream is in this goroutine
		return func() { values(yield) }
	}
	return func() {
		values(func(v T, t queue.Tag) (more bool) {
			defer func() {
				if !more { // before the values return, also by a panic: a source may wait for its context on its way out
					at.Stop()
				}
			}()
			more = yield(v, t) && !at.stopped.Load()
			return more
		})
	}
}

// keep has the operator run to its end though nobody takes its values.
func (o *operator[T]) keep(b *builder) { outletOf[T](b, o).kept = true }

// discard makes a consumer that drops the values.
func (o *operator[T]) discard(b *builder) (consume func()) {
	return consumerLoop(b, o, func(T, queue.Tag) bool { return true })
}

// consumerOp stands for the loop over All.
var consumerOp = base{verb: "loop", backend: "pl", cfg: config{name: "loop", workers: 1}, inline: true}
