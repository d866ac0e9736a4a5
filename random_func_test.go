package pl_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/internal/backendtest"
)

// TestRandomFuncs calls random operators from many goroutines at once, some of which leave, and
// compares each answer with what a plain loop makes of its value.
func TestRandomFuncs(t *testing.T) { eachSeed(t, tryFunc) }

func tryFunc(t *testing.T, seed uint64) {
	t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) {
		g := newGrower(seed)
		m := g.standing(1 + g.IntN(5))
		callers, impatient, ended := 1+g.IntN(8), g.IntN(3) == 0, g.IntN(4) == 0
		t.Log(strings.Join(m.steps, ", "))
		g.run(t, func(t *testing.T) {
			before := backendtest.Hold()
			own, end := context.WithCancel(t.Context())
			defer end()
			call, stop := pl.Func(own, m.step)
			var all sync.WaitGroup
			for caller := range callers {
				all.Go(func() {
					for x := caller; x < 40; x += callers {
						if ended && x > 30 {
							end()
						}
						m.call(t, call, x, impatient && x%3 == 0, own)
					}
				})
			}
			all.Wait()
			for range 2 {
				if err := stop(); !ended {
					require.NoError(t, err)
				}
			}
			before.Check(t)
			_, err := call(t.Context(), 1)
			require.Error(t, err)
			require.NotErrorIs(t, err, pl.ErrNoResult)
		})
	})
}

// standingModel is an operator beside what it makes of one value.
type standingModel struct {
	step  backendtest.Step
	of    func(x int) answers
	steps []string
}

// answers are what a call may get. Of several, which comes first is not known.
type answers struct {
	results []int
	errs    []error
}

// call makes one call. If it is impatient, the caller leaves after some time.
func (m standingModel) call(
	t *testing.T, call func(context.Context, int) (int, error), x int, impatient bool, own context.Context,
) {
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	left := errors.New("the caller has left")
	if impatient {
		timer := time.AfterFunc(time.Duration(x)*100*time.Microsecond, func() { cancel(left) })
		defer timer.Stop()
	}
	got, err := call(ctx, x)
	want := m.of(x)
	switch {
	case err == nil:
		assert.Contains(t, want.results, got, "of %d", x)
	case impatient && errors.Is(err, left), errors.Is(err, context.Canceled) && own.Err() != nil:
	case errors.Is(err, pl.ErrNoResult):
		assert.Equal(t, answers{}, want, "of %d", x)
	default:
		assert.True(t, slices.ContainsFunc(want.errs, func(e error) bool { return errors.Is(err, e) }), "of %d: %v", x, err)
	}
}

// standing makes an operator of so many.
func (g *grower) standing(operators int) standingModel {
	m := standingModel{
		func(s pl.Stage[int]) pl.Stage[int] { return s },
		func(x int) answers { return answers{results: []int{x}} }, nil,
	}
	for range operators {
		m = g.standingOperator(m)
	}
	return m
}

func (g *grower) standingOperator(m standingModel) standingModel {
	switch g.IntN(8) {
	case 0:
		return m.then("ordered", pl.OrderedWindow[int](g.IntN(4)), func(x int) ([]int, error) { return []int{x}, nil })
	case 1:
		even := func(x int) bool { return x%2 == 0 }
		yes := func(s pl.Stage[int]) pl.Stage[int] { yes, _ := pl.Split(s, even); return yes }
		return m.then("split", yes, func(x int) ([]int, error) { return slices.Repeat([]int{x}, (x%2+2)%2^1), nil })
	}
	b := g.backend()
	all := functionsOf(b)
	f, s, p := all[g.IntN(len(all))], g.setting(b), g.standingPolicy()
	step := with(f.step, append(s.opts, p.opts...)...)
	return m.then(fmt.Sprintf("%s %s, %s", f.name, s.name, p.name), step, func(x int) ([]int, error) {
		results, fails := f.of(x)
		if fails {
			return results, p.err
		}
		return results, nil
	})
}

// standingPolicy is what the caller of a value gets that has failed.
type standingPolicy struct {
	name string
	opts []pl.Option
	err  error // nil: nothing
}

var errHandled = errors.New("what the handler made of it")

func (g *grower) standingPolicy() standingPolicy {
	handler := pl.OnError(func(context.Context, *pl.StageError) error { return errHandled })
	return []standingPolicy{
		{"no policy", nil, backendtest.ErrBroken},
		{"skip", []pl.Option{pl.OnError(pl.Skip)}, nil},
		{"a handler", []pl.Option{handler}, errHandled},
		{"keep going", []pl.Option{pl.KeepGoing(1)}, backendtest.ErrBroken},
		{"keep going with a handler", []pl.Option{pl.KeepGoing(0), handler}, errHandled},
		{"keep going, skip", []pl.Option{pl.KeepGoing(0), pl.OnError(pl.Skip)}, nil},
	}[g.IntN(6)]
}

// then makes the model of m and an operator behind it.
func (m standingModel) then(name string, step backendtest.Step, of func(x int) ([]int, error)) standingModel {
	return standingModel{pl.Compose(m.step, step), func(x int) (all answers) {
		before := m.of(x)
		all.errs = before.errs
		for _, x := range before.results {
			results, err := of(x)
			all.results = append(all.results, results...)
			if err != nil {
				all.errs = append(all.errs, err)
			}
		}
		return all
	}, append(slices.Clip(m.steps), name)}
}
