package pl_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/internal/backendtest"
	"github.com/gopeln/pl/serial"
)

// model is a stage beside what plain loops make of the same input.
type model struct {
	stage pl.Stage[int]
	// of returns what comes of so many values of each source; of all if read is nil.
	of    func(read []int) outcome
	steps []string
}

// outcome is what comes of a run.
type outcome struct {
	values []value
	failed map[string][]int // by stage, the values that KeepGoing reports
}

// value is one that the run yields, in order with the others of its lane.
type value struct {
	x    int
	lane string // empty: there is no order
	home string // the lane into which an Ordered would bring it
}

// oneLane reports whether all values come in one order.
func (o outcome) oneLane() bool {
	return !slices.ContainsFunc(o.values, func(v value) bool { return v.lane == "" || v.lane != o.values[0].lane })
}

// check compares a run with o.
func (o outcome) check(t *testing.T, g *grower, got []int, err error) {
	t.Helper()
	want := make([]int, 0, len(o.values))
	for _, v := range o.values {
		want = append(want, v.x)
	}
	got = append([]int{}, got...)
	if o.oneLane() {
		require.Equal(t, want, got)
	} else {
		require.Equal(t, slices.Sorted(slices.Values(want)), slices.Sorted(slices.Values(got)))
		o.checkLanes(t, got)
	}
	o.checkReport(t, g, err)
}

// checkLanes checks the order of each lane, as far as its values are in no other.
func (o outcome) checkLanes(t *testing.T, got []int) {
	t.Helper()
	laneOf := map[int]string{}
	for _, v := range o.values {
		if lane, seen := laneOf[v.x]; seen && lane != v.lane {
			laneOf[v.x] = ""
		} else {
			laneOf[v.x] = v.lane
		}
	}
	want, lanes := map[string][]int{}, map[string][]int{}
	for _, v := range o.values {
		if lane := laneOf[v.x]; lane != "" {
			want[lane] = append(want[lane], v.x)
		}
	}
	for _, x := range got {
		if lane := laneOf[x]; lane != "" {
			lanes[lane] = append(lanes[lane], x)
		}
	}
	require.Equal(t, want, lanes, "the order of each lane")
}

// checkReport checks the error of a run in which stages have gone on.
func (o outcome) checkReport(t *testing.T, g *grower, err error) {
	t.Helper()
	total := 0
	for _, items := range o.failed {
		total += len(items)
	}
	if total == 0 {
		require.NoError(t, err)
		return
	}
	failed, ok := errors.AsType[*pl.FailedValues](err)
	require.True(t, ok, "%d values failed, and the run's error is %v", total, err)
	require.Equal(t, total, failed.Total)
	require.Len(t, failed.First, min(total, 100))
	left := map[string][]int{}
	for stage, items := range o.failed {
		left[stage] = slices.Clone(items)
	}
	for _, e := range failed.First {
		i := slices.Index(left[e.Stage], e.Item.(int))
		require.GreaterOrEqual(t, i, 0, "%v: no such value has failed there", e)
		left[e.Stage] = slices.Delete(left[e.Stage], i, i+1)
		require.Equal(t, g.attempts[e.Stage], e.Attempts, "%v", e)
	}
}

// source counts what is read of its list. It may be told to end the run's reading at some value.
type source struct {
	list   []int
	read   int
	stopAt int // 0: never
	stop   func()
}

func (s *source) reset() { s.read, s.stopAt = 0, 0 }

func (s *source) values(yield func(int) bool) {
	for _, x := range s.list {
		if s.read++; s.read == s.stopAt {
			s.stop()
		}
		if !yield(x) {
			return
		}
	}
}

// grower makes random graphs.
type grower struct {
	*rand.Rand
	backends []backendtest.API
	used     []backendtest.API
	counted  bool // all sources are counted
	sources  []*source
	attempts map[string]int // of the values that fail, by stage
}

func newGrower(seed uint64) *grower {
	g := &grower{Rand: rand.New(rand.NewPCG(seed, 0)), backends: backends, attempts: map[string]int{}}
	if g.IntN(6) > 0 { // subprocesses take their time to start
		g.backends = here()
	}
	g.counted = g.IntN(2) == 0
	return g
}

// read returns how much of each source was read.
func (g *grower) read() (all []int) {
	for _, s := range g.sources {
		all = append(all, s.read)
	}
	return all
}

// grow makes a graph of so many operators.
func (g *grower) grow(operators int) model {
	m := g.source()
	for range operators {
		if len(m.of(nil).values) > 5000 {
			break
		}
		m = g.operator(m)
	}
	return m
}

func (g *grower) source() model {
	list := make([]int, []int{0, 1, 5, 40, 200, 3000}[g.IntN(6)])
	different := g.IntN(2) == 0
	for i := range list {
		if list[i] = g.IntN(1000); different {
			list[i] = 7*i + 1
		}
	}
	s, n := &source{list: list}, len(g.sources)
	stage := pl.FromSlice(list)
	if g.counted || g.IntN(3) == 0 {
		stage = pl.FromSeq(s.values)
	}
	g.sources = append(g.sources, s)
	return model{stage, func(read []int) (o outcome) {
		list := list
		if read != nil {
			list = list[:read[n]]
		}
		for _, x := range list {
			o.values = append(o.values, value{x, "all", "all"})
		}
		return o
	}, []string{fmt.Sprintf("%d values", len(list))}}
}

func (g *grower) operator(m model) model {
	switch g.IntN(8) {
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

// then makes the model of an operator, which changes an outcome.
func (m model) then(step string, stage pl.Stage[int], change func(*outcome)) model {
	return model{stage, func(read []int) outcome {
		o := m.of(read)
		change(&o)
		return o
	}, append(slices.Clip(m.steps), step)}
}

// ordered restores the order, as far as it is known what that is. It begins anew there.
func (g *grower) ordered(m model) model {
	size := []int{0, 1, 2, 7, 100}[g.IntN(5)]
	return m.then(fmt.Sprintf("ordered(%d)", size), pl.OrderedWindow[int](size)(m.stage), func(o *outcome) {
		for i := range o.values {
			o.values[i].lane = o.values[i].home
		}
	})
}

func (g *grower) batch(m model) model {
	n, wait := 1+g.IntN(9), time.Duration(g.IntN(2))*time.Millisecond
	return m.then(fmt.Sprintf("batch(%d, %v)", n, wait), pl.Flatten(pl.Batch[int](n, wait)(m.stage)), (*outcome).settle)
}

// settle begins the order anew, with that of arrival.
func (o *outcome) settle() {
	for i := range o.values {
		o.values[i].home = o.values[i].lane
	}
}

// take cuts, where it is known which values come first. If it gets all that it wants, it does not
// hear of what has failed.
func (g *grower) take(m model) model {
	all := m.of(nil)
	if !all.oneLane() {
		return m
	}
	n := g.IntN(len(all.values) + 3)
	return m.then(fmt.Sprintf("take(%d)", n), pl.Take[int](n)(m.stage), func(o *outcome) {
		if n <= len(o.values) {
			o.values, o.failed = o.values[:n], nil
		}
	})
}

// merge keeps the order of each lane of either side.
func merge(a, b model) model {
	steps := "merge[" + strings.Join(a.steps, ", ") + " | " + strings.Join(b.steps, ", ") + "]"
	return model{pl.Concat(a.stage, b.stage), func(read []int) outcome {
		o := outcome{failed: map[string][]int{}}
		for i, side := range []outcome{a.of(read), b.of(read)} {
			for _, v := range side.values {
				if v.lane != "" {
					v.lane = fmt.Sprint(v.lane, "|", i)
				}
				o.values = append(o.values, v)
			}
			maps.Copy(o.failed, side.failed) // of a stage that both have there is one report
		}
		o.settle()
		return o
	}, []string{steps}}
}

// backend chooses one, and remembers that the graph has it.
func (g *grower) backend() backendtest.API {
	b := g.backends[g.IntN(len(g.backends))]
	g.used = append(g.used, b)
	return b
}

// function is an operator with a function, beside what the function makes of one value.
type function struct {
	name string
	step backendtest.Step
	of   func(x int) (results []int, fails bool)
}

const manyAttempts = 100 // so many that no value fails each time at random

// functionsOf are those of a backend.
func functionsOf(b backendtest.API) []function {
	good := func(of func(int) []int) func(int) ([]int, bool) {
		return func(x int) ([]int, bool) { return of(x), false }
	}
	one := func(x int) []int { return []int{x} }
	three := func(x int) []int { return []int{3 * x, 3*x + 1, 3*x + 2} }
	return []function{
		{"AddOne", b.AddOne, good(func(x int) []int { return []int{x + 1} })},
		{"Negate", b.Negate, good(func(x int) []int { return []int{-x} })},
		{"Odd", b.Odd, good(func(x int) []int { return slices.Repeat([]int{x}, (x%2+2)%2) })},
		{"Triple", b.Triple, good(three)},
		{"Few", b.Few, good(func(x int) []int { return slices.Repeat([]int{x}, (x%3+3)%3) })},
		{"Brittle", b.Brittle, func(x int) ([]int, bool) { return slices.Repeat([]int{x}, min(1, (x%5+5)%5)), x%5 == 0 }},
		{"BrittleFlat", b.BrittleFlat, func(x int) ([]int, bool) { return []int{x, x + 1}[:min(2, 1+(x%5+5)%5)], x%5 == 0 }},
		{"Flaky", with(b.Flaky, pl.Retry(manyAttempts, nil)), good(one)},
		{"FlakyFlat", with(b.FlakyFlat, pl.Retry(manyAttempts, nil)), good(three)},
		{"Doze", b.Doze, good(one)},
	}
}

func with(p backendtest.Step, opts ...pl.Option) backendtest.Step {
	return func(s pl.Stage[int]) pl.Stage[int] { return p(s).With(opts...) }
}

// setting is how a stage runs its function.
type setting struct {
	name    string
	workers int
	byKey   bool
	opts    []pl.Option
}

func (g *grower) setting(b backendtest.API) setting {
	s := setting{workers: []int{1, 1, 2, 3, 8}[g.IntN(5)], byKey: g.IntN(3) == 0}
	size := []int{0, 0, 1, 2, 5, 20, 64}[g.IntN(7)]
	s.opts = []pl.Option{pl.Workers(s.workers), pl.MaxSize(size)}
	s.name = fmt.Sprintf("%s×%d/%d", b.Name, s.workers, size)
	if s.byKey {
		s.name += " by key"
		s.opts = append(s.opts, pl.ByKey(key))
	}
	return s
}

func key(x int) int { return x % 4 }

// function is one of the operators with a function.
func (g *grower) function(m model) model {
	b := g.backend()
	all := functionsOf(b)
	if len(m.of(nil).values) > 200 {
		all = all[:len(all)-1] // outside of virtual time Doze takes too long
	}
	f, s, p := all[g.IntN(len(all))], g.setting(b), g.policy()
	stage := f.step(m.stage).With(s.opts...).With(pl.Name(p.stage)).With(p.opts...)
	if strings.HasPrefix(f.name, "Brittle") {
		attempts := 1 + g.IntN(3)
		g.attempts[p.stage] = attempts
		stage = stage.With(pl.Retry(attempts, nil))
	}
	return m.then(fmt.Sprintf("%s %s, %s", f.name, s.name, p.name), p.letters(stage), func(o *outcome) {
		in := o.values
		o.values, o.failed = nil, maps.Clone(o.failed)
		for _, v := range in {
			v.lane = s.lane(v, b)
			results, fails := f.of(v.x)
			for _, x := range results {
				o.values = append(o.values, value{x, v.lane, v.home})
			}
			if fails {
				p.failed(o, v.x)
			}
		}
		if p.aside {
			for i := range o.values {
				o.values[i].lane, o.values[i].home = "", ""
			}
		}
	})
}

// lane returns the lane in which the results of v leave the stage.
func (s setting) lane(v value, b backendtest.API) string {
	switch {
	case s.workers == 1, !b.Concurrent, v.lane == "":
		return v.lane
	case s.byKey:
		return fmt.Sprint(v.lane, ".", key(v.x))
	}
	return ""
}

// policy is what becomes of the values that fail in a stage.
type policy struct {
	name, stage string
	opts        []pl.Option
	counts      func(x int) bool // reported at the end
	aside       bool             // they come back as themselves, from the dead letters
}

func (g *grower) policy() policy {
	stage := fmt.Sprint("stage ", len(g.used))
	never, always, odd := func(int) bool { return false }, func(int) bool { return true }, func(x int) bool { return x%2 != 0 }
	handler := pl.OnError(func(_ context.Context, e *pl.StageError) error {
		if odd(e.Item.(int)) {
			return e
		}
		return nil
	})
	return []policy{
		{"skip", stage, []pl.Option{pl.OnError(pl.Skip)}, never, false},
		{"keep going", stage, []pl.Option{pl.KeepGoing(0)}, always, false},
		{"keep going with odd ones", stage, []pl.Option{pl.KeepGoing(0), handler}, odd, false},
		{"dead letters", stage, nil, never, true},
		{"keep going beside dead letters", stage, []pl.Option{pl.KeepGoing(0)}, always, true},
	}[g.IntN(5)]
}

// letters merges a stage with its dead letters.
func (p policy) letters(s pl.Stage[int]) pl.Stage[int] {
	if !p.aside {
		return s
	}
	item := func(_ context.Context, e *pl.StageError) (int, error) { return e.Item.(int), nil }
	return pl.Concat(s, serial.Map(item)(pl.Failures(s)))
}

// failed notes that x has failed.
func (p policy) failed(o *outcome, x int) {
	if p.counts(x) {
		if o.failed == nil {
			o.failed = map[string][]int{}
		}
		o.failed[p.stage] = append(slices.Clip(o.failed[p.stage]), x)
	}
	if p.aside {
		o.values = append(o.values, value{x: x})
	}
}
