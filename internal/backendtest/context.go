package backendtest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
)

// What a function learns from its context about the run's end and its own.

var contextChecks = []check{
	{"TellsTheRunsDeadline", native, contextTellsRunsDeadline},
	{"TellsTheDeadlineOfTimeout", native, contextTellsTimeout},
	{"TellsTheEarlierDeadline", native, contextTellsEarlier},
	{"TellsNoDeadlineThatYieldMoves", native, contextTellsNoMovingDeadline},
	{"EndsWithTheRunsCause", native, contextEndsWithCause},
	{"EndsWithItsDeadline", native, contextEndsWithDeadline},
}

// lefts are what the functions of s see left.
func (api API) lefts(t *testing.T, ctx context.Context, s pl.Stage[int]) (ticks []int) {
	t.Helper()
	before := Hold()
	ticks, err := s.Collect(ctx)
	require.NoError(t, err)
	before.Check(t)
	return ticks
}

// within checks that each number of ticks is at most want, and not a great deal less.
func within(t *testing.T, want int, got []int) {
	t.Helper()
	require.NotEmpty(t, got)
	for _, ticks := range got {
		assert.LessOrEqual(t, ticks, want)
		assert.Greater(t, ticks, want*9/10)
	}
}

func contextTellsRunsDeadline(t *testing.T, api API) {
	assert.Equal(t, []int{-1, -1}, api.lefts(t, api.base(t), api.Left(pl.Range(2))))
	ctx, cancel := context.WithTimeout(api.base(t), 10_000*api.Tick)
	defer cancel()
	within(t, 10_000, api.lefts(t, ctx, api.Left(pl.Range(5)).With(pl.Workers(2))))
	within(t, 10_000, api.lefts(t, ctx, api.LeftFlat(pl.Range(5))))
}

func contextTellsTimeout(t *testing.T, api API) {
	timeout := pl.Timeout(1000 * api.Tick)
	within(t, 1000, api.lefts(t, api.base(t), api.Left(pl.Range(50)).With(timeout, pl.Workers(2))))
}

func contextTellsEarlier(t *testing.T, api API) {
	ctx, cancel := context.WithTimeout(api.base(t), 10_000*api.Tick)
	defer cancel()
	within(t, 1000, api.lefts(t, ctx, api.Left(pl.Range(5)).With(pl.Timeout(1000*api.Tick))))
	within(t, 10_000, api.lefts(t, ctx, api.Left(pl.Range(5)).With(pl.Timeout(100_000*api.Tick))))
}

// A client takes a deadline along, to set it on a connection or to send it with a call, and would
// not hear that it has moved.
func contextTellsNoMovingDeadline(t *testing.T, api API) {
	timeout := pl.Timeout(1000 * api.Tick)
	assert.Equal(t, []int{-1, -1}, api.lefts(t, api.base(t), api.LeftFlat(pl.Range(2)).With(timeout)))
	ctx, cancel := context.WithTimeout(api.base(t), 10_000*api.Tick)
	defer cancel()
	within(t, 10_000, api.lefts(t, ctx, api.LeftFlat(pl.Range(2)).With(timeout)))
}

var errBudget = errors.New("the budget is spent")

func contextEndsWithCause(t *testing.T, api API) {
	journal := Keep(t)
	ctx, cancel := context.WithCancelCause(api.base(t))
	time.AfterFunc(20*api.Tick, func() { cancel(errBudget) })
	err := api.AwaitCause(pl.From(1)).Run(ctx)
	require.ErrorIs(t, err, errBudget)
	assert.Equal(t, []string{"ended context canceled: the budget is spent"}, journal.Entries("ended"))
}

func contextEndsWithDeadline(t *testing.T, api API) {
	for want, cause := range map[string]error{
		"ended context deadline exceeded: context deadline exceeded": nil,
		"ended context deadline exceeded: the budget is spent":       errBudget,
	} {
		journal := Keep(t)
		ctx, cancel := context.WithTimeoutCause(api.base(t), 20*api.Tick, cause)
		err := api.AwaitCause(pl.From(1)).Run(ctx)
		cancel()
		require.ErrorIs(t, err, context.Cause(ctx))
		assert.Equal(t, []string{want}, journal.Entries("ended"))
	}
}
