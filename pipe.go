//go:build go1.27

package pl

// Pipe sends the values of s through p, whatever type they have after it: a pipeline reads from
// left to right. For programs that Go 1.26 must build too, there are the functions Pipe to Pipe9;
// there a method cannot change the type.
func (s Stage[A]) Pipe[B any](p Partial[A, B]) Stage[B] { return apply(p, s) }

// Then joins two operators to one, which keeps all their options: Compose as a method.
func (p Partial[A, B]) Then[C any](q Partial[B, C]) Partial[A, C] { return Compose(p, q) }
