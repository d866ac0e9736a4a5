package backendtest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
)

// Deadline is how long a run in real time may take before it counts as hung: far more than it takes
// to start some subprocesses, even with the race detector on a machine that is busy.
const Deadline = time.Minute

// context returns a context that ends a run in real time that hangs, so that a check says what
// hung.
func (api API) context(t *testing.T) context.Context {
	if api.Here {
		return api.base(t)
	}
	ctx, cancel := context.WithTimeout(api.base(t), Deadline)
	t.Cleanup(cancel)
	return ctx
}

// collect runs the stage to its end, and checks that the run left nothing behind.
func collect[T any](t *testing.T, api API, s pl.Stage[T]) ([]T, error) {
	t.Helper()
	before := Hold()
	got, err := s.Collect(api.context(t))
	before.Check(t)
	return got, err
}

// mustCollect is collect where no error is expected.
func mustCollect[T any](t *testing.T, api API, s pl.Stage[T]) []T {
	t.Helper()
	got, err := collect(t, api, s)
	require.NoError(t, err)
	return got
}

// run is collect for stages whose values do not matter.
func run(t *testing.T, api API, stages ...pl.Runnable) error {
	t.Helper()
	before := Hold()
	err := pl.Run(api.context(t), stages...)
	before.Check(t)
	return err
}

// first consumes n values and breaks.
func first(t *testing.T, api API, n int, s pl.Stage[int]) []int {
	t.Helper()
	before := Hold()
	var got []int
	for x, err := range s.All(api.context(t)) {
		require.NoError(t, err)
		if got = append(got, x); len(got) == n {
			break
		}
	}
	before.Check(t)
	return got
}

// rounds is how often to do what is done n times where a run costs nothing; to start subprocesses
// takes its time.
func (api API) rounds(n int) int {
	if api.Here {
		return n
	}
	return n / 4
}

// SameValues checks that got has the values of want, in whatever order. assert.ElementsMatch
// compares each with each, which takes seconds for thousands of them.
func SameValues(t *testing.T, want, got []int, msg ...any) {
	t.Helper()
	assert.Equal(t, slices.Sorted(slices.Values(want)), slices.Sorted(slices.Values(got)), msg...)
}

// numbers returns 0 … n-1.
func numbers(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

// endless yields 0, 1, 2 … until the run does not want more.
func endless() pl.Stage[int] {
	return pl.FromFunc(func(_ context.Context, yield func(int) bool) error {
		for i := 0; yield(i); i++ {
		}
		return nil
	})
}
