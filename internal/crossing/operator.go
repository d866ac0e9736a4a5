package crossing

import (
	"context"

	"github.com/gopeln/pl"
)

// Emit hands on what came back.
func Emit[A, B any](p *pl.Port[A, B], it *pl.Item[A], r B) bool { return p.Emit(it, r) }

// EmitInput hands the value itself on, which a filter's worker wants to keep: values do not travel
// back.
func EmitInput[A any](p *pl.Port[A, A], it *pl.Item[A], _ struct{}) bool { return p.Emit(it, it.Value) }

// Verdict is a filter's function as a worker runs it: it yields nothing to say, for the values to
// keep.
func Verdict[A any](f func(context.Context, A) (bool, error)) func(context.Context, A, func(struct{}) bool) error {
	return func(ctx context.Context, in A, yield func(struct{}) bool) error {
		keep, err := f(ctx, in)
		if keep && err == nil {
			yield(struct{}{})
		}
		return err
	}
}

// VerdictWith is Verdict for a function with a resource.
func VerdictWith[Res, A any](
	f func(context.Context, Res, A) (bool, error),
) func(context.Context, Res, A, func(struct{}) bool) error {
	return func(ctx context.Context, resource Res, in A, yield func(struct{}) bool) error {
		keep, err := f(ctx, resource, in)
		if keep && err == nil {
			yield(struct{}{})
		}
		return err
	}
}
