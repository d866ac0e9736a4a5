package backendtest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
)

// What functions learn of the worker that runs them.

var workerChecks = []check{
	{"IndexesAreBelowWorkers", native, indexesBelowWorkers},
	{"StageIsTheName", here, stageIsTheName},
	{"SameInOnStartFunctionAndOnEnd", here, workerIsTheSame},
	{"ContextCarriesTheCallersValues", here, contextCarriesValues},
}

func indexesBelowWorkers(t *testing.T, api API) {
	n, seen := 0, map[int]bool{}
	for index, err := range api.WorkerIndex(endless()).With(pl.Workers(4), pl.MaxSize(4)).All(api.context(t)) {
		require.NoError(t, err)
		seen[index] = true
		// Each value takes a moment, so all workers get some, also one that is slow to start.
		if n++; n >= 100 && (len(seen) == 4 || !api.PerWorker) || n == 20_000 {
			break
		}
	}
	for index := range seen {
		assert.Contains(t, []int{0, 1, 2, 3}, index)
	}
	if api.PerWorker {
		assert.Len(t, seen, 4)
	}
}

func stageIsTheName(t *testing.T, api API) {
	f := func(ctx context.Context, x int) (int, error) {
		if got := pl.WorkerFrom(ctx).Stage; got != "shrink" {
			return x, fmt.Errorf("the stage is called %q", got)
		}
		return x, nil
	}
	mustCollect(t, api, api.Map(f, pl.Name("shrink"), pl.Workers(2))(pl.Range(10)))
	mustCollect(t, api, api.Map(f)(pl.Range(10)).With(pl.Name("shrink")))
}

func workerIsTheSame(t *testing.T, api API) {
	var mu sync.Mutex
	infos := map[string][]pl.WorkerInfo{}
	add := func(ctx context.Context, place string) {
		mu.Lock()
		defer mu.Unlock()
		if info := pl.WorkerFrom(ctx); !slices.Contains(infos[place], info) {
			infos[place] = append(infos[place], info)
		}
	}
	r := pl.OnStart(func(ctx context.Context) (*Handle, error) {
		add(ctx, "open")
		return &Handle{worker: pl.WorkerFrom(ctx).Index}, nil
	}).OnEnd(func(ctx context.Context, h *Handle) error {
		if got := pl.WorkerFrom(ctx).Index; got != h.worker {
			return fmt.Errorf("worker %d closes the resource of worker %d", got, h.worker)
		}
		add(ctx, "end")
		return nil
	})
	f := func(ctx context.Context, _ *Handle, x int) (int, error) {
		add(ctx, "f")
		return x, api.Sleep(ctx, api.Tick)
	}
	mustCollect(t, api, api.MapWith(r, f, pl.Workers(3), pl.Name("s"))(pl.Range(20)))
	assert.ElementsMatch(t, infos["open"], infos["end"])
	for _, info := range infos["open"] {
		assert.Equal(t, "s", info.Stage)
	}
	if api.PerWorker {
		assert.ElementsMatch(t, infos["open"], infos["f"])
	}
}

func contextCarriesValues(t *testing.T, api API) {
	f := func(ctx context.Context, _ int) (int, error) {
		n, _ := ctx.Value(contextKey{}).(int)
		return n, nil
	}
	ctx := context.WithValue(api.base(t), contextKey{}, 42)
	got, err := api.Map(f, pl.Timeout(api.Tick))(pl.Range(1)).Collect(ctx)
	require.NoError(t, err)
	assert.Equal(t, []int{42}, got)
}
