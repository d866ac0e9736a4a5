package pl_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/internal/backendtest"
	"github.com/gopeln/pl/process"
	"github.com/gopeln/pl/serial"
	"github.com/gopeln/pl/task"
	"github.com/gopeln/pl/thread"
)

// backends are those that the tests of this package mix. They are made at package level, where a
// subprocess finds them.
var backends = []backendtest.API{
	backendtest.New(backendtest.Serial, serial.Map, serial.Filter, serial.FlatMap, serial.Each,
		serial.MapWith, serial.FilterWith, serial.FlatMapWith, serial.EachWith),
	backendtest.New(backendtest.Thread, thread.Map, thread.Filter, thread.FlatMap, thread.Each,
		thread.MapWith, thread.FilterWith, thread.FlatMapWith, thread.EachWith),
	backendtest.New(backendtest.Task(task.Sleep, task.Await[int]), task.Map, task.Filter, task.FlatMap, task.Each,
		task.MapWith, task.FilterWith, task.FlatMapWith, task.EachWith),
	backendtest.New(backendtest.Process, process.Map, process.Filter, process.FlatMap, process.Each,
		process.MapWith, process.FilterWith, process.FlatMapWith, process.EachWith),
}

func init() { process.RegisterError(backendtest.ErrBroken) }

// here are the backends whose functions run in this process.
func here() []backendtest.API {
	return slices.DeleteFunc(slices.Clone(backends), func(b backendtest.API) bool { return !b.Here })
}

// inBubble runs each test of the table in virtual time, where a hang is a failure at once.
func inBubble(t *testing.T, tests map[string]func(t *testing.T)) {
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { synctest.Test(t, test) })
	}
}

// collect runs the stage to its end, and checks that the run left nothing behind.
func collect[T any](t *testing.T, s pl.Stage[T]) ([]T, error) {
	t.Helper()
	before := backendtest.Hold()
	got, err := s.Collect(t.Context())
	before.Check(t)
	return got, err
}

// values is collect where no error is expected.
func values[T any](t *testing.T, s pl.Stage[T]) []T {
	t.Helper()
	got, err := collect(t, s)
	require.NoError(t, err)
	return got
}

func same(_ context.Context, x int) (int, error) { return x, nil }

func numbers(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

func endless() pl.Stage[int] {
	return pl.FromFunc(func(_ context.Context, yield func(int) bool) error {
		for i := 0; yield(i); i++ {
		}
		return nil
	})
}
