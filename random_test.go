package pl_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/internal/backendtest"
)

var (
	graphs = flag.Int("graphs", 150, "how many random graphs TestRandomGraphs runs")
	seed   = flag.Uint64("seed", 0, "run only the random graph of this seed")
)

// TestRandomGraphs compares random pipelines with what plain loops make of the same input. A failure prints the seed
// of its graph; go test -run TestRandomGraphs -seed N runs it alone, and -graphs N runs more.
func TestRandomGraphs(t *testing.T) {
	if *seed != 0 {
		compare(t, *seed)
		return
	}
	first := rand.Uint64()
	for i := range *graphs {
		compare(t, first+uint64(i))
	}
}

func compare(t *testing.T, seed uint64) {
	t.Helper()
	g := &grower{Rand: rand.New(rand.NewPCG(seed, 0))}
	m := g.grow(1 + g.IntN(5))
	about := fmt.Sprintf("seed %d: %s\n%v", seed, strings.Join(m.steps, ", "), m.stage)
	before := backendtest.Hold()
	done := time.AfterFunc(20*time.Second, func() { panic("hangs: " + about) })
	defer done.Stop()
	for range 2 { // a stage may be consumed again
		got, err := m.stage.Collect(t.Context())
		require.NoError(t, err, about)
		if !m.inOrder {
			slices.Sort(got)
			slices.Sort(m.values)
		}
		require.Equal(t, append([]int{}, m.values...), append([]int{}, got...), about)
	}
	n := 0
	for range m.stage.All(t.Context()) { // and left at any point
		if n++; n > len(m.values)/2 {
			break
		}
	}
	before.Check(t)
	if t.Failed() {
		t.Fatal(about)
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

type grower struct{ *rand.Rand }

// grow makes a graph of so many operators.
func (g *grower) grow(operators int) model {
	m := g.source()
	for range operators {
		if len(m.values) > 2000 {
			break
		}
		m = g.operator(m)
	}
	return m
}

func (g *grower) source() model {
	list := make([]int, []int{0, 1, 5, 40, 200}[g.IntN(5)])
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
	b := backends[g.IntN(len(backends))]
	workers := []int{1, 1, 2, 3, 8}[g.IntN(5)]
	size := []int{0, 0, 1, 2, 5, 64}[g.IntN(6)]
	keeps := workers == 1 || !b.Concurrent
	with := func(name string, s pl.Stage[int], f func(int) []int) model {
		var out []int
		for _, x := range m.values {
			out = append(out, f(x)...)
		}
		step := fmt.Sprintf("%s.%s×%d/%d", b.Name, name, workers, size)
		return model{s.With(pl.Workers(workers), pl.MaxSize(size)), out, m.inOrder && keeps, m.sorted, append(m.steps, step)}
	}
	switch g.IntN(10) {
	case 0:
		return with("AddOne", b.AddOne(m.stage), func(x int) []int { return []int{x + 1} })
	case 1:
		return with("Negate", b.Negate(m.stage), func(x int) []int { return []int{-x} })
	case 2:
		return with("Odd", b.Odd(m.stage), func(x int) []int { return slices.Repeat([]int{x}, (x%2+2)%2) })
	case 3:
		return with("Triple", b.Triple(m.stage), func(x int) []int { return []int{3 * x, 3*x + 1, 3*x + 2} })
	case 4:
		return with("Few", b.Few(m.stage), func(x int) []int { return slices.Repeat([]int{x}, (x%3+3)%3) })
	case 5:
		return g.ordered(m, size)
	case 6:
		n := 1 + g.IntN(9)
		m.stage = pl.Flatten(pl.Batch[int](n, time.Duration(g.IntN(2))*time.Millisecond)(m.stage))
		m.sorted = m.inOrder
		m.steps = append(m.steps, fmt.Sprintf("batch(%d)", n))
		return m
	case 7:
		return g.take(m)
	case 8:
		return g.broadcast(m)
	default:
		return merge(m, g.grow(g.IntN(3)))
	}
}

// ordered restores the order, where it is still known what that is.
func (g *grower) ordered(m model, size int) model {
	m.stage = pl.OrderedWindow[int](size)(m.stage)
	m.inOrder = m.inOrder || m.sorted
	m.sorted = m.inOrder
	m.steps = append(m.steps, fmt.Sprintf("ordered(%d)", size))
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
	m.steps = append(m.steps, fmt.Sprintf("take(%d)", n))
	return m
}

// broadcast gives the stage two consumers, and merges what they make of it.
func (g *grower) broadcast(m model) model {
	return merge(g.operator(m), g.operator(m))
}

func merge(a, b model) model {
	steps := []string{"merge[" + strings.Join(a.steps, ", ") + " | " + strings.Join(b.steps, ", ") + "]"}
	return model{pl.Concat(a.stage, b.stage), slices.Concat(a.values, b.values), false, false, steps}
}
