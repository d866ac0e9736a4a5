package pl

import (
	"slices"

	"github.com/gopeln/pl/internal/queue"
)

// flow yields all values of an operator, in the caller's goroutine, until they end or yield reports
// false. It is the form of operators that run in their consumer's goroutine. Failures go to the
// run, not through the flow.
type flow[T any] func(yield func(v T, t queue.Tag) bool)

// numbered tags the values of a source with their numbers, if an Ordered downstream needs them.
// Before each value, the source waits until that Ordered admits one more.
func numbered[T any](b *builder, o node, s *Site, values flow[T]) flow[T] {
	trackers := b.planned[o].trackers
	if len(trackers) == 0 {
		return values
	}
	unlimited := func(t queue.Tracker) bool { return !t.Limited() }
	limited := slices.DeleteFunc(slices.Clone(trackers), unlimited)
	admit := func() {
		for _, t := range limited {
			t.Admit(s.waiter)
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

// consumerLoop makes the consumer's part of a run: consume calls yield for each value of n, in its
// caller's goroutine. f are the consumer's figures, nil if it has none.
func consumerLoop[T any](b *builder, n node, f *stageFigures, yield func(T, queue.Tag) bool) (consume func()) {
	at := b.run.site(&consumerOp)
	values := lived(at, f, flowOf[T](b, &consumerOp, f, n, at, false))
	if !b.planned[n].inlined { // the values come from a queue: nothing upstream is in this goroutine
		return func() { values(yield) }
	}
	return func() {
		values(func(v T, t queue.Tag) (more bool) {
			defer func() {
				if !more { // before the flow returns or panics: a source may wait for its context on its way out
					at.Stop()
				}
			}()
			more = yield(v, t) && !at.stopped.Load()
			return more
		})
	}
}

// keep makes the operator run to its end even if it has no consumer.
func (o *operator[T]) keep(b *builder) { outletOf[T](b, o).audience.kept = true }

// discard makes a consumer that drops the values.
func (o *operator[T]) discard(b *builder) (consume func()) {
	return consumerLoop(b, o, nil, func(T, queue.Tag) bool { return true })
}

// consumerOp is the operator that stands for the consumer's loop over All.
var consumerOp = base{verb: "loop", backend: "pl", cfg: config{name: "loop", workers: 1}, inline: true}
