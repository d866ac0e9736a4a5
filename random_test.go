package pl_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/internal/backendtest"
)

var (
	graphs = flag.Int("graphs", 120, "how many random graphs TestRandomGraphs runs")
	seed   = flag.Uint64("seed", 0, "run only the random graph of this seed")
)

// TestRandomGraphs compares random pipelines with what plain loops make of the same input. The name of a failed subtest
// is the seed of its graph; go test -run TestRandomGraphs -seed N runs it alone, and -graphs N runs more.
func TestRandomGraphs(t *testing.T) {
	if *seed != 0 {
		try(t, *seed)
		return
	}
	first := rand.Uint64() | 1
	for i := range *graphs {
		if try(t, first+uint64(i)); t.Failed() {
			return
		}
	}
}

// try makes the graph of a seed and runs it, in virtual time where its backends can.
func try(t *testing.T, seed uint64) {
	t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) {
		g := &grower{Rand: rand.New(rand.NewPCG(seed, 0)), backends: backends}
		if g.IntN(6) > 0 { // subprocesses take their time to start
			g.backends = here()
		}
		m := g.grow(1 + g.IntN(6))
		failing := g.backend()
		t.Logf("%s\n%v", strings.Join(m.steps, ", "), m.stage)
		run := func(t *testing.T) {
			compare(t, m)
			leave(t, m, g.IntN(len(m.values)+1))
			cancel(t, m, time.Duration(g.IntN(2_000_000)))
			fail(t, m, failing.Brittle(m.stage))
		}
		if slices.ContainsFunc(g.used, func(b backendtest.API) bool { return !b.Here }) {
			watchdog := time.AfterFunc(time.Minute, func() { panic(fmt.Sprint("it hangs: seed ", seed)) })
			defer watchdog.Stop()
			run(t)
			return
		}
		synctest.Test(t, run)
	})
}

// compare consumes a stage, and again.
func compare(t *testing.T, m model) {
	for range 2 {
		got := append([]int{}, values(t, m.stage)...)
		want := append([]int{}, m.values...)
		if !m.inOrder {
			slices.Sort(got)
			slices.Sort(want)
		}
		require.Equal(t, want, got)
	}
}

// leave breaks out of the loop after n values.
func leave(t *testing.T, m model, n int) {
	before := backendtest.Hold()
	for _, err := range m.stage.All(t.Context()) {
		require.NoError(t, err)
		if n--; n <= 0 {
			break
		}
	}
	before.Check(t)
}

// cancel ends the run's context at some moment.
func cancel(t *testing.T, m model, after time.Duration) {
	ctx, cancel := context.WithTimeout(t.Context(), after)
	defer cancel()
	before := backendtest.Hold()
	got, err := m.stage.Collect(ctx)
	before.Check(t)
	if err == nil {
		require.Len(t, got, len(m.values), "no error says that this is all")
	} else {
		require.Equal(t, context.DeadlineExceeded, err)
	}
}

// fail puts a stage that fails for some values behind the graph.
func fail(t *testing.T, m model, s pl.Stage[int]) {
	got, err := collect(t, s.With(pl.MaxSize(1)))
	if slices.ContainsFunc(m.values, func(x int) bool { return x%5 == 0 }) {
		require.ErrorIs(t, err, backendtest.ErrBroken)
	} else {
		require.NoError(t, err)
		assert.Len(t, got, len(m.values))
	}
}

// model is a stage beside what it shall yield.
type model struct {
	stage   pl.Stage[int]
	values  []int
	inOrder bool // the values come in this order
	sorted  bool // an Ordered would bring them into this order
	steps   []string
}

type grower struct {
	*rand.Rand
	backends []backendtest.API
	used     []backendtest.API
}

// grow makes a graph of so many operators.
func (g *grower) grow(operators int) model {
	m := g.source()
	for range operators {
		if len(m.values) > 5000 {
			break
		}
		m = g.operator(m)
	}
	return m
}

func (g *grower) source() model {
	list := make([]int, []int{0, 1, 5, 40, 200, 3000}[g.IntN(6)])
	for i := range list {
		list[i] = g.IntN(1000)
	}
	s := pl.FromSlice(list)
	if g.IntN(3) == 0 {
		s = pl.FromSeq(slices.Values(list))
	}
	return model{s, list, true, true, []string{fmt.Sprintf("%d values", len(list))}}
}

func (g *grower) operator(m model) model {
	switch g.IntN(7) {
	case 0:
		return g.ordered(m)
	case 1:
		return g.batch(m)
	case 2:
		return g.take(m)
	case 3:
		return merge(g.operator(m), g.operator(m)) // a broadcast
	case 4:
		return merge(m, g.grow(g.IntN(3)))
	default:
		return g.function(m)
	}
}

// backend chooses one, and remembers that the graph has it.
func (g *grower) backend() backendtest.API {
	b := g.backends[g.IntN(len(g.backends))]
	g.used = append(g.used, b)
	return b
}

// function is one of the operators with a function, beside what the function makes of one value.
func (g *grower) function(m model) model {
	b := g.backend()
	functions := []struct {
		name string
		step backendtest.Step
		of   func(x int) []int
	}{
		{"AddOne", b.AddOne, func(x int) []int { return []int{x + 1} }},
		{"Negate", b.Negate, func(x int) []int { return []int{-x} }},
		{"Odd", b.Odd, func(x int) []int { return slices.Repeat([]int{x}, (x%2+2)%2) }},
		{"Triple", b.Triple, func(x int) []int { return []int{3 * x, 3*x + 1, 3*x + 2} }},
		{"Few", b.Few, func(x int) []int { return slices.Repeat([]int{x}, (x%3+3)%3) }},
		{"Brittle", b.Brittle, func(x int) []int { return slices.Repeat([]int{x}, min(1, (x%5+5)%5)) }},
		{"BrittleFlat", b.BrittleFlat, func(x int) []int { return []int{x, x + 1}[:min(2, 1+(x%5+5)%5)] }},
		{"Doze", b.Doze, func(x int) []int { return []int{x} }},
	}
	if len(m.values) > 200 {
		functions = functions[:len(functions)-1] // outside of virtual time that takes too long
	}
	f := functions[g.IntN(len(functions))]
	workers := []int{1, 1, 2, 3, 8}[g.IntN(5)]
	size := []int{0, 0, 1, 2, 5, 20, 64}[g.IntN(7)]
	var out []int
	for _, x := range m.values {
		out = append(out, f.of(x)...)
	}
	return model{
		stage:   f.step(m.stage).With(pl.Workers(workers), pl.MaxSize(size), pl.OnError(pl.Skip)),
		values:  out,
		inOrder: m.inOrder && (workers == 1 || !b.Concurrent),
		sorted:  m.sorted,
		steps:   append(slices.Clip(m.steps), fmt.Sprintf("%s.%s×%d/%d", b.Name, f.name, workers, size)),
	}
}

// ordered restores the order, where it is still known what that is.
func (g *grower) ordered(m model) model {
	size := []int{0, 1, 2, 7, 100}[g.IntN(5)]
	m.stage = pl.OrderedWindow[int](size)(m.stage)
	m.inOrder = m.inOrder || m.sorted
	m.sorted = m.inOrder
	m.steps = append(slices.Clip(m.steps), fmt.Sprintf("ordered(%d)", size))
	return m
}

func (g *grower) batch(m model) model {
	n, wait := 1+g.IntN(9), time.Duration(g.IntN(2))*time.Millisecond
	m.stage = pl.Flatten(pl.Batch[int](n, wait)(m.stage))
	m.sorted = m.inOrder // the order begins anew here
	m.steps = append(slices.Clip(m.steps), fmt.Sprintf("batch(%d, %v)", n, wait))
	return m
}

// take cuts, where it is known which values come first.
func (g *grower) take(m model) model {
	if !m.inOrder {
		return m
	}
	n := g.IntN(len(m.values) + 3)
	m.stage = pl.Take[int](n)(m.stage)
	m.values = m.values[:min(n, len(m.values))]
	m.steps = append(slices.Clip(m.steps), fmt.Sprintf("take(%d)", n))
	return m
}

func merge(a, b model) model {
	steps := []string{"merge[" + strings.Join(a.steps, ", ") + " | " + strings.Join(b.steps, ", ") + "]"}
	return model{pl.Concat(a.stage, b.stage), slices.Concat(a.values, b.values), false, false, steps}
}
