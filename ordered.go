package pl

import "github.com/gopeln/pl/internal/queue"

// Ordered restores the order of the source, across any number of stages and backends. It yields a
// value as soon as all values before it have been yielded or are known to be dropped. The results
// of a FlatMap come in the order in which it yielded them, in the place of its value. The order is
// that of the nearest source, [Concat], [Append], [Batch] or Ordered upstream.
//
// Values that wait for an earlier one are kept in memory. With [MaxSize](n), or [OrderedWindow], at
// most n source values are under way between the source and Ordered; then the source waits.
func Ordered[T any](s Stage[T]) Stage[T] {
	in := s.node()
	o := plain[T]("Ordered", in)
	o.renumbers, o.restores = true, true
	o.compose = func(b *builder, o *operator[T], at *Site) flow[T] {
		if b.run.calls != nil {
			return upstream[T](b, o, in, at)
		}
		if b.inOrder(in) {
			return numbered(b, o, at, upstream[T](b, o, in, at))
		}
		q := queue.NewReorder[T](o.cfg.maxSize)
		b.planned[in].trackers = append(b.planned[in].trackers, q)
		connect(b, at, q, in)
		b.planned[o].figures.awaits(b, q, in)
		return numbered(b, o, at, queueFlow(b.planned[o].figures, at, q))
	}
	return Stage[T]{o}
}

// Ordered is the function [Ordered] as a method.
func (s Stage[T]) Ordered() Stage[T] { return Ordered(s) }

// OrderedWindow is Ordered with MaxSize(n): at most n source values are under way between the
// source and it; 0 means no bound.
func OrderedWindow[T any](n int) Partial[T, T] {
	return func(s Stage[T]) Stage[T] { return Ordered(s).With(MaxSize(n)) }
}

// Indexed is a value with its index.
type Indexed[T any] struct {
	Index int
	Value T
}

// Enumerate numbers the values from 0, in the order in which they arrive. Directly after a source
// that is the source's order.
func Enumerate[T any](s Stage[T]) Stage[Indexed[T]] {
	return step("Enumerate", s, func(_ *builder, _ *operator[Indexed[T]], _ *Site, values flow[T]) flow[Indexed[T]] {
		return func(yield func(Indexed[T], queue.Tag) bool) {
			next := 0
			values(func(v T, t queue.Tag) bool {
				next++
				return yield(Indexed[T]{next - 1, v}, t)
			})
		}
	})
}
