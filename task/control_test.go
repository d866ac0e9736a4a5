package task_test

import (
	"testing"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/internal/backendtest"
	"github.com/gopeln/pl/task"
)

// What keeps a run in order does so over several loops, and for functions that run off the loop.
func TestControl(t *testing.T) {
	traits := backendtest.Task(task.Sleep, task.Await[int])
	t.Run("Blocking", func(t *testing.T) { backendtest.Run(t, having(traits, task.Blocking()), backendtest.Control...) })
	traits.Resources = 3
	t.Run("Loops", func(t *testing.T) { backendtest.Run(t, having(traits, task.Loops(3)), backendtest.Control...) })
}

// having is the package with an option in each stage.
func having(traits backendtest.Traits, option pl.Option) backendtest.API {
	type options = []pl.Option
	add := func(opts options) options { return append(options{option}, opts...) }
	return backendtest.New(traits,
		func(f backendtest.MapFunc, opts ...pl.Option) backendtest.Step { return task.Map(f, add(opts)...) },
		func(f backendtest.FilterFunc, opts ...pl.Option) backendtest.Step {
			return task.Filter(f, add(opts)...)
		},
		func(f backendtest.FlatMapFunc, opts ...pl.Option) backendtest.Step {
			return task.FlatMap(f, add(opts)...)
		},
		func(f backendtest.EachFunc, opts ...pl.Option) pl.Partial[int, struct{}] {
			return task.Each(f, add(opts)...)
		},
		func(r pl.Resource[*backendtest.Handle], f backendtest.MapWithFunc, opts ...pl.Option) backendtest.Step {
			return task.MapWith(r, f, add(opts)...)
		},
		func(r pl.Resource[*backendtest.Handle], f backendtest.FilterWithFunc, opts ...pl.Option) backendtest.Step {
			return task.FilterWith(r, f, add(opts)...)
		},
		func(r pl.Resource[*backendtest.Handle], f backendtest.FlatMapWithFunc, opts ...pl.Option) backendtest.Step {
			return task.FlatMapWith(r, f, add(opts)...)
		},
		func(r pl.Resource[*backendtest.Handle], f backendtest.EachWithFunc, opts ...pl.Option) pl.Partial[int, struct{}] {
			return task.EachWith(r, f, add(opts)...)
		})
}
