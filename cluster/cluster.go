package cluster

import (
	"context"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/internal/crossing"
	"github.com/gopeln/pl/internal/op"
)

// Map yields what f makes of each value.
func Map[A, B any](f func(ctx context.Context, in A) (B, error), opts ...pl.Option) pl.Partial[A, B] {
	o := op.Map(f)
	return remotely(o, o.Open, crossing.Emit, opts)
}

// Filter yields the values for which f reports true.
func Filter[A any](f func(ctx context.Context, in A) (bool, error), opts ...pl.Option) pl.Partial[A, A] {
	return remotely(op.Filter(f), op.FlatMap(crossing.Verdict(f)).Open, crossing.EmitInput, opts)
}

// FlatMap yields what f yields for each value, any number of values, as it yields them. f should
// return when yield reports false; yield must not be called from several goroutines at once, nor
// after f has returned.
func FlatMap[A, B any](
	f func(ctx context.Context, in A, yield func(B) bool) error, opts ...pl.Option,
) pl.Partial[A, B] {
	o := op.FlatMap(f)
	return remotely(o, o.Open, crossing.Emit, opts)
}

// Each calls f for each value and yields nothing. Run it with Stage.Run.
func Each[A any](f func(ctx context.Context, in A) error, opts ...pl.Option) pl.Partial[A, struct{}] {
	o := op.Each(f)
	return remotely(o, o.Open, crossing.Emit, opts)
}

// MapWith is Map with a resource of each worker's own.
func MapWith[R, A, B any](
	r pl.Resource[R], f func(ctx context.Context, resource R, in A) (B, error), opts ...pl.Option,
) pl.Partial[A, B] {
	o := op.MapWith(r, f)
	return remotely(o, o.Open, crossing.Emit, opts)
}

// FilterWith is Filter with a resource of each worker's own.
func FilterWith[R, A any](
	r pl.Resource[R], f func(ctx context.Context, resource R, in A) (bool, error), opts ...pl.Option,
) pl.Partial[A, A] {
	return remotely(op.FilterWith(r, f), op.FlatMapWith(r, crossing.VerdictWith(f)).Open, crossing.EmitInput, opts)
}

// FlatMapWith is FlatMap with a resource of each worker's own.
func FlatMapWith[R, A, B any](
	r pl.Resource[R], f func(ctx context.Context, resource R, in A, yield func(B) bool) error, opts ...pl.Option,
) pl.Partial[A, B] {
	o := op.FlatMapWith(r, f)
	return remotely(o, o.Open, crossing.Emit, opts)
}

// EachWith is Each with a resource of each worker's own.
func EachWith[R, A any](
	r pl.Resource[R], f func(ctx context.Context, resource R, in A) error, opts ...pl.Option,
) pl.Partial[A, struct{}] {
	o := op.EachWith(r, f)
	return remotely(o, o.Open, crossing.Emit, opts)
}
