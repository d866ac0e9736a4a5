package process

import (
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
