//go:build !go1.27

package pl

// Pipe sends the values of s through p, which keeps their type. Since Go 1.27 it may change it;
// until then the functions Pipe to Pipe9 do that.
func (s Stage[T]) Pipe(p Partial[T, T]) Stage[T] { return apply(p, s) }

// Then joins two operators to one, which keeps all their options. The second keeps the type; since
// Go 1.27 it may change it, and until then Compose does that.
func (p Partial[A, B]) Then(q Partial[B, B]) Partial[A, B] { return Compose(p, q) }
