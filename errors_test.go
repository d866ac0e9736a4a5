package pl_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/thread"
)

func odd(_ context.Context, x int) (bool, error) { return x%2 != 0, nil }

func TestErrorMessagesNameStageWorkerAndValue(t *testing.T) {
	for item, shown := range map[any]string{
		"text":                      "text",
		7:                           "7",
		struct{ A, B int }{1, 2}:    "1",
		strings.Repeat("long", 1e6): "long",
	} {
		fail := func(context.Context, any) (int, error) { return 0, errSource }
		err := thread.Map(fail, pl.Name("crusher"))(pl.From(item)).Run(t.Context())
		assert.ErrorContains(t, err, "crusher")
		assert.ErrorContains(t, err, shown)
		assert.ErrorContains(t, err, errSource.Error())
		assert.Less(t, len(err.Error()), 1000, "a long value is cut")
		stageError, ok := errors.AsType[*pl.StageError](err)
		require.True(t, ok)
		assert.Equal(t, item, stageError.Item, "the value itself is whole")
	}
}

func TestErrTimeoutIsADeadlineToo(t *testing.T) {
	assert.ErrorIs(t, pl.ErrTimeout, context.DeadlineExceeded)
	assert.NotErrorIs(t, context.DeadlineExceeded, pl.ErrTimeout)
	assert.NotEmpty(t, pl.ErrTimeout.Error())
	wrapped := fmt.Errorf("outer: %w", &pl.StageError{Stage: "s", Err: pl.ErrTimeout})
	assert.ErrorIs(t, wrapped, pl.ErrTimeout)
}

func TestPanicErrorUnwrapsErrorsOnly(t *testing.T) {
	assert.ErrorIs(t, &pl.PanicError{Value: errSource}, errSource)
	assert.NoError(t, errors.Unwrap(&pl.PanicError{Value: "text"}))
	assert.ErrorContains(t, &pl.PanicError{Value: "text"}, "text")
}

func TestPanicStackBeginsWhereItHappened(t *testing.T) {
	err := thread.Map(func(context.Context, int) (int, error) { return explode(), nil })(pl.Range(1)).Run(t.Context())
	panicked, ok := errors.AsType[*pl.PanicError](err)
	require.True(t, ok)
	assert.Contains(t, string(panicked.Stack), "explode")
	runtimeError, ok := errors.AsType[runtime.Error](err)
	assert.True(t, ok, "%v", runtimeError)
}

func explode() int {
	var none map[string]int
	none["x"] = 1
	return 0
}

func TestBackoff(t *testing.T) {
	wait := pl.Backoff(time.Second, 10*time.Second)
	for attempt, most := range map[int]time.Duration{2: 1, 3: 2, 4: 4, 5: 8, 6: 10, 7: 10, 60: 10, 1 << 20: 10} {
		most *= time.Second
		seen := map[time.Duration]bool{}
		for range 50 {
			d := wait(attempt)
			assert.LessOrEqual(t, d, most, "attempt %d", attempt)
			assert.GreaterOrEqual(t, d, most/2, "attempt %d", attempt)
			seen[d] = true
		}
		assert.Greater(t, len(seen), 1, "attempt %d: with jitter", attempt)
	}
	for _, odd := range []func(int) time.Duration{
		pl.Backoff(0, 0), pl.Backoff(-1, -1), pl.Backoff(time.Hour, time.Second), pl.Backoff(1<<62, 1<<62),
	} {
		for _, attempt := range []int{-1, 0, 1, 2, 3, 100, math.MaxInt} {
			assert.NotPanics(t, func() { assert.GreaterOrEqual(t, odd(attempt), time.Duration(0)) })
		}
	}
}

// The cause of the caller's context comes out unwrapped by anything that says a stage had failed.
func TestCallersCause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, s := range []pl.Stage[int]{
			thread.Map(same, pl.MaxSize(1))(every(time.Hour, 0, 3)),
			pl.Ordered(thread.Map(sleepy, pl.Workers(2))(pl.Range(9))),
			pl.Concat(every(time.Hour, 0, 3), every(time.Hour, 0, 3)),
			pl.Take[int](2)(every(time.Hour, 0, 3)),
			pl.Flatten(pl.Batch[int](2, 0)(every(time.Hour, 0, 3))),
		} {
			ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errSource)
			start := time.Now()
			_, err := s.Collect(ctx)
			assert.Equal(t, errSource, err, "%v", s)
			assert.Equal(t, time.Second, time.Since(start), "%v", s)
			cancel()
		}
	})
}

func sleepy(ctx context.Context, x int) (int, error) {
	select {
	case <-time.After(time.Hour):
		return x, nil
	case <-ctx.Done():
		return x, ctx.Err()
	}
}

func TestNilContextIsTheBackground(t *testing.T) {
	var none context.Context
	require.NotPanics(t, func() {
		got, err := thread.Map(same)(pl.Range(3)).Collect(none)
		assert.NoError(t, err)
		assert.Equal(t, numbers(3), got)
	})
}

// What a kernel does after its only result is the engine's business, and its delays are: the value
// is out.
func TestAValueThatIsOutDoesNotRunOutOfTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		late := pl.Operation[int, int]{
			Verb: "Late", Results: pl.One, Func: same,
			Open: func(context.Context) (pl.Kernel[int, int], func(context.Context) error, error) {
				return func(_ context.Context, x int, emit func(int) bool) error {
					emit(x)
					time.Sleep(time.Minute)
					return nil
				}, nil, nil
			},
		}
		s := pl.NewInline("test", late, pl.Timeout(time.Second))(pl.Range(3))
		assert.Equal(t, numbers(3), values(t, s))
	})
}

func TestAnErrorShowsAHugeValueBriefly(t *testing.T) {
	for _, value := range []any{
		make([]int, 5_000_000), strings.Repeat("é", 1_000_000), bytes.Repeat([]byte{7}, 1_000_000), struct{ Text string }{strings.Repeat("x", 1000)},
	} {
		text := (&pl.StageError{Stage: "s", Item: value, Err: errors.New("bad")}).Error()
		assert.Less(t, len(text), 200)
		assert.True(t, utf8.ValidString(text), text)
		assert.Contains(t, text, "…: bad")
	}
	assert.Equal(t, `pl: stage "s", worker 0, value {A:1 B:two}: bad`,
		(&pl.StageError{Stage: "s", Item: struct {
			A int
			B string
		}{1, "two"}, Err: errors.New("bad")}).Error())
}

func TestAMessageHasThePackagesPrefixOnce(t *testing.T) {
	inner := thread.Map(func(_ context.Context, x int) (int, error) { return x, errSource }, pl.Name("inner"))
	outer := thread.Map(func(ctx context.Context, x int) (int, error) { return inner(pl.From(x)).Count(ctx) }, pl.Name("outer"))
	err := outer(pl.From(7)).Run(t.Context())
	assert.Equal(t, fmt.Sprintf(`pl: stage "outer", worker 0, value 7: stage "inner", worker 0, value 7: %v`, errSource), err.Error())
	err = inner(pl.From(7)).With(pl.KeepGoing(0)).Run(t.Context())
	assert.Equal(t, fmt.Sprintf(`pl: 1 value failed; the first: stage "inner", worker 0, value 7: %v`, errSource), err.Error())
}
