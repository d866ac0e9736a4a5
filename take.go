package pl

import (
	"fmt"

	"github.com/gopeln/pl/internal/queue"
)

// Take yields the first n values that arrive. Then, without waiting for another, everything
// upstream stops without an error: contexts end, and workers and sources stop, unless another
// consumer wants their values. With n = 0 nothing upstream runs.
func Take[T any](n int) Partial[T, T] {
	return func(s Stage[T]) Stage[T] {
		o := taking("Take", s, n == 0, func(*operator[T], *Site) func(T) (wanted, more bool) {
			remaining := n
			return func(T) (wanted, more bool) {
				remaining--
				return true, remaining > 0
			}
		})
		if n < 0 {
			o.fail(fmt.Errorf("Take(%d): must be at least 0", n))
		}
		o.most = max(n, 0) + 1
		return Stage[T]{o}
	}
}

// TakeWhile yields values as they arrive, up to the first for which f reports false, which it
// drops. Then the run upstream stops, as with [Take]. f is called in the consumer's goroutine, once
// for each value. If it panics, the run fails with a *[StageError] that names the value.
func TakeWhile[T any](f func(T) bool) Partial[T, T] {
	name, wrong := operatorName("TakeWhile", f), error(nil)
	if f == nil {
		wrong = atUserPlace(errNilFunction)
	}
	return func(s Stage[T]) Stage[T] {
		o := taking("TakeWhile", s, false, func(o *operator[T], at *Site) func(T) (wanted, more bool) {
			return func(v T) (wanted, more bool) {
				yes, _ := asked(at, &o.base, v, f)
				return yes, yes
			}
		})
		if o.cfg.name = name; wrong != nil {
			o.fail(wrong)
		}
		return Stage[T]{o}
	}
}

// taking makes an operator that stops its run upstream once it wants no more values. admit makes,
// for each run, a function that reports whether a value is wanted, and whether more are wanted
// after it. If nothing is set, the operator takes no value, and nothing upstream runs.
func taking[T any](
	verb string, s Stage[T], nothing bool, admit func(*operator[T], *Site) func(T) (wanted, more bool),
) *operator[T] {
	in := s.node()
	o := plain[T](verb, in)
	o.compose = func(b *builder, o *operator[T], at *Site) flow[T] {
		if nothing {
			b.dropConsumer(in)
			return func(func(T, queue.Tag) bool) {}
		}
		c := b.planned[o].figures.addWorker()
		up := at.newPart()
		values := upstream[T](b, o, in, up)
		return func(yield func(T, queue.Tag) bool) {
			take := admit(o, at)
			values(func(v T, t queue.Tag) bool {
				wanted, more := take(v)
				if wanted {
					more = yield(v, t) && more
				} else {
					c.drop()
				}
				if !more {
					at.run.leave(&o.base)
					up.Stop() // before the values return: a source may wait for its context on its way out
				}
				return more
			})
		}
	}
	return o
}

// asked calls f, the function of an inline operator, for v. It reports whether f has returned; if
// not, the run has failed.
func asked[A, B any](s *Site, op *base, v A, f func(A) B) (answer B, ok bool) {
	defer func() {
		if !ok {
			s.Fail(&StageError{Stage: op.cfg.name, Item: v, Err: panicOrGoexit(recover())})
		}
	}()
	return f(v), true
}

// Take is the function [Take] as a method.
func (s Stage[T]) Take(n int) Stage[T] { return Take[T](n)(s) }
