package backendtest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
)

// Law 8: errors come at once, say where and to which value, and keep errors.Is and errors.As.

var errorChecks = []check{
	{"EveryOperatorFails", nothing, everyOperatorFails},
	{"NamesStageWorkerAndValue", nothing, errorNames},
	{"WorkerIsTheOneThatFailed", here | concurrent, errorNamesWorker},
	{"KeepsIsAndAs", here, errorKeepsType},
	{"IsTheLastPairExactlyOnce", nothing, errorIsLast},
	{"OneOfManyValuesAlwaysSurfaces", nothing, errorSurfaces},
	{"WhatCameBeforeItIsKept", nothing, errorAfterPrefix},
	{"EndsRunsThatAreHeldByMaxSize", nothing, errorUnderMaxSize},
	{"StopsTheOthersAtOnce", here | concurrent, errorIsPrompt},
	{"TheFirstFailureWins", here | concurrent, firstFailureWins},
	{"CancelledByTheFunctionItselfIsAFailure", nothing, ownCancellation},
	{"SourceFailsHalfWay", nothing, sourceFails},
	{"SourcePanics", nothing, sourcePanics},
	{"AStageFurtherOnFails", nothing, laterStageFails},
}

var panicChecks = []check{
	{"EveryOperator", native, everyOperatorPanics},
	{"CarriesValueAndStack", native, panicCarries},
	{"WithAnErrorKeepsIt", here, panicWithError},
	{"WithNilIsAnErrorToo", here, panicNil},
	{"GoexitIsAnError", apart | native, goexitFails},
	{"GoexitInTheLoopsGoroutineEndsIt", here, goexitEnds},
	{"FailNowIsAnError", here | apart, failNowFails},
}

// isBroken says whether err is the failure of one of the obeying functions, in what form it may
// arrive.
func isBroken(t *testing.T, api API, err error, msg ...any) {
	t.Helper()
	require.ErrorIs(t, err, ErrBroken, msg...)
	if api.KeepsErrors {
		_, ok := errors.AsType[*BrokenError](err)
		require.True(t, ok, "%v", err)
	}
}

func everyOperatorFails(t *testing.T, api API) {
	for _, four := range []Four{api.Obey, api.ObeyWith} {
		for _, op := range four.operators() {
			for _, workers := range []int{1, 3} {
				isBroken(t, api, run(t, api, op.on(pl.From(1, 2, Fail, 4), pl.Workers(workers))), op.name)
			}
		}
	}
}

func errorNames(t *testing.T, api API) {
	for _, op := range api.Obey.operators() {
		err := run(t, api, op.on(pl.From(1, 2, Fail+7, 4), pl.Workers(2), pl.Name("crusher")))
		stageError, ok := errors.AsType[*pl.StageError](err)
		require.True(t, ok, "%s: %v", op.name, err)
		assert.Equal(t, "crusher", stageError.Stage, op.name)
		assert.Equal(t, Fail+7, stageError.Item, op.name)
		assert.Contains(t, api.workers(2), stageError.Worker, op.name)
		assert.ErrorContains(t, err, "crusher")
		assert.ErrorContains(t, err, fmt.Sprint(Fail+7))
	}
}

func errorNamesWorker(t *testing.T, api API) {
	for failing := range 4 {
		f := func(ctx context.Context, x int) (int, error) {
			if err := api.Sleep(ctx, api.Tick); err != nil {
				return x, err
			}
			if pl.WorkerFrom(ctx).Index == failing {
				return x, ErrBroken
			}
			return x, api.Sleep(ctx, api.Tick)
		}
		_, err := collect(t, api, api.Map(f, pl.Workers(4))(pl.Range(4)))
		stageError, ok := errors.AsType[*pl.StageError](err)
		if !ok && !api.PerWorker {
			return // its tasks are one worker
		}
		require.True(t, ok, "%v", err)
		assert.Equal(t, failing, stageError.Worker)
	}
}

func errorKeepsType(t *testing.T, api API) {
	_, err := collect(t, api, api.Obey.Map(pl.From(1, Fail+9)))
	broken, ok := errors.AsType[*BrokenError](err)
	require.True(t, ok, "%v", err)
	assert.Equal(t, Fail+9, broken.Value)
}

func errorIsLast(t *testing.T, api API) {
	before := Hold()
	failures, after := 0, 0
	for x, err := range api.Obey.Map(pl.From(1, 2, Fail, 4, Fail+1, 6)).With(pl.Workers(3)).All(api.context(t)) {
		if failures > 0 {
			after++
		}
		if err != nil {
			failures++
			assert.Zero(t, x)
		}
	}
	before.Check(t)
	assert.Equal(t, 1, failures)
	assert.Zero(t, after, "pairs after the failure")
}

// errorSurfaces is pypeln's B5: an error early in a long input was swallowed.
func errorSurfaces(t *testing.T, api API) {
	for range api.rounds(10) {
		for _, n := range []int{4, 10, 100} {
			list := numbers(n)
			list[3] = Fail
			_, err := collect(t, api, api.Obey.Map(pl.FromSlice(list)).With(pl.Workers(4)))
			isBroken(t, api, err, "%d values", n)
		}
	}
}

func errorAfterPrefix(t *testing.T, api API) {
	got, err := collect(t, api, api.Obey.Map(pl.From(0, 1, 2, Fail, 4, 5)))
	isBroken(t, api, err)
	require.LessOrEqual(t, len(got), 3)
	assert.Equal(t, []int{0, 1, 2}[:len(got)], listed(got), "nothing of what came after it")
}

// errorUnderMaxSize is pypeln's B6: an error hung while the source was held up.
func errorUnderMaxSize(t *testing.T, api API) {
	for size := 1; size <= 4; size++ {
		for _, workers := range []int{1, 2} {
			s := pl.FromFunc(func(_ context.Context, yield func(int) bool) error {
				for i := 0; yield(i); i++ {
					if i == 20 && !yield(Fail) {
						return nil
					}
				}
				return nil
			})
			s = api.Obey.Map(s).With(pl.Workers(workers), pl.MaxSize(size))
			_, err := collect(t, api, api.Same(s).With(pl.MaxSize(size)))
			isBroken(t, api, err, "MaxSize(%d)", size)
		}
	}
}

func errorIsPrompt(t *testing.T, api API) {
	start := time.Now()
	_, err := collect(t, api, api.Obey.Map(pl.From(Hang, Hang+1, Nap, Fail, Hang+2)).With(pl.Workers(3)))
	isBroken(t, api, err)
	assert.Equal(t, api.Tick, time.Since(start), "the third worker naps a tick and then fails")
}

func firstFailureWins(t *testing.T, api API) {
	f := func(ctx context.Context, x int) (int, error) {
		err := api.Sleep(ctx, time.Duration(x)*api.Tick)
		if err != nil {
			return 0, fmt.Errorf("value %d was cancelled: %w", x, err) // noise that must not mask the failure
		}
		return 0, &BrokenError{x}
	}
	for range 5 {
		_, err := collect(t, api, api.Map(f, pl.Workers(4))(pl.From(4, 3, 1, 2)))
		broken, ok := errors.AsType[*BrokenError](err)
		require.True(t, ok, "%v", err)
		assert.Equal(t, 1, broken.Value)
		assert.NotErrorIs(t, err, context.Canceled)
	}
}

// ownCancellation fails with context.Canceled although nobody cancelled the run: no reason to take
// it for the end.
func ownCancellation(t *testing.T, api API) {
	if !api.Here {
		t.Skip("needs a function of its own")
	}
	f := func(context.Context, int) (int, error) { return 0, context.Canceled }
	_, err := collect(t, api, api.Map(f, pl.Name("quitter"))(pl.Range(3)))
	require.ErrorIs(t, err, context.Canceled)
	assert.ErrorContains(t, err, "quitter")
}

func failingSource(n int) pl.Stage[int] {
	return pl.FromFunc(func(_ context.Context, yield func(int) bool) error {
		for i := range n {
			if !yield(i) {
				return nil
			}
		}
		return fmt.Errorf("reading: %w", ErrBroken)
	})
}

func sourceFails(t *testing.T, api API) {
	for _, size := range []int{0, 1} {
		got, err := collect(t, api, api.Same(failingSource(5)).With(pl.MaxSize(size)))
		require.ErrorIs(t, err, ErrBroken)
		assert.ErrorContains(t, err, "reading")
		assert.LessOrEqual(t, len(got), 5)
	}
}

func sourcePanics(t *testing.T, api API) {
	s := pl.FromFunc(func(context.Context, func(int) bool) error { panic("no source") })
	_, err := collect(t, api, api.Same(s))
	panicked, ok := errors.AsType[*pl.PanicError](err)
	require.True(t, ok, "%v", err)
	assert.Equal(t, "no source", panicked.Value)

	if !api.Apart {
		return
	}
	s = pl.FromFunc(func(context.Context, func(int) bool) error { runtime.Goexit(); return nil })
	_, err = collect(t, api, api.Same(s))
	require.ErrorContains(t, err, "Goexit")
}

func laterStageFails(t *testing.T, api API) {
	s := api.Obey.Map(api.Same(endless()).With(pl.MaxSize(3)))
	s = api.Same(pl.Pipe2(s, pl.Take[int](10), api.Same))
	assert.Len(t, mustCollect(t, api, s), 10)

	_, err := collect(t, api, api.Obey.FlatMap(api.Same(api.Same(pl.From(1, 2, Fail)))))
	isBroken(t, api, err)
}

func everyOperatorPanics(t *testing.T, api API) {
	for _, op := range api.ObeyWith.operators() {
		err := run(t, api, op.on(pl.From(1, Panic+1, 2), pl.Workers(2), pl.Name("bomb")))
		_, ok := errors.AsType[*pl.PanicError](err)
		require.True(t, ok, "%s: %v", op.name, err)
		stageError, ok := errors.AsType[*pl.StageError](err)
		require.True(t, ok, "%s: %v", op.name, err)
		assert.Equal(t, "bomb", stageError.Stage, op.name)
		assert.Equal(t, Panic+1, stageError.Item, op.name)
	}
}

func panicCarries(t *testing.T, api API) {
	_, err := collect(t, api, api.Obey.Map(pl.From(Panic+5)))
	panicked, ok := errors.AsType[*pl.PanicError](err)
	require.True(t, ok, "%v", err)
	assert.Equal(t, fmt.Sprintf("panic of value %d", Panic+5), panicked.Value)
	assert.Contains(t, string(panicked.Stack), "Obeying", "the stack shows the function that panicked")
	assert.ErrorContains(t, err, "panic of value")
}

func panicWithError(t *testing.T, api API) {
	_, err := collect(t, api, api.Obey.Map(pl.From(PanicError+5)))
	isBroken(t, api, err)
	_, ok := errors.AsType[*pl.PanicError](err)
	assert.True(t, ok, "%v", err)
}

func panicNil(t *testing.T, api API) {
	f := func(context.Context, int) (int, error) { panic(nil) }
	_, err := collect(t, api, api.Map(f)(pl.Range(1)))
	_, ok := errors.AsType[*pl.PanicError](err)
	assert.True(t, ok, "%v", err)
}

func goexitFails(t *testing.T, api API) {
	for _, op := range api.Obey.operators() {
		for _, workers := range []int{1, 2} {
			err := run(t, api, op.on(pl.From(1, Exit+3, 2, 3, 4), pl.Workers(workers)))
			stageError, ok := errors.AsType[*pl.StageError](err)
			require.True(t, ok, "%s: %v", op.name, err)
			assert.Equal(t, Exit+3, stageError.Item, op.name)
			assert.ErrorContains(t, err, "Goexit", op.name)
		}
	}
}

// goexits calls f where a Goexit may end the goroutine.
func (api API) goexits(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	<-done
}

// goexitEnds is what is left to promise where the function runs in the goroutine of the loop:
// Goexit ends that, after everything has been cleaned up.
func goexitEnds(t *testing.T, api API) {
	if api.Apart {
		t.Skip("the function has a goroutine of its own")
	}
	journal := Keep(t)
	before := Hold()
	returned := false
	api.goexits(func() {
		_ = api.ObeyWith.Map(pl.From(1, Exit, 2)).Run(api.base(t))
		returned = true
	})
	before.Check(t)
	assert.False(t, returned)
	journal.closed(0)
}

// failNowFails calls what users' tests call. A testing.T of its own cannot be failed, so FailNow's
// Goexit is called in a function that has a deferred call, as FailNow has.
func failNowFails(t *testing.T, api API) {
	deferred := false
	f := func(context.Context, int) (int, error) {
		defer func() { deferred = true }()
		runtime.Goexit()
		return 0, nil
	}
	_, err := collect(t, api, api.Map(f)(pl.Range(1)))
	require.ErrorContains(t, err, "Goexit")
	assert.True(t, deferred)
}
