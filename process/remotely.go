package process

import (
	"context"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/internal/child"
	"github.com/gopeln/pl/internal/crossing"
)

// host is this package as the engine's backend of one stage.
type host struct{ check func(*pl.Site) error }

func (host) Name() string { return "process" }

// Start is never called: the stages of this package are driven.
func (host) Start(*pl.Site) {}

// Check reports why the stage cannot run.
func (h host) Check(s *pl.Site) error { return h.check(s) }

func (host) Knows(k any) bool {
	switch k.(type) {
	case key, child.Setting, crossing.Setting, *setup:
		return true
	}
	return false
}

// remotely registers what open prepares, to be run in workers, and makes the operator o of what
// comes back: R is what a worker sends for a value, and lift makes results of it.
func remotely[A, B, R any](
	o pl.Operation[A, B], open pl.Opener[A, R], lift func(*pl.Port[A, B], *pl.Item[A], R) bool, opts []pl.Option,
) pl.Partial[A, B] {
	const frames = 2 // this function's and the operator's
	name, setting := pl.Given(opts...)
	f := &remoteFunc[A, B, R]{registration: register(name, settingsOf(setting).codec, frames, open), lift: lift}
	return pl.NewDriven(host{f.check}, o, f.drive, opts...)
}

// emit hands on what came back.
func emit[A, B any](p *pl.Port[A, B], it *pl.Item[A], r B) bool { return p.Emit(it, r) }

// emitInput hands the value itself on, which a filter's worker wants to keep: values do not travel
// back.
func emitInput[A any](p *pl.Port[A, A], it *pl.Item[A], _ struct{}) bool { return p.Emit(it, it.Value) }

// verdict is a filter's function as a worker runs it: it yields nothing to say, for the values to
// keep.
func verdict[A any](f func(context.Context, A) (bool, error)) func(context.Context, A, func(struct{}) bool) error {
	return func(ctx context.Context, in A, yield func(struct{}) bool) error {
		keep, err := f(ctx, in)
		if keep && err == nil {
			yield(struct{}{})
		}
		return err
	}
}

// verdictWith is verdict for a function with a resource.
func verdictWith[Res, A any](
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
