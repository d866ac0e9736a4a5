package process

import (
	"errors"
	"flag"
	"fmt"
	"reflect"
	"sync/atomic"
	"testing"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/internal/crossing"
)

// mainCalled: Main was called.
var mainCalled atomic.Bool

// serving is what a registration of this package serves with: it runs the function in a worker
// until its values are at an end. Its error means that it could not begin.
type serving func(w *worker) error

// register enters a function. skip is the number of this package's frames between it and the user's
// call.
func register[A, R any](name string, codec Codec, skip int, open pl.Opener[A, R]) *crossing.Registration {
	r := &crossing.Registration{
		Backend: "process", Main: "process.Main()", In: reflect.TypeFor[A](), Out: reflect.TypeFor[R](), Codec: codec,
		Serve: serving(func(w *worker) error { return serve(w, codec, open) }),
	}
	crossing.Register(r, name, skip+1)
	return r
}

// runnable tells why the stage cannot run, if it cannot. It is asked before any subprocess starts.
func runnable(r *crossing.Registration) error {
	if !mainCalled.Load() && (!testing.Testing() || !flag.Parsed()) {
		return errors.New("the program has not called process.Main: make it the first line of main, and make the stages of " +
			"package process before it, in package-level variables (var step = process.Map(...)), since the worker processes " +
			"are this program started again")
	}
	return r.Problem()
}

// lookup finds what the parent asks a worker for.
func lookup(h *hello) (serving, error) {
	r, ok := crossing.Find(h.Key)
	switch {
	case h.Build != build():
		return nil, errors.New("the program's file was replaced while it ran, and the worker process is the new one: " +
			"start the program again")
	case !ok || r.Backend != "process":
		return nil, fmt.Errorf("the worker process has no stage %q: it must be made in every process in the same way, "+
			"whatever the time, the environment or who else runs", h.Key)
	case r.In.String() != h.In || r.Out.String() != h.Out:
		return nil, fmt.Errorf("the stage %q is %s→%s here, and %s→%s in the worker process: stages must be made in the "+
			"same order in every process", h.Key, h.In, h.Out, r.In, r.Out)
	}
	return r.Serve.(serving), nil
}
