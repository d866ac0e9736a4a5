package backendtest

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
)

// A stage is an immutable value: partials keep their options (pypeln's B9), With makes a copy, runs
// share nothing.

var composeChecks = []check{
	{"PartialsKeepAllOptions", here, partialsKeepOptions},
	{"WithIsACopy", nothing, withIsACopy},
	{"WithOverridesOneOptionOnly", nothing, withOverridesOne},
	{"GraphShowsWhatWillRun", nothing, graphShows},
	{"OnePartialOnManyStages", nothing, partialOnMany},
	{"OneStageConsumedAtOnce", nothing, consumedAtOnce},
	{"FunctionRunsAPipeline", here, functionRuns},
	{"OneStageConsumedInsideItsOwnLoop", nothing, consumedInside},
}

// partialsKeepOptions gives the same options in every way there is, and looks whether they all
// work.
func partialsKeepOptions(t *testing.T, api API) {
	var opened atomic.Int64
	r := pl.OnStart(func(context.Context) (*Handle, error) { opened.Add(1); return &Handle{}, nil })
	o := Obeying{api.Traits}
	f := func(ctx context.Context, _ *Handle, x int) (int, error) {
		if got := pl.WorkerFrom(ctx).Stage; got != "kept" {
			t.Errorf("the stage is called %q", got)
		}
		return o.Map(ctx, x)
	}
	opts := []pl.Option{
		pl.Name("kept"), pl.Workers(3), pl.MaxSize(2), pl.Timeout(api.Tick), pl.Retry(2, nil), pl.OnError(pl.Skip),
	}
	p := api.MapWith(r, f, opts...)
	source := pl.From(0, Hang, Fail, 3)
	ways := map[string]pl.Stage[int]{
		"direct":  p(source),
		"Pipe":    pl.Pipe(source, p),
		"fluent":  source.Pipe(p),
		"Compose": pl.Compose(p, api.Same)(source),
		"With":    api.MapWith(r, f)(source).With(opts...),
	}
	for name, s := range ways {
		opened.Store(0)
		journal := Keep(t)
		assert.ElementsMatch(t, []int{0, 3}, mustCollect(t, api, s), name)
		assert.Equal(t, 6, journal.Count("begin"), "%s: two attempts at each bad value", name)
		least, most := api.opens(3)
		assert.GreaterOrEqual(t, opened.Load(), int64(least), name)
		if !api.Abandons {
			assert.LessOrEqual(t, opened.Load(), int64(most), name)
		}
		assert.Contains(t, s.Graph().Nodes, pl.Node{ID: 1, Name: "kept", Backend: api.Name, Workers: 3, MaxSize: 2}, name)
	}
}

func withIsACopy(t *testing.T, api API) {
	s := api.Obey.Map(pl.From(0, Fail, 2))
	lenient := s.With(pl.OnError(pl.Skip))
	assert.Equal(t, []int{0, 2}, mustCollect(t, api, lenient))
	_, err := collect(t, api, s)
	isBroken(t, api, err)

	one, two := s.With(pl.Name("one")), s.With(pl.Name("two"))
	_, err = collect(t, api, one)
	assert.ErrorContains(t, err, "one")
	_, err = collect(t, api, two)
	assert.ErrorContains(t, err, "two")
}

func withOverridesOne(t *testing.T, api API) {
	s := api.Obey.Map(pl.From(0, Fail)).With(pl.Name("a"), pl.Workers(2), pl.MaxSize(3)).With(pl.Workers(4))
	node := s.Graph().Nodes[len(s.Graph().Nodes)-1]
	assert.Equal(t, "a", node.Name)
	assert.Equal(t, 4, node.Workers)
	assert.Equal(t, 3, node.MaxSize)
	assert.Equal(t, api.Name, node.Backend)
}

func graphShows(t *testing.T, api API) {
	s := api.Odd(api.Same(pl.Range(3)).With(pl.Name("first"))).With(pl.Name("second"), pl.Workers(7))
	graph := s.Graph()
	require.Len(t, graph.Nodes, 3)
	require.Len(t, graph.Edges, 2)
	assert.Contains(t, s.String(), api.Name+".")
	assert.Contains(t, s.String(), "first")
	assert.Contains(t, s.String(), "×7")
}

func partialOnMany(t *testing.T, api API) {
	assert.Equal(t, []int{1, 4}, mustCollect(t, api, api.Square(pl.From(1, 2))))
	assert.Equal(t, []int{9}, mustCollect(t, api, api.Square(pl.From(3))))
	assert.Equal(t, []int{16, 81}, mustCollect(t, api, api.Square(api.Square(pl.From(2, 3)))))
}

func consumedAtOnce(t *testing.T, api API) {
	s := pl.Ordered(api.Triple(api.Doze(pl.Range(20)).With(pl.Workers(2))).With(pl.MaxSize(2)))
	before := Hold()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			got, err := s.Collect(api.context(t))
			assert.NoError(t, err)
			assert.Equal(t, tripled(numbers(20)), got)
		})
	}
	wg.Wait()
	before.Check(t)
}

func consumedInside(t *testing.T, api API) {
	s := api.Same(pl.Range(3)).With(pl.MaxSize(1))
	before := Hold()
	sum := 0
	for x, err := range s.All(api.context(t)) {
		require.NoError(t, err)
		for y, err := range s.All(api.context(t)) {
			require.NoError(t, err)
			sum += 10*x + y
		}
	}
	before.Check(t)
	assert.Equal(t, 99, sum)
}

// functionRuns has the function of a stage run a pipeline of the same backend, under the context it
// was given.
func functionRuns(t *testing.T, api API) {
	inner := func(ctx context.Context, x int) (int, error) {
		got, err := api.AddOne(api.Odd(pl.Range(x)).With(pl.MaxSize(1))).With(pl.Workers(2)).Collect(ctx)
		return len(got), err
	}
	s := api.Map(inner, pl.Workers(3), pl.MaxSize(1), pl.Timeout(100*api.Tick))(pl.From(0, 10, 20, 30, 40))
	assert.ElementsMatch(t, []int{0, 5, 10, 15, 20}, mustCollect(t, api, s))

	hang := func(ctx context.Context, x int) (int, error) { return x, api.Obey.Map(pl.From(Hang)).Run(ctx) }
	assert.Equal(t, []int{0}, first(t, api, 1, pl.Concat(pl.From(0), api.Map(hang)(pl.Range(3)))))
}
