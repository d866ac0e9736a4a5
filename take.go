package pl

import (
	"fmt"

	"github.com/gopeln/pl/internal/queue"
)

// Take yields the first n values that arrive. Then, without waiting for another, the run upstream stops without an
// error: contexts end, workers and sources stop, as far as no other consumer wants their values. With n = 0 nothing
// runs.
func Take[T any](n int) Partial[T, T] {
	return func(s Stage[T]) Stage[T] {
		in := s.node()
		o := plain[T]("Take", in)
		if n < 0 {
			o.fail(fmt.Errorf("Take(%d): must be at least 0", n))
		}
		o.compose = func(b *builder, o *operator[T], at *Site) flow[T] {
			if n == 0 {
				b.dropConsumer(in)
				return func(func(T, queue.Tag) bool) {}
			}
			c := b.figures[o].addWorker()
			up := at.newPart()
			values := counted(upstream[T](b, o, in, up), &c.in)
			return func(yield func(T, queue.Tag) bool) {
				remaining := n
				values(func(v T, t queue.Tag) bool {
					remaining--
					c.out.Add(1)
					if yield(v, t) && remaining > 0 {
						return true
					}
					up.Stop() // before the values return: a source may wait for its context on its way out
					return false
				})
			}
		}
		return Stage[T]{o}
	}
}
