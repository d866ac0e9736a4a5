package pl

import (
	"context"
	"iter"

	"github.com/gopeln/pl/internal/queue"
)

// Stage describes work that yields values of type T. It holds only metadata: nothing runs until it
// is consumed. It is an immutable value, safe for concurrent use. It may be consumed many times,
// also at once; each time is a run of its own, from the sources on. The zero Stage is not valid:
// its runs fail.
type Stage[T any] struct{ op *operator[T] }

// All returns a sequence that runs the stage each time it is ranged over. The loop gets each value
// with a nil error; a failure is the last pair, (zero, err). However the loop ends, nothing of the
// run is left after it: the end waits for all workers, and a function that ignores its context can
// hold it up. The one exception is a function that package thread has abandoned after its
// [Timeout]: it goes on until it returns, and its resource is closed then.
func (s Stage[T]) All(ctx context.Context) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		left := false
		err := s.consume(ctx, func(v T, _ queue.Tag) bool {
			left = true // also if yield does not return
			left = !yield(v, nil)
			return !left
		}, &left)
		if err != nil && !left {
			var zero T
			yield(zero, err)
		}
	}
}

// Collect runs the stage and returns its values. With an error it returns those that came before
// the error.
func (s Stage[T]) Collect(ctx context.Context) ([]T, error) {
	var all []T
	err := s.consume(ctx, func(v T, _ queue.Tag) bool {
		all = append(all, v)
		return true
	}, new(bool))
	return all, err
}

// Run runs the stage to its end and drops its values.
func (s Stage[T]) Run(ctx context.Context) error { return Run(ctx, s) }

// With returns a copy of s whose last operator has these options too. The copy is a distinct stage:
// if both are used in one run, both run.
func (s Stage[T]) With(opts ...Option) Stage[T] {
	if s.op == nil {
		return broken[T]("With", errZeroStage)
	}
	return Stage[T]{s.op.with(opts)}
}

// Runnable is a Stage of any type.
type Runnable interface{ node() node }

func (s Stage[T]) node() node {
	if s.op == nil {
		return broken[T]("Stage", errZeroStage).op
	}
	return s.op
}

// Run runs stages to their end in one run, and drops their values. A stage that several of them
// share runs once, and each of its consumers gets every value. Without stages Run does nothing.
func Run(ctx context.Context, stages ...Runnable) error {
	var roots []node
	for _, s := range stages {
		if s == nil {
			s = Stage[struct{}]{}
		}
		roots = append(roots, s.node())
	}
	return execute(ctx, roots, func(b *builder) func() {
		if len(roots) == 1 && roots[0].meta().inline {
			return roots[0].discard(b)
		}
		for _, n := range roots {
			n.keep(b)
		}
		return b.run.stages.Wait
	}, new(bool))
}

// consume runs the stage in the caller's goroutine. yield has the form of a flow's, which saves a
// call for each value. left is as in execute.
func (s Stage[T]) consume(ctx context.Context, yield func(T, queue.Tag) bool, left *bool) error {
	root := s.node()
	return execute(ctx, []node{root}, func(b *builder) func() {
		b.run.consumer = &stageFigures{clock: b.run.clock}
		return consumerLoop(b, root, b.run.consumer, yield)
	}, left)
}
