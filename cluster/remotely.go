package cluster

import (
	"reflect"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/internal/crossing"
)

// host is this package as the engine's backend of one stage.
type host struct{ check func(*pl.Site) error }

func (host) Name() string { return backend }

const backend = "cluster"

// Start is never called: the stages of this package are driven.
func (host) Start(*pl.Site) {}

// Check reports why the stage cannot run. It waits for a worker.
func (h host) Check(s *pl.Site) error { return h.check(s) }

// Overlaps reports that values run side by side even if the stage's Workers is 1, or not given: under Timeout a function
// that was abandoned runs on, and without Workers all slots take part.
func (host) Overlaps() bool { return true }

// Knows reports whether the option of key k is one of a stage of this package, or one that Check refuses.
func (host) Knows(k any) bool {
	switch k.(type) {
	case key, crossing.Setting, crossing.Setup:
		return true
	}
	return false
}

// remotely registers what open prepares, to be run by workers, and makes the operator o of what
// comes back: R is what a worker sends for a value, and lift makes results of it.
func remotely[A, B, R any](
	o pl.Operation[A, B], open pl.Opener[A, R], lift func(*pl.Port[A, B], *pl.Item[A], R) bool, opts []pl.Option,
) pl.Partial[A, B] {
	const frames = 2 // this function's and the operator's
	name, setting := pl.Given(opts...)
	codec := codecOf(setting)
	r := &crossing.Registration{
		Backend: backend, Main: "embed.Main() and Cluster.Serve", In: reflect.TypeFor[A](), Out: reflect.TypeFor[R](), Codec: codec,
		Serve: newRunner(func(j *job, slot int) runner { return newFar(j, slot, codec, open) }),
	}
	crossing.Register(r, name, frames)
	f := &remoteFunc[A, B, R]{registration: r, lift: lift}
	return pl.NewDriven(host{f.check}, o, f.drive, opts...)
}
