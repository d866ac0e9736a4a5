package process

import (
	"errors"
	"flag"
	"fmt"
	"reflect"
	"runtime"
	"sync"
	"testing"

	"github.com/gopeln/pl"
)

// registration is a stage's function as both ends know it.
type registration struct {
	key     string
	place   string
	in, out reflect.Type
	codec   Codec // given where the function was registered
	err     error // why runs of the stage must fail
	// serve runs the function in a worker until its values are at an end. Its error means that it
	// could not begin.
	serve func(w *worker) error
}

// registry has the functions that a worker can run. It is complete when Main is called: in a
// worker, what is registered later is never reached.
var registry = struct {
	sync.Mutex
	byKey  map[string]*registration
	setups map[string]*setup
	at     map[string]int // registrations without a name, by place and types
	main   bool           // Main was called, or in a test binary its flags were parsed
}{byKey: map[string]*registration{}, setups: map[string]*setup{}, at: map[string]int{}}

// register enters a function. skip is the number of this package's frames between it and the user's
// call.
func register[A, R any](name string, codec Codec, skip int, open pl.Opener[A, R]) *registration {
	_, file, line, _ := runtime.Caller(skip + 1)
	r := &registration{
		place: fmt.Sprintf("%s:%d", file, line),
		in:    reflect.TypeFor[A](), out: reflect.TypeFor[R](),
		codec: codec,
	}
	r.serve = func(w *worker) error { return serve(w, r.codec, open) }
	registry.Lock()
	defer registry.Unlock()
	if complete() {
		r.err = fmt.Errorf("the stage was made at %s, after the program had begun, so a worker process would not find its "+
			"function: move the call to a package-level variable (var step = process.Map(...))%s", r.place, orBeforeMain())
		return r
	}
	r.key = name
	if name == "" {
		r.key = fmt.Sprintf("%s %s→%s", r.place, r.in, r.out)
		registry.at[r.key]++
		r.key = fmt.Sprintf("%s #%d", r.key, registry.at[r.key])
	}
	if first, taken := registry.byKey[r.key]; taken {
		err := fmt.Errorf("two stages of package process have the name %q, one made at %s and one at %s: give each its own "+
			"pl.Name, by which a worker process finds its function", name, first.place, r.place)
		first.err, r.err = errors.Join(first.err, err), err
		return r
	}
	registry.byKey[r.key] = r
	return r
}

func orBeforeMain() string {
	if testing.Testing() {
		return ""
	}
	return ", or in main to before process.Main()"
}

// complete reports whether the registry is closed. A test binary parses its flags when its
// initialisation is over.
func complete() bool { return registry.main || testing.Testing() && flag.Parsed() }

// runnable tells why the stage cannot run, if it cannot. It is asked before any subprocess starts.
func (r *registration) runnable() error {
	registry.Lock()
	defer registry.Unlock()
	if !complete() {
		return errors.New("the program has not called process.Main: make it the first line of main, " +
			"since the worker processes are this program started again")
	}
	return r.err
}

// lookup finds what the parent asks a worker for.
func lookup(h *hello) (*registration, error) {
	registry.Lock()
	defer registry.Unlock()
	r, ok := registry.byKey[h.Key]
	switch {
	case h.Build != build():
		return nil, errors.New("the program's file was replaced while it ran, and the worker process is the new one: " +
			"start the program again")
	case !ok:
		return nil, fmt.Errorf("the worker process has no stage %q: it must be made in every process in the same way, "+
			"whatever the time, the environment or who else runs", h.Key)
	case r.in.String() != h.In || r.out.String() != h.Out:
		return nil, fmt.Errorf("the stage %q is %s→%s here, and %s→%s in the worker process: stages must be made in the "+
			"same order in every process", h.Key, h.In, h.Out, r.in, r.out)
	}
	return r, nil
}

// mainReached reports whether a worker came to where it takes over.
func mainReached() bool {
	registry.Lock()
	defer registry.Unlock()
	return registry.main
}
