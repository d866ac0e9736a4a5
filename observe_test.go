package pl_test

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/serial"
	"github.com/gopeln/pl/task"
	"github.com/gopeln/pl/thread"
)

type enclosedKey struct{}

func TestObserversChooseTheContextsOfAStagesFunctions(t *testing.T) {
	var mu sync.Mutex
	got := map[string]any{}
	note := func(ctx context.Context, v int) (int, error) {
		mu.Lock()
		defer mu.Unlock()
		got[pl.WorkerFrom(ctx).Stage] = ctx.Value(enclosedKey{})
		return v, nil
	}
	source := pl.FromFunc(func(ctx context.Context, yield func(int) bool) error {
		_, err := note(ctx, 0)
		yield(1)
		return err
	}).With(pl.Name("source"))
	stage := pl.Pipe3(source,
		thread.Map(note, pl.Name("a"), pl.Workers(2)), task.Map(note, pl.Name("b")), serial.Map(note, pl.Name("c")))
	var caller context.Context
	var info *pl.RunInfo
	ctx := pl.Observe(t.Context(), func(run *pl.RunInfo) func(error) {
		info, caller = run, run.Context()
		run.Enclose(func(ctx context.Context, stage pl.Node) context.Context {
			return context.WithValue(ctx, enclosedKey{}, stage.Backend+" "+stage.Name)
		})
		return func(error) { assert.Equal(t, caller, run.Context()) }
	})
	require.NoError(t, stage.Run(ctx))
	assert.Equal(t, map[string]any{"source": "source source", "a": "thread a", "b": "task b", "c": "serial c"}, got)
	assert.Equal(t, ctx, caller)
	assert.Equal(t, context.Background(), info.Context(), "a run that has ended holds no context")
}

func TestObserverThatFailsToEncloseFailsTheRun(t *testing.T) {
	for name, f := range map[string]func(context.Context, pl.Node) context.Context{
		"panics": func(context.Context, pl.Node) context.Context { panic("boom") },
		"nil":    func(context.Context, pl.Node) context.Context { return nil },
	} {
		ctx := pl.Observe(t.Context(), func(run *pl.RunInfo) func(error) {
			run.Enclose(f)
			return nil
		})
		err := thread.Map(func(_ context.Context, v int) (int, error) { return v, nil }, pl.Workers(3))(pl.Range(10)).Run(ctx)
		if name == "nil" {
			require.NoError(t, err, "nothing is changed")
			continue
		}
		var panicked *pl.PanicError
		require.ErrorAs(t, err, &panicked)
	}
}

// loopOver consumes a stage that has no Name.
func loopOver(ctx context.Context) {
	for range pl.Range(3).All(ctx) {
		continue
	}
}

func TestRunIsCalledAfterTheFunctionWithTheLoop(t *testing.T) {
	var name string
	loopOver(pl.Observe(t.Context(), func(run *pl.RunInfo) func(error) { name = run.Stats().Name; return nil }))
	assert.Equal(t, "pl_test.loopOver", name)
}
