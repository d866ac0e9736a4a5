package pl

import "context"

// Partial is an operator that still lacks its stage. p(stage) supplies it; Pipe(stage, p) is the
// same.
//
// Any function from a stage to a stage is a Partial as it stands. So users make operators of their
// own by writing one, and [Ordered], [Flatten] and [Enumerate] need no brackets inside Pipe.
type Partial[A, B any] func(Stage[A]) Stage[B]

// Pipe supplies p with its stage.
func Pipe[A, B any](s Stage[A], p Partial[A, B]) Stage[B] { return apply(p, s) }

// Pipe2 sends the values of s through p and q.
func Pipe2[A, B, C any](s Stage[A], p Partial[A, B], q Partial[B, C]) Stage[C] {
	return apply(q, apply(p, s))
}

// Pipe3 is Pipe2 with one operator more, and so on up to Pipe9.
func Pipe3[A, B, C, D any](s Stage[A], p1 Partial[A, B], p2 Partial[B, C], p3 Partial[C, D]) Stage[D] {
	return apply(p3, Pipe2(s, p1, p2))
}

// Pipe4 sends the values of s through four operators.
func Pipe4[A, B, C, D, E any](
	s Stage[A], p1 Partial[A, B], p2 Partial[B, C], p3 Partial[C, D], p4 Partial[D, E],
) Stage[E] {
	return apply(p4, Pipe3(s, p1, p2, p3))
}

// Pipe5 sends the values of s through five operators.
func Pipe5[A, B, C, D, E, F any](
	s Stage[A], p1 Partial[A, B], p2 Partial[B, C], p3 Partial[C, D], p4 Partial[D, E], p5 Partial[E, F],
) Stage[F] {
	return apply(p5, Pipe4(s, p1, p2, p3, p4))
}

// Pipe6 sends the values of s through six operators.
func Pipe6[A, B, C, D, E, F, G any](
	s Stage[A], p1 Partial[A, B], p2 Partial[B, C], p3 Partial[C, D], p4 Partial[D, E], p5 Partial[E, F],
	p6 Partial[F, G],
) Stage[G] {
	return apply(p6, Pipe5(s, p1, p2, p3, p4, p5))
}

// Pipe7 sends the values of s through seven operators.
func Pipe7[A, B, C, D, E, F, G, H any](
	s Stage[A], p1 Partial[A, B], p2 Partial[B, C], p3 Partial[C, D], p4 Partial[D, E], p5 Partial[E, F],
	p6 Partial[F, G], p7 Partial[G, H],
) Stage[H] {
	return apply(p7, Pipe6(s, p1, p2, p3, p4, p5, p6))
}

// Pipe8 sends the values of s through eight operators.
func Pipe8[A, B, C, D, E, F, G, H, I any](
	s Stage[A], p1 Partial[A, B], p2 Partial[B, C], p3 Partial[C, D], p4 Partial[D, E], p5 Partial[E, F],
	p6 Partial[F, G], p7 Partial[G, H], p8 Partial[H, I],
) Stage[I] {
	return apply(p8, Pipe7(s, p1, p2, p3, p4, p5, p6, p7))
}

// Pipe9 sends the values of s through nine operators. For more, pipe the result again.
func Pipe9[A, B, C, D, E, F, G, H, I, J any](
	s Stage[A], p1 Partial[A, B], p2 Partial[B, C], p3 Partial[C, D], p4 Partial[D, E], p5 Partial[E, F],
	p6 Partial[F, G], p7 Partial[G, H], p8 Partial[H, I], p9 Partial[I, J],
) Stage[J] {
	return apply(p9, Pipe8(s, p1, p2, p3, p4, p5, p6, p7, p8))
}

// Compose joins two operators to one, which keeps all their options.
func Compose[A, B, C any](p Partial[A, B], q Partial[B, C]) Partial[A, C] {
	return func(s Stage[A]) Stage[C] { return Pipe2(s, p, q) }
}

// Compose3 joins three operators to one.
func Compose3[A, B, C, D any](p1 Partial[A, B], p2 Partial[B, C], p3 Partial[C, D]) Partial[A, D] {
	return func(s Stage[A]) Stage[D] { return Pipe3(s, p1, p2, p3) }
}

// Compose4 joins four operators to one.
func Compose4[A, B, C, D, E any](
	p1 Partial[A, B], p2 Partial[B, C], p3 Partial[C, D], p4 Partial[D, E],
) Partial[A, E] {
	return func(s Stage[A]) Stage[E] { return Pipe4(s, p1, p2, p3, p4) }
}

// Compose5 joins five operators to one.
func Compose5[A, B, C, D, E, F any](
	p1 Partial[A, B], p2 Partial[B, C], p3 Partial[C, D], p4 Partial[D, E], p5 Partial[E, F],
) Partial[A, F] {
	return func(s Stage[A]) Stage[F] { return Pipe5(s, p1, p2, p3, p4, p5) }
}

// Lift makes a step's function of one that needs no context and cannot fail:
// thread.Map(pl.Lift(strconv.Itoa)).
func Lift[A, B any](f func(A) B) func(context.Context, A) (B, error) {
	if f == nil {
		return nil
	}
	return func(_ context.Context, in A) (B, error) { return f(in), nil }
}

// Try makes a step's function of one that needs no context: thread.Map(pl.Try(strconv.Atoi)).
func Try[A, B any](f func(A) (B, error)) func(context.Context, A) (B, error) {
	if f == nil {
		return nil
	}
	return func(_ context.Context, in A) (B, error) { return f(in) }
}

// apply returns p(s), or a broken stage if p is nil.
func apply[A, B any](p Partial[A, B], s Stage[A]) Stage[B] {
	if p == nil {
		return broken[B]("Pipe", atUserPlace(errNilPartial))
	}
	return p(s)
}
