// Package op holds the operators, each once: what Map, Filter, FlatMap and Each do with a value,
// for all backends.
package op

import (
	"context"

	"github.com/gopeln/pl"
)

// Map emits what f makes of each value.
func Map[A, B any](f func(context.Context, A) (B, error)) pl.Operation[A, B] {
	op := here("Map", pl.One, f, mapping(f))
	op.One = f
	return op
}

// Filter emits the values that f wants to keep.
func Filter[A any](f func(context.Context, A) (bool, error)) pl.Operation[A, A] {
	return here("Filter", pl.AtMostOne, f, filtering(f))
}

// FlatMap emits what f yields: f is a kernel as it stands.
func FlatMap[A, B any](f func(context.Context, A, func(B) bool) error) pl.Operation[A, B] {
	return here("FlatMap", pl.Many, f, pl.Kernel[A, B](f))
}

// Each emits nothing.
func Each[A any](f func(context.Context, A) error) pl.Operation[A, struct{}] {
	return here("Each", pl.None, f, visiting(f))
}

// MapWith is Map with a resource per worker.
func MapWith[R, A, B any](r pl.Resource[R], f func(context.Context, R, A) (B, error)) pl.Operation[A, B] {
	return with("Map", pl.One, f, r, func(resource R) pl.Kernel[A, B] {
		return mapping(func(ctx context.Context, in A) (B, error) { return f(ctx, resource, in) })
	})
}

// FilterWith is Filter with a resource per worker.
func FilterWith[R, A any](r pl.Resource[R], f func(context.Context, R, A) (bool, error)) pl.Operation[A, A] {
	return with("Filter", pl.AtMostOne, f, r, func(resource R) pl.Kernel[A, A] {
		return filtering(func(ctx context.Context, in A) (bool, error) { return f(ctx, resource, in) })
	})
}

// FlatMapWith is FlatMap with a resource per worker.
func FlatMapWith[R, A, B any](
	r pl.Resource[R], f func(context.Context, R, A, func(B) bool) error,
) pl.Operation[A, B] {
	return with("FlatMap", pl.Many, f, r, func(resource R) pl.Kernel[A, B] {
		return func(ctx context.Context, in A, emit func(B) bool) error { return f(ctx, resource, in, emit) }
	})
}

// EachWith is Each with a resource per worker.
func EachWith[R, A any](r pl.Resource[R], f func(context.Context, R, A) error) pl.Operation[A, struct{}] {
	return with("Each", pl.None, f, r, func(resource R) pl.Kernel[A, struct{}] {
		return visiting(func(ctx context.Context, in A) error { return f(ctx, resource, in) })
	})
}

func mapping[A, B any](f func(context.Context, A) (B, error)) pl.Kernel[A, B] {
	return func(ctx context.Context, in A, emit func(B) bool) error {
		out, err := f(ctx, in)
		if err == nil {
			emit(out)
		}
		return err
	}
}

func filtering[A any](f func(context.Context, A) (bool, error)) pl.Kernel[A, A] {
	return func(ctx context.Context, in A, emit func(A) bool) error {
		keep, err := f(ctx, in)
		if keep && err == nil {
			emit(in)
		}
		return err
	}
}

func visiting[A any](f func(context.Context, A) error) pl.Kernel[A, struct{}] {
	return func(ctx context.Context, in A, _ func(struct{}) bool) error { return f(ctx, in) }
}

// here is an operation that needs no resource.
func here[A, B any](verb string, results pl.Results, f any, k pl.Kernel[A, B]) pl.Operation[A, B] {
	return pl.Operation[A, B]{
		Verb: verb, Results: results, Func: f,
		Open: func(context.Context) (pl.Kernel[A, B], func(context.Context) error, error) { return k, nil, nil },
	}
}

// with is an operation whose kernel is made from the worker's resource.
func with[R, A, B any](
	verb string, results pl.Results, f any, r pl.Resource[R], kernel func(resource R) pl.Kernel[A, B],
) pl.Operation[A, B] {
	return pl.Operation[A, B]{
		Verb: verb, Results: results, Func: f, Err: r.Err(),
		Open: func(ctx context.Context) (pl.Kernel[A, B], func(context.Context) error, error) {
			resource, err := r.Open(ctx)
			if err != nil {
				return nil, nil, err
			}
			return kernel(resource), func(ctx context.Context) error { return r.Close(ctx, resource) }, nil
		},
	}
}
