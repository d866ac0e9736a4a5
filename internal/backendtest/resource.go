package backendtest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
)

// Resources: law 10, and OnEnd on every way out (pypeln's B8).

var resourceChecks = []check{
	{"OpenedByEachWorker", native, opensPerWorker},
	{"OpenedOnEmptyInputToo", native, opensOnEmpty},
	{"ReachesEveryOperator", native, reachesOperators},
	{"OpenErrorFailsTheRun", here, openError},
	{"OpenPanicFailsTheRun", here, openPanic},
	{"OpenGoexitFailsTheRun", here | apart, openGoexit},
	{"OpenIsCancelledWithTheRun", here | concurrent, openCancelled},
	{"WithoutOnEndIsFine", here, withoutOnEnd},
}

var onEndChecks = []check{
	{"AfterEveryWayOut", native, endsEveryWay},
	{"BeforeDownstreamSeesTheEnd", native, endsBeforeEnd},
	{"LastOneSeesTheStageDone", native, endsWithStatus},
	{"ErrorFailsTheRun", here, endError},
	{"ErrorJoinsTheRunsError", here, endErrorJoins},
	{"PanicFailsTheRun", here, endPanic},
	{"GoexitFailsTheRun", here | apart, endGoexit},
	{"NotCalledWhereOpenFailed", here | concurrent, endsOnlyOpened},
	{"ItsContextKeepsValues", here, endContextValues},
}

func (j Journal) opened(api API, workers int) {
	j.t.Helper()
	least, most := api.opens(workers)
	opened := j.Count("open")
	assert.GreaterOrEqual(j.t, opened, least, "resources opened by %d workers", workers)
	assert.LessOrEqual(j.t, opened, most, "resources opened by %d workers", workers)
	j.closed(0)
}

// closed checks that what was opened was closed, once and alive, but for what was killed.
func (j Journal) closed(killed int) {
	j.t.Helper()
	assert.Equal(j.t, j.Count("open"), j.Count("close")+killed, "every resource opened is closed")
	for _, entry := range j.Entries("close") {
		assert.Contains(j.t, entry, " alive ", "OnEnd runs once, with a context that is not cancelled")
	}
}

func opensPerWorker(t *testing.T, api API) {
	for _, workers := range []int{1, 4} {
		journal := Keep(t)
		mustCollect(t, api, api.ObeyWith.Map(pl.Range(100)).With(pl.Workers(workers)))
		journal.opened(api, workers)
	}
}

func opensOnEmpty(t *testing.T, api API) {
	journal := Keep(t)
	mustCollect(t, api, api.ObeyWith.Map(pl.Range(0)).With(pl.Workers(3)))
	journal.opened(api, 3)
}

func reachesOperators(t *testing.T, api API) {
	for _, op := range api.ObeyWith.operators() {
		journal := Keep(t)
		require.NoError(t, run(t, api, op.on(pl.Range(50), pl.Workers(3))), op.name)
		journal.opened(api, 3)
		assert.Equal(t, 50, journal.Count("begin"), op.name)
	}
}

// failing opens nothing: it fails with err.
func failing(err error) pl.Resource[*Handle] {
	return pl.OnStart(func(context.Context) (*Handle, error) { return nil, err })
}

func useless(_ context.Context, _ *Handle, x int) (int, error) { return x, nil }

func openError(t *testing.T, api API) {
	got, err := collect(t, api, api.MapWith(failing(ErrBroken), useless, pl.Name("opener"))(pl.Range(10)))
	assert.Empty(t, got)
	require.ErrorIs(t, err, ErrBroken)
	stageError, ok := errors.AsType[*pl.StageError](err)
	require.True(t, ok, "%v", err)
	assert.Equal(t, "opener", stageError.Stage)
	assert.Nil(t, stageError.Item, "the error is about no value")
}

func openPanic(t *testing.T, api API) {
	r := pl.OnStart(func(context.Context) (*Handle, error) { panic("cannot open") })
	_, err := collect(t, api, api.MapWith(r, useless)(pl.Range(10)))
	panicked, ok := errors.AsType[*pl.PanicError](err)
	require.True(t, ok, "%v", err)
	assert.Equal(t, "cannot open", panicked.Value)
}

func openGoexit(t *testing.T, api API) {
	for _, workers := range []int{1, 3} {
		r := pl.OnStart(func(ctx context.Context) (*Handle, error) {
			if pl.WorkerFrom(ctx).Index == 0 {
				runtime.Goexit()
			}
			return &Handle{}, nil
		})
		_, err := collect(t, api, api.MapWith(r, useless, pl.Workers(workers))(pl.Range(10)))
		assert.ErrorContains(t, err, "Goexit", "%d workers", workers)
		assert.ErrorContains(t, err, "worker 0", "%d workers", workers)
	}
}

func openCancelled(t *testing.T, api API) {
	r := pl.OnStart(func(ctx context.Context) (*Handle, error) {
		<-ctx.Done() // not Sleep: opening may block in any backend
		return nil, ctx.Err()
	})
	ctx, cancel := context.WithTimeout(api.base(t), api.Tick)
	defer cancel()
	err := api.MapWith(r, useless, pl.MaxSize(1))(endless()).Run(ctx)
	assert.ErrorIs(t, err, context.DeadlineExceeded)
}

func withoutOnEnd(t *testing.T, api API) {
	r := pl.OnStart(func(context.Context) (*Handle, error) { return &Handle{}, nil })
	assert.Equal(t, numbers(10), mustCollect(t, api, api.MapWith(r, useless)(pl.Range(10))))
}

// endsEveryWay ends a run in every way there is, and looks whether each resource that was opened
// was closed.
func endsEveryWay(t *testing.T, api API) {
	with := func(values ...int) pl.Stage[int] {
		return api.ObeyWith.Map(pl.FromSlice(values)).With(pl.Workers(3), pl.MaxSize(2))
	}
	ways := []struct {
		name string
		end  func()
	}{
		{"end of input", func() { mustCollect(t, api, with(1, 2, 3)) }},
		{"break", func() { first(t, api, 2, with(numbers(100)...)) }},
		{"break while busy", func() { first(t, api, 1, with(1, Hang, Hang+1, Hang+2)) }},
		{"error", func() { _, _ = collect(t, api, with(1, Fail, 3)) }},
		{"panic", func() { _, _ = collect(t, api, with(1, Panic, 3)) }},
		{"Goexit", func() { api.goexits(func() { _, _ = collect(t, api, with(1, Exit, 3)) }) }},
		{"source fails", func() {
			s := pl.FromFunc(func(context.Context, func(int) bool) error { return ErrBroken })
			_, _ = collect(t, api, api.ObeyWith.Map(s))
		}},
		{"downstream fails", func() { _, _ = collect(t, api, api.Obey.Map(api.Negate(with(1, 2, -Fail, 4, 5)))) }},
		{"cancelled", func() {
			ctx, cancel := context.WithCancel(api.context(t))
			defer cancel()
			for range with(1, Hang, Hang, Hang).All(ctx) {
				cancel()
			}
		}},
		{"panic in the loop", func() {
			defer func() { _ = recover() }()
			for range with(numbers(100)...).All(api.context(t)) {
				panic("body")
			}
		}},
	}
	for _, way := range ways {
		journal := Keep(t)
		way.end()
		if way.name != "source fails" { // that may be before any worker is there
			assert.Positive(t, journal.Count("open"), way.name)
		}
		journal.closed(0)
		if t.Failed() {
			t.Fatalf("way out: %s; journal: %v", way.name, journal.Entries(""))
		}
	}
}

func endsBeforeEnd(t *testing.T, api API) {
	journal := Keep(t)
	for _, err := range api.ObeyWith.Map(pl.Range(10)).With(pl.Workers(2)).All(api.context(t)) {
		require.NoError(t, err)
	}
	journal.opened(api, 2)

	journal = Keep(t)
	after := api.ObeyWith.Map(api.Never(pl.Range(10))).With(pl.Workers(2))
	end := pl.FromFunc(func(ctx context.Context, yield func(int) bool) error {
		for _, err := range after.All(ctx) {
			if err != nil {
				return err
			}
		}
		journal.opened(api, 2)
		yield(1)
		return nil
	})
	assert.Equal(t, []int{1}, mustCollect(t, api, end))
}

// endsWithStatus checks what OnEnd reads with StatusFrom: with n workers, n-1 … 0 are left, and at
// 0 the stage is done.
func endsWithStatus(t *testing.T, api API) {
	for _, n := range []int{0, 10} {
		journal := Keep(t)
		mustCollect(t, api, api.ObeyWith.Map(pl.Range(n)).With(pl.Workers(3)))
		var got []string
		for _, entry := range journal.Entries("close") {
			got = append(got, strings.Join(strings.Fields(entry)[3:], " "))
		}
		slices.Sort(got)
		if api.Kills || api.Slots > 0 {
			continue // each subprocess knows of itself only; the engine's own tests look at more
		}
		want := []string{"0 true"}
		if api.PerWorker {
			want = []string{"0 true", "1 false", "2 false"}
		}
		assert.Equal(t, want, got, "%d values", n)
	}
}

func endError(t *testing.T, api API) {
	r := pl.OnStart(func(context.Context) (*Handle, error) { return &Handle{}, nil }).
		OnEnd(func(context.Context, *Handle) error { return ErrBroken })
	got, err := collect(t, api, api.MapWith(r, useless, pl.Name("closer"))(pl.Range(10)))
	require.ErrorIs(t, err, ErrBroken)
	assert.ErrorContains(t, err, "closer")
	assert.LessOrEqual(t, len(got), 10)
}

func endErrorJoins(t *testing.T, api API) {
	errEnd := errors.New("cannot close")
	r := pl.OnStart(func(context.Context) (*Handle, error) { return &Handle{}, nil }).
		OnEnd(func(context.Context, *Handle) error { return errEnd })
	fail := func(_ context.Context, _ *Handle, x int) (int, error) { return x, fmt.Errorf("f: %w", ErrBroken) }
	_, err := collect(t, api, api.MapWith(r, fail)(pl.Range(10)))
	assert.ErrorIs(t, err, ErrBroken, "the first failure")
	assert.ErrorIs(t, err, errEnd, "and what closing said")
}

func endPanic(t *testing.T, api API) {
	r := pl.OnStart(func(context.Context) (*Handle, error) { return &Handle{}, nil }).
		OnEnd(func(context.Context, *Handle) error { panic("cannot close") })
	_, err := collect(t, api, api.MapWith(r, useless)(pl.Range(10)))
	panicked, ok := errors.AsType[*pl.PanicError](err)
	require.True(t, ok, "%v", err)
	assert.Equal(t, "cannot close", panicked.Value)
}

func endGoexit(t *testing.T, api API) {
	var opened, ended atomic.Int32 // in this process
	r := pl.OnStart(func(context.Context) (*Handle, error) { opened.Add(1); return &Handle{}, nil }).
		OnEnd(func(context.Context, *Handle) error { ended.Add(1); runtime.Goexit(); return nil })
	for _, workers := range []int{1, 3} {
		_, err := collect(t, api, api.MapWith(r, useless, pl.Workers(workers))(pl.Range(10)))
		assert.ErrorContains(t, err, "Goexit", "%d workers", workers)
		if api.Here {
			assert.ErrorIs(t, err, pl.ErrGoexit, "%d workers", workers)
		}
		assert.Equal(t, opened.Load(), ended.Load(), "each OnEnd is called once")
	}
}

func endsOnlyOpened(t *testing.T, api API) {
	journal := Keep(t)
	o := Obeying{api.Traits}
	r := pl.OnStart(func(ctx context.Context) (*Handle, error) {
		if pl.WorkerFrom(ctx).Index == 0 {
			if err := sleep(ctx, api.Tick); err != nil { // the others are open by now
				return nil, err
			}
			return nil, ErrBroken
		}
		return o.open(ctx)
	}).OnEnd(o.end)
	_, err := collect(t, api, api.MapWith(r, useless, pl.Workers(3))(pl.Range(10)))
	require.ErrorIs(t, err, ErrBroken)
	if api.PerWorker {
		assert.Equal(t, 2, journal.Count("open"))
	}
	journal.closed(0)
}

type contextKey struct{}

func endContextValues(t *testing.T, api API) {
	var open, end any
	r := pl.OnStart(func(ctx context.Context) (*Handle, error) {
		open = ctx.Value(contextKey{})
		return &Handle{}, nil
	}).OnEnd(func(ctx context.Context, _ *Handle) error {
		end = ctx.Value(contextKey{})
		return ctx.Err()
	})
	ctx := context.WithValue(api.base(t), contextKey{}, "kept")
	for range api.MapWith(r, useless)(pl.Range(10)).All(ctx) {
		break
	}
	assert.Equal(t, "kept", open, "the caller's values reach OnStart")
	assert.Equal(t, "kept", end, "and OnEnd")
}
