package pl_test

import (
	"context"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/thread"
)

func itself[T any](x T) T { return x }

func TestDistinctRemembersTheLastKeys(t *testing.T) {
	for name, c := range map[string]struct {
		last     int
		in, want []int
	}{
		"all":                      {0, []int{1, 2, 1, 3, 2, 1, 4}, []int{1, 2, 3, 4}},
		"one":                      {1, []int{1, 1, 2, 2, 1, 1}, []int{1, 2, 1}},
		"two":                      {2, []int{1, 2, 1, 3, 2, 1}, []int{1, 2, 3, 2, 1}},
		"a hit makes a key latest": {2, []int{1, 2, 1, 3, 1, 2}, []int{1, 2, 3, 2}},
	} {
		assert.Equal(t, c.want, values(t, pl.Distinct(itself[int], c.last)(pl.From(c.in...))), name)
	}
}

// A key may be any comparable type: an interface that holds what cannot be hashed, and NaN, are the
// hard ones.
func TestDistinctKeysThatAreHardToRemember(t *testing.T) {
	nan := math.NaN()
	assert.Len(t, values(t, pl.Distinct(itself[float64], 2)(pl.From(nan, 1, nan, 1, nan, 2, 3, nan, 2))), 7)

	mixed := pl.Distinct(itself[any], 0)(pl.From[any](1, "1", []int{1}, 1, 2))
	got, err := collect(t, mixed)
	assert.Equal(t, []any{1, "1"}, got)
	var e *pl.StageError
	require.ErrorAs(t, err, &e)
	assert.Equal(t, []int{1}, e.Item)
	assert.Equal(t, []any{1, "1", 2}, values(t, mixed.With(pl.OnError(pl.Skip))))
}

func TestDistinctForgetsWithTheRunAndLeavesNoHoleInTheOrder(t *testing.T) {
	s := pl.Pipe3(pl.Range(300), thread.Map(func(_ context.Context, x int) (int, error) { return x / 3, nil }, pl.Workers(4)),
		pl.Distinct(itself[int], 0), pl.Ordered)
	for range 2 {
		got := values(t, s)
		assert.Len(t, got, 100)
		assert.True(t, slices.IsSorted(got), "%v", got)
	}
}

func TestDistinctRefusesWhatItCannotDo(t *testing.T) {
	_, err := collect(t, pl.Distinct(itself[int], -1)(pl.Range(3)))
	require.ErrorContains(t, err, "Distinct(…, -1): last must be at least 0")
	_, err = collect(t, pl.Distinct[int, int](nil, 1)(pl.Range(3)))
	require.ErrorContains(t, err, "function is nil")
	_, err = collect(t, pl.Distinct(func(int) int { panic("no key") }, 1)(pl.Range(3)))
	require.ErrorContains(t, err, "value 0: panic: no key")
}
