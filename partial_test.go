package pl_test

import (
	"context"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/serial"
	"github.com/gopeln/pl/thread"
)

// digit appends d to a number, so that a result tells which steps it went through, in order.
func digit(d int) pl.Partial[int, int] {
	return thread.Map(func(_ context.Context, x int) (int, error) { return 10*x + d, nil })
}

func TestPipesApplyTheirPartialsInOrder(t *testing.T) {
	one, d := pl.From(1), digit
	for name, s := range map[string]pl.Stage[int]{
		"12":         pl.Pipe(one, d(2)),
		"123":        pl.Pipe2(one, d(2), d(3)),
		"1234":       pl.Pipe3(one, d(2), d(3), d(4)),
		"12345":      pl.Pipe4(one, d(2), d(3), d(4), d(5)),
		"123456":     pl.Pipe5(one, d(2), d(3), d(4), d(5), d(6)),
		"1234567":    pl.Pipe6(one, d(2), d(3), d(4), d(5), d(6), d(7)),
		"12345678":   pl.Pipe7(one, d(2), d(3), d(4), d(5), d(6), d(7), d(8)),
		"123456789":  pl.Pipe8(one, d(2), d(3), d(4), d(5), d(6), d(7), d(8), d(9)),
		"1234567890": pl.Pipe9(one, d(2), d(3), d(4), d(5), d(6), d(7), d(8), d(9), d(0)),
		"13":         one.Pipe(d(3)),
		"14":         d(4)(one),
		"156":        pl.Compose(d(5), d(6))(one),
		"1567":       pl.Compose3(d(5), d(6), d(7))(one),
		"15678":      pl.Compose4(d(5), d(6), d(7), d(8))(one),
		"156789":     pl.Compose5(d(5), d(6), d(7), d(8), d(9))(one),
		"1256":       pl.Pipe2(one, d(2), pl.Compose(d(5), d(6))),
		"12567":      pl.Compose(pl.Compose(d(2), d(5)), pl.Compose(d(6), d(7)))(one),
	} {
		want, err := strconv.Atoi(name)
		require.NoError(t, err)
		assert.Equal(t, []int{want}, values(t, s), name)
	}
}

func TestTypesChangeAlongAPipe(t *testing.T) {
	keepLong := func(_ context.Context, s string) (bool, error) { return len(s) > 1, nil }
	s := pl.Pipe5(pl.From("7", "12", "345"),
		thread.Filter(keepLong), thread.Map(pl.Try(strconv.Atoi)), serial.Map(pl.Lift(strconv.Itoa)),
		pl.Enumerate, pl.Batch[pl.Indexed[string]](2, 0))
	assert.Equal(t, [][]pl.Indexed[string]{{{Index: 0, Value: "12"}, {Index: 1, Value: "345"}}}, values(t, s))

	_, err := collect(t, thread.Map(pl.Try(strconv.Atoi))(pl.From("seven")))
	assert.ErrorIs(t, err, strconv.ErrSyntax)
}

// A function of the user's own from stage to stage is a Partial as it stands.
func TestOwnPartials(t *testing.T) {
	plusMinus := func(s pl.Stage[int]) pl.Stage[int] { return pl.Concat(s, thread.Map(negated)(s)) }
	got := values(t, pl.Pipe3(pl.From(1, 2), plusMinus, digit(5), plusMinus))
	assert.ElementsMatch(t, []int{15, 25, -5, -15, -15, -25, 5, 15}, got)
}

func TestNilPartialFailsTheRun(t *testing.T) {
	var none pl.Partial[int, int]
	fails(t, pl.Pipe(pl.Range(3), none), "nil")
	fails(t, pl.Pipe3(pl.Range(3), digit(1), none, digit(2)), "nil")
	fails(t, pl.Range(3).Pipe(none), "nil")
	fails(t, pl.Compose(none, digit(1))(pl.Range(3)), "nil")
	fails(t, thread.Map(pl.Lift[int, int](nil))(pl.Range(3)), "nil")
	fails(t, thread.Map(pl.Try[int, int](nil))(pl.Range(3)), "nil")
}

func TestZeroStageFailsWhateverIsDoneWithIt(t *testing.T) {
	var zero pl.Stage[int]
	fails(t, zero, "zero Stage")
	fails(t, zero.With(pl.Workers(2)), "zero Stage")
	fails(t, zero.Pipe(digit(1)), "zero Stage")
	fails(t, pl.Ordered(zero), "zero Stage")
	fails(t, pl.Take[int](3)(zero), "zero Stage")
	assert.ErrorContains(t, pl.Run(t.Context(), pl.Range(3), zero), "zero Stage")
	assert.Error(t, pl.Run(t.Context(), nil), "a nil Runnable is as bad")
}

func TestOneStageInManyGoroutines(t *testing.T) {
	s := pl.Ordered(thread.Map(same, pl.Workers(3), pl.MaxSize(2))(pl.Range(100)))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			got, err := s.Collect(t.Context())
			assert.NoError(t, err)
			assert.Equal(t, numbers(100), got)
			_ = s.With(pl.MaxSize(1)).String()
		})
	}
	wg.Wait()
}
