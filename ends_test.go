package pl_test

import (
	"context"
	"errors"
	"runtime"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/internal/backendtest"
	"github.com/gopeln/pl/serial"
	"github.com/gopeln/pl/thread"
)

var errThird = errors.New("the third value is bad")

// failing yields 0 and 1 and fails.
func failing() pl.Stage[int] {
	return serial.Map(func(_ context.Context, x int) (int, error) {
		if x == 2 {
			return 0, errThird
		}
		return x, nil
	})(pl.Range(5))
}

func TestFirstTakesOneValueAndStopsTheRun(t *testing.T) {
	before := backendtest.Hold()
	v, found, err := thread.Map(same, pl.Workers(3))(endless()).First(t.Context())
	before.Check(t)
	require.NoError(t, err)
	assert.True(t, found)
	assert.Less(t, v, 3)

	v, found, err = pl.Range(0).First(t.Context())
	assert.Equal(t, []any{0, false, nil}, []any{v, found, err})

	v, found, err = pl.Pipe2(failing(), pl.Batch[int](2, 0), pl.Flatten).First(t.Context())
	assert.Equal(t, []any{0, true, nil}, []any{v, found, err}, "the failure comes later")

	_, found, err = serial.Filter(func(context.Context, int) (bool, error) { return false, errThird })(pl.Range(3)).First(t.Context())
	assert.False(t, found)
	require.ErrorIs(t, err, errThird)
}

func TestCountCountsWhatCame(t *testing.T) {
	n, err := thread.Filter(func(_ context.Context, x int) (bool, error) { return x%3 == 0, nil }, pl.Workers(4))(pl.Range(100)).Count(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 34, n)
	n, err = failing().Count(t.Context())
	require.ErrorIs(t, err, errThird)
	assert.Equal(t, 2, n)
}

func TestAnyAndEveryStopAtTheFirstAnswer(t *testing.T) {
	type question = func(pl.Stage[int], func(int) bool) (bool, error)
	anyOf := func(s pl.Stage[int], f func(int) bool) (bool, error) { return s.Any(t.Context(), f) }
	everyOf := func(s pl.Stage[int], f func(int) bool) (bool, error) { return s.Every(t.Context(), f) }
	for name, c := range map[string]struct {
		ask  question
		of   pl.Stage[int]
		f    func(int) bool
		want bool
		most int // calls
	}{
		"any: yes":           {anyOf, endless(), func(x int) bool { return x == 4 }, true, 5},
		"any: no":            {anyOf, pl.Range(4), func(x int) bool { return x == 4 }, false, 4},
		"any of nothing":     {anyOf, pl.Range(0), func(int) bool { return true }, false, 0},
		"every: yes":         {everyOf, pl.Range(4), func(x int) bool { return x < 4 }, true, 4},
		"every: no":          {everyOf, endless(), func(x int) bool { return x < 4 }, false, 5},
		"every of nothing":   {everyOf, pl.Range(0), func(int) bool { return false }, true, 0},
		"any before a fault": {anyOf, failing(), func(x int) bool { return x == 1 }, true, 2},
	} {
		t.Run(name, func(t *testing.T) {
			before := backendtest.Hold()
			calls := 0
			got, err := c.ask(c.of, func(x int) bool { calls++; return c.f(x) })
			before.Check(t)
			require.NoError(t, err)
			assert.Equal(t, c.want, got)
			assert.Equal(t, c.most, calls)
		})
	}
	got, err := failing().Every(t.Context(), func(int) bool { return true })
	require.ErrorIs(t, err, errThird)
	assert.False(t, got)
}

func TestReduceFoldsInOrder(t *testing.T) {
	text, err := pl.Reduce(t.Context(), pl.Range(5), "", func(acc string, x int) (string, error) {
		return acc + strconv.Itoa(x), nil
	})
	require.NoError(t, err)
	assert.Equal(t, "01234", text)

	sum, err := pl.Reduce(t.Context(), failing(), 10, func(acc, x int) (int, error) { return acc + x, nil })
	require.ErrorIs(t, err, errThird)
	assert.Equal(t, 11, sum)

	before := backendtest.Hold()
	sum, err = pl.Reduce(t.Context(), thread.Map(same)(endless()), 0, func(acc, x int) (int, error) {
		if x == 3 {
			return 99, errThird
		}
		return acc + x, nil
	})
	before.Check(t)
	var e *pl.StageError
	require.ErrorAs(t, err, &e)
	assert.Equal(t, pl.StageError{Stage: "Reduce", Worker: -1, Item: 3, Err: errThird}, *e)
	assert.Equal(t, 3, sum, "what the good values came to")
}

func TestAnEndWithoutAFunctionOrWithOneThatPanicsIsAnError(t *testing.T) {
	broken := func(int) bool { panic("no") }
	for name, end := range map[string]func(bool) error{
		"Any": func(missing bool) error {
			f := broken
			if missing {
				f = nil
			}
			_, err := endless().Any(t.Context(), f)
			return err
		},
		"Every": func(missing bool) error {
			f := broken
			if missing {
				f = nil
			}
			_, err := endless().Every(t.Context(), f)
			return err
		},
		"Reduce": func(missing bool) error {
			f := func(int, int) (int, error) { panic("no") }
			if missing {
				f = nil
			}
			_, err := pl.Reduce(t.Context(), endless(), 0, f)
			return err
		},
	} {
		before := backendtest.Hold()
		require.ErrorContains(t, end(true), `pl: stage "`+name+`": the function is nil`)
		err := end(false)
		before.Check(t)
		var p *pl.PanicError
		require.ErrorAs(t, err, &p, name)
		assert.Equal(t, "no", p.Value, name)
		require.ErrorContains(t, err, `pl: stage "`+name+`", value 0: panic: no`)
	}
}

func TestChanSendsTheValuesAndThenTellsTheError(t *testing.T) {
	for name, s := range map[string]pl.Stage[int]{"good": pl.Range(2), "bad": failing()} {
		before := backendtest.Hold()
		var got []int
		values, failure := s.Chan(t.Context())
		assert.Zero(t, cap(values))
		for x := range values {
			got = append(got, x)
		}
		err := failure()
		before.Check(t)
		assert.Equal(t, []int{0, 1}, got, name)
		if name == "good" {
			require.NoError(t, err)
		} else {
			require.ErrorIs(t, err, errThird)
		}
		assert.Equal(t, err, failure(), "asked twice")
	}
}

// A consumer that has had enough ends the context. err waits until nothing is left, also if nobody
// receives.
func TestEndingTheContextOfChanStopsTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cause := errors.New("enough")
		ctx, cancel := context.WithCancelCause(t.Context())
		ended := false
		source := pl.FromFunc(func(ctx context.Context, yield func(int) bool) error {
			defer func() { ended = true }()
			for i := 0; yield(i); i++ {
				time.Sleep(time.Second)
			}
			return nil
		})
		values, failure := thread.Map(same)(source).Chan(ctx)
		assert.Equal(t, 0, <-values)
		synctest.Wait()
		cancel(cause)
		assert.Equal(t, cause, failure())
		assert.True(t, ended)
		_, open := <-values
		assert.False(t, open)
	})
}

func TestAChanWhoseGoroutineIsEndedFromWithinSaysSo(t *testing.T) {
	values, failure := serial.Map(func(context.Context, int) (int, error) { runtime.Goexit(); return 0, nil })(pl.Range(3)).Chan(t.Context())
	for range values {
		t.Error("a value without a result came")
	}
	require.ErrorIs(t, failure(), pl.ErrGoexit)
}

func TestEndsCostNoAllocationPerValue(t *testing.T) {
	source := pl.Range(20_000)
	for name, end := range map[string]func(){
		"Count": func() { _, _ = source.Count(context.Background()) },
		"Every": func() { _, _ = source.Every(context.Background(), func(int) bool { return true }) },
		"Reduce": func() {
			_, _ = pl.Reduce(context.Background(), source, 0, func(n, x int) (int, error) { return n + x, nil })
		},
	} {
		assert.Less(t, testing.AllocsPerRun(2, end), 200.0, name)
	}
}
