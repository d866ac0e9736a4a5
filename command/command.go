package command

import (
	"context"
	"errors"
	"path/filepath"
	"slices"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/internal/child"
)

// Map keeps pl.Workers processes of argv running, hands each one value at a time, and reads one
// answer for each. argv[0] is looked up as package os/exec does. A program that cannot be started
// is a failure of the value that it was to be started for. The common options work, and process.Env
// and process.Recycle.
func Map[A, B any](p Protocol[A, B], argv []string, opts ...pl.Option) pl.Partial[A, B] {
	argv = slices.Clone(argv)
	op := pl.Operation[A, B]{Verb: "Map", Results: pl.One, Func: Map[A, B]}
	switch {
	case len(argv) == 0 || argv[0] == "":
		op.Err = errors.New("argv is empty: it must be the name of a program and its arguments")
		argv = []string{""}
	case p.request == nil:
		op.Err = errors.New("the Protocol is zero; command.Lines, JSONLines and Frames make one")
	}
	op.Open = func(ctx context.Context) (pl.Kernel[A, B], func(context.Context) error, error) {
		site := pl.SiteFrom(ctx)
		w := &worker[A, B]{protocol: p, argv: argv, site: site, starter: child.NewStarter()}
		w.env, _ = site.Setting(child.Env).([]string)
		w.recycle, _ = site.Setting(child.Recycle).(int)
		return w.handle, w.close, nil
	}
	named := append([]pl.Option{pl.Name(filepath.Base(argv[0]))}, opts...)
	return pl.NewPartial(host{child.Env, child.Recycle}, op, named...)
}

// host runs each worker on a goroutine of its own. It holds the settings that the operator knows.
type host []child.Setting

func (host) Name() string     { return "command" }
func (host) Start(s *pl.Site) { s.Employ() }
func (host) Goroutines() bool { return true }
func (host) Polls() bool      { return true }

func (h host) Knows(key any) bool {
	k, ok := key.(child.Setting)
	return ok && slices.Contains(h, k)
}
