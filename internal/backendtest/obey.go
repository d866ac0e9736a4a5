package backendtest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/gopeln/pl"
)

// Orders are values that tell an obeying function what to do. All other values are just values. An
// order may have a number added to it that tells several of a kind apart: Hang+1, Hang+2.
const (
	Fail         = (iota + 1) * 1_000_000 // returns an error that is ErrBroken
	Panic                                 // panics with a string
	PanicError                            // panics with an error that is ErrBroken
	Exit                                  // calls runtime.Goexit
	Nap                                   // takes one tick, plus as many as are added
	Hang                                  // waits for its context to end, and returns its error
	Ignore                                // takes a hundred ticks, whatever its context says
	FailOnce                              // fails the first time it is tried, as the journal tells
	FailForGood                           // returns an error that is ErrBroken, with pl.Permanent beneath a join and a wrap
	FailLater                             // returns an error that is ErrBroken, with pl.RetryAfter of two ticks beneath them
	Hostile                               // returns the error of that number whose methods misbehave
	HostilePanic                          // panics with it
	Last                                  // returns when as many values as are added have begun, as the journal tells
)

// ErrBroken is what failing functions fail with. A backend that does not carry an error's identity
// registers it.
var ErrBroken = errors.New("broken")

// BrokenError is ErrBroken with the value that was broken.
type BrokenError struct{ Value int }

func (e *BrokenError) Error() string { return fmt.Sprintf("value %d is broken", e.Value) }

// Unwrap makes a BrokenError an ErrBroken.
func (e *BrokenError) Unwrap() error { return ErrBroken }

func order(x int) int { return x / Fail * Fail }

// Obeying functions do what the value says.
type Obeying struct{ traits Traits }

func (o Obeying) obey(ctx context.Context, x int) error {
	note("begin %d", x)
	switch order(x) {
	case Fail:
		return &BrokenError{x}
	case Panic:
		panic(fmt.Sprintf("panic of value %d", x))
	case PanicError:
		panic(&BrokenError{x})
	case Exit:
		runtime.Goexit()
	case Nap:
		return o.traits.Sleep(ctx, time.Duration(1+x-Nap)*o.traits.Tick)
	case Hang:
		return o.traits.Sleep(ctx, 1_000_000*o.traits.Tick)
	case Ignore:
		time.Sleep(100 * o.traits.Tick)
	case Hostile:
		return hostile[x-Hostile]
	case HostilePanic:
		panic(hostile[x-HostilePanic])
	case FailForGood:
		return wrapped(pl.Permanent(&BrokenError{x}))
	case FailLater:
		return wrapped(pl.RetryAfter(&BrokenError{x}, 2*o.traits.Tick))
	case FailOnce:
		if noted("begin %d", x) == 1 {
			return &BrokenError{x}
		}
	case Last:
		return o.last(ctx, x)
	}
	return nil
}

// last gives up when a run would count as hung: in virtual time nothing else would end it.
func (o Obeying) last(ctx context.Context, x int) error {
	for range Deadline / o.traits.Tick {
		if begun() >= x-Last {
			return nil
		}
		if err := o.traits.Sleep(ctx, o.traits.Tick); err != nil {
			return err
		}
	}
	return &BrokenError{x}
}

// wrapped is err as it may come out of several layers of a program.
func wrapped(err error) error {
	return fmt.Errorf("a layer above: %w", errors.Join(errors.New("something beside it"), err))
}

// Map obeys and returns the value.
func (o Obeying) Map(ctx context.Context, x int) (int, error) { return x, o.obey(ctx, x) }

// Filter obeys and keeps the value.
func (o Obeying) Filter(ctx context.Context, x int) (bool, error) { return true, o.obey(ctx, x) }

// FlatMap yields the value, obeys, and yields it negated.
func (o Obeying) FlatMap(ctx context.Context, x int, yield func(int) bool) error {
	if !yield(x) {
		return nil
	}
	if err := o.obey(ctx, x); err != nil {
		return err
	}
	yield(-x)
	return nil
}

// Each obeys.
func (o Obeying) Each(ctx context.Context, x int) error { return o.obey(ctx, x) }

// Handle is the resource of the suite: it knows which worker opened it, and whether it was closed.
type Handle struct {
	worker int
	closed bool
}

func (o Obeying) open(ctx context.Context) (*Handle, error) {
	h := &Handle{worker: pl.WorkerFrom(ctx).Index}
	note("open %d", h.worker)
	return h, nil
}

// end notes that the resource was closed, and how: by whom, and whether it could still do its work.
func (o Obeying) end(ctx context.Context, h *Handle) error {
	how := "alive"
	if ctx.Err() != nil {
		how = "cancelled"
	}
	if h.closed {
		how = "twice"
	}
	h.closed = true
	status := pl.StatusFrom(ctx)
	note("close %d %s %d %t", h.worker, how, status.ActiveWorkers, status.Done)
	return nil
}

func (o Obeying) resource() pl.Resource[*Handle] { return pl.OnStart(o.open).OnEnd(o.end) }

// usable says whether f got a resource that is open and, where each worker has its own, its
// worker's.
func (o Obeying) usable(ctx context.Context, h *Handle) error {
	if h == nil {
		return errors.New("the function got no resource")
	}
	if worker := pl.WorkerFrom(ctx).Index; o.traits.PerWorker && h.worker != worker {
		return fmt.Errorf("the resource of worker %d came to worker %d", h.worker, worker)
	}
	if h.closed {
		return errors.New("the resource is closed")
	}
	return nil
}

// MapWith is Map for a function with a resource; so are the next three for theirs.
func (o Obeying) MapWith(ctx context.Context, h *Handle, x int) (int, error) {
	return x, errors.Join(o.usable(ctx, h), o.obey(ctx, x))
}

// FilterWith is Filter with a resource.
func (o Obeying) FilterWith(ctx context.Context, h *Handle, x int) (bool, error) {
	return true, errors.Join(o.usable(ctx, h), o.obey(ctx, x))
}

// FlatMapWith is FlatMap with a resource.
func (o Obeying) FlatMapWith(ctx context.Context, h *Handle, x int, yield func(int) bool) error {
	return errors.Join(o.usable(ctx, h), o.FlatMap(ctx, x, yield))
}

// EachWith is Each with a resource.
func (o Obeying) EachWith(ctx context.Context, h *Handle, x int) error {
	return errors.Join(o.usable(ctx, h), o.obey(ctx, x))
}
