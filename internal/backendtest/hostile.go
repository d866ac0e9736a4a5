package backendtest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
)

// The methods of an error are code of the user's: where one panics, or ends its goroutine, the
// error is still no more than the failure of its value.

var hostileChecks = []check{
	{"FailsItsValueInEveryOperator", native, hostileFails},
	{"PanickedWithFailsItsValueToo", native, hostilePanics},
	{"IsDroppedWithItsValue", native, hostileIsDropped},
	{"IsTriedAgain", native, hostileIsRetried},
	{"UnderTimeout", native, hostileUnderTimeout},
	{"OfOnError", nothing, hostileHandler},
	{"OfOnStartAndOnEnd", here, hostileResource},
	{"OfASource", nothing, hostileSource},
	{"OfACancelledContext", nothing, hostileCause},
}

// hostileError misbehaves in one of its methods.
type hostileError struct {
	method string
	how    func()
}

func (e *hostileError) in(method string) {
	if e.method == method { // where e is nil it panics here
		e.how()
	}
}

func (e *hostileError) Error() string { e.in("Error"); return "hostile" }
func (e *hostileError) Is(error) bool { e.in("Is"); return false }
func (e *hostileError) As(any) bool   { e.in("As"); return false }
func (e *hostileError) Unwrap() error { e.in("Unwrap"); return nil }

// incomparable cannot be compared with another of its type.
type incomparable []error

func (incomparable) Error() string     { return "incomparable" }
func (e incomparable) Unwrap() []error { return e }

var hostile = append(misbehaving(),
	(*hostileError)(nil),
	errors.Join(errors.New("first"), (*hostileError)(nil)),
	incomparable{(*hostileError)(nil)},
)

func misbehaving() (all []error) {
	for _, method := range []string{"Error", "Is", "As", "Unwrap"} {
		for _, how := range []func(){func() { panic("in " + method) }, runtime.Goexit} {
			all = append(all, &hostileError{method, how})
		}
	}
	return all
}

// isHostile says whether err is the failure of item, and can be shown.
func isHostile(t *testing.T, err error, item any, msg ...any) {
	t.Helper()
	stageError, ok := errors.AsType[*pl.StageError](err)
	require.True(t, ok, msg...)
	assert.Equal(t, item, stageError.Item, msg...)
	shown := ""
	require.NotPanics(t, func() { shown = err.Error() }, msg...)
	assert.Contains(t, shown, "pl: stage", msg...)
}

func hostileFails(t *testing.T, api API) {
	for kind := range hostile {
		for i, op := range slices.Concat(api.Obey.operators(), api.ObeyWith.operators()) {
			if api.Here || i%4 == kind%4 { // else it takes seconds
				err := run(t, api, op.on(pl.From(1, Hostile+kind, 2)))
				isHostile(t, err, Hostile+kind, "%s, error %d", op.name, kind)
			}
		}
	}
}

func hostilePanics(t *testing.T, api API) {
	for kind := range hostile {
		err := run(t, api, api.Obey.Map(pl.From(1, HostilePanic+kind, 2)).With(pl.Workers(2)))
		isHostile(t, err, HostilePanic+kind, "error %d", kind)
	}
}

// identical reports whether two errors are one. Where they cannot be compared, the type has to do.
func identical(a, b error) bool {
	return reflect.TypeOf(a) == reflect.TypeOf(b) && (!reflect.TypeOf(a).Comparable() || a == b)
}

// amongOthers are all hostile errors, returned and panicked with, among values that do well.
func amongOthers() (all []int) {
	for kind := range hostile {
		all = append(all, kind, Hostile+kind, HostilePanic+kind)
	}
	return all
}

func hostileIsDropped(t *testing.T, api API) {
	for _, workers := range []int{1, 3} {
		s := api.Obey.Map(pl.FromSlice(amongOthers())).With(pl.OnError(pl.Skip), pl.Workers(workers))
		SameValues(t, numbers(len(hostile)), mustCollect(t, api, s))
	}
	s := pl.Ordered(api.Obey.Map(pl.FromSlice(amongOthers())).With(pl.OnError(pl.Skip), pl.Workers(2)))
	assert.Equal(t, numbers(len(hostile)), mustCollect(t, api, s))
}

func hostileIsRetried(t *testing.T, api API) {
	journal := Keep(t)
	s := api.Obey.Map(pl.FromSlice(amongOthers())).With(pl.Retry(2, nil), pl.OnError(pl.Skip))
	SameValues(t, numbers(len(hostile)), mustCollect(t, api, s))
	for kind := range hostile {
		assert.Equal(t, 2, journal.Count(fmt.Sprintf("begin %d", Hostile+kind)), "error %d", kind)
		assert.Equal(t, 2, journal.Count(fmt.Sprintf("begin %d", HostilePanic+kind)), "error %d", kind)
	}
}

func hostileUnderTimeout(t *testing.T, api API) {
	s := api.Obey.Map(pl.FromSlice(amongOthers())).With(pl.Timeout(time.Minute), pl.OnError(pl.Skip))
	SameValues(t, numbers(len(hostile)), mustCollect(t, api, s))
	for kind := range hostile {
		s = api.Obey.Map(pl.From(Hostile + kind)).With(pl.Timeout(time.Minute))
		isHostile(t, run(t, api, s), Hostile+kind, "error %d", kind)
	}
}

func hostileHandler(t *testing.T, api API) {
	for kind, err := range hostile {
		returns := func(context.Context, *pl.StageError) error { return err }
		got := run(t, api, api.Obey.Map(pl.From(Fail)).With(pl.OnError(returns)))
		assert.True(t, identical(got, err), "error %d", kind)

		panics := func(context.Context, *pl.StageError) error { panic(err) }
		got = run(t, api, api.Obey.Map(pl.From(Fail)).With(pl.OnError(panics)))
		isHostile(t, got, Fail, "error %d", kind)
	}
}

func hostileResource(t *testing.T, api API) {
	for kind, err := range hostile {
		fails := pl.OnStart(func(context.Context) (*Handle, error) { return nil, err })
		isHostile(t, run(t, api, api.MapWith(fails, useless)(pl.Range(3))), nil, "OnStart, error %d", kind)

		r := pl.OnStart(func(context.Context) (*Handle, error) { return &Handle{}, nil }).
			OnEnd(func(context.Context, *Handle) error { return err })
		isHostile(t, run(t, api, api.MapWith(r, useless)(pl.Range(3))), nil, "OnEnd, error %d", kind)
	}
}

func hostileSource(t *testing.T, api API) {
	for kind, err := range hostile {
		s := pl.FromFunc(func(context.Context, func(int) bool) error { return err })
		isHostile(t, run(t, api, api.Same(s)), nil, "error %d", kind)
		s = pl.FromFunc(func(context.Context, func(int) bool) error { panic(err) })
		isHostile(t, run(t, api, api.Same(s)), nil, "error %d", kind)
		s = pl.FromSeq2(func(yield func(int, error) bool) { yield(0, err) })
		isHostile(t, run(t, api, api.Same(s)), nil, "error %d", kind)
	}
}

func hostileCause(t *testing.T, api API) {
	for kind, cause := range hostile {
		ctx, cancel := context.WithCancelCause(api.base(t))
		defer cancel(nil)
		before := Hold()
		var got error
		for _, err := range api.Same(endless()).With(pl.MaxSize(4)).All(ctx) {
			cancel(cause)
			got = err
		}
		before.Check(t)
		assert.True(t, identical(got, cause), "error %d", kind)
	}
}
