package backendtest

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
)

// Bad input: the run fails before any value moves, and the error says where, what, and what is
// allowed.

var badInputChecks = []check{
	{"BadOptionFailsTheRun", nothing, badOption},
	{"BadOptionGivenAtOnceFailsTheRun", here, badOptionInPlace},
	{"ForeignOption", nothing, foreignOption},
	{"AllBadOptionsAreNamed", nothing, allBadOptions},
	{"NilFunction", here, nilFunction},
	{"ZeroStage", nothing, zeroStage},
	{"ZeroOption", nothing, zeroOption},
	{"ZeroResource", here, zeroResource},
	{"BadStageInTheMiddle", nothing, badInTheMiddle},
}

// refused checks that the run fails without touching source or resource, with an error that has all
// the words.
func refused(t *testing.T, api API, step func(pl.Stage[int]) pl.Stage[int], words ...string) {
	t.Helper()
	read := false
	source := pl.FromFunc(func(_ context.Context, yield func(int) bool) error { read = true; yield(1); return nil })
	journal := Keep(t)
	var got []int
	var err error
	require.NotPanics(t, func() { got, err = collect(t, api, step(source)) })
	require.Error(t, err)
	for _, word := range words {
		assert.ErrorContains(t, err, word)
	}
	assert.Empty(t, got)
	assert.False(t, read, "no value moves: the source is not even asked")
	assert.Empty(t, journal.Entries(""), "and no worker opens anything")
	assert.NotPanics(t, func() { _ = step(source).String(); _ = step(source).Graph().DOT() })
}

var badOptions = []struct {
	option pl.Option
	words  []string
}{
	{pl.Workers(0), []string{"Workers", "0", "at least 1"}},
	{pl.Workers(-3), []string{"Workers", "-3", "at least 1"}},
	{pl.MaxSize(-1), []string{"MaxSize", "-1", "at least 0"}},
	{pl.Timeout(-time.Second), []string{"Timeout", "-1s"}},
	{pl.Retry(0, nil), []string{"Retry", "0", "at least 1"}},
	{pl.OnError(nil), []string{"OnError", "nil"}},
	{pl.RetryIf(nil), []string{"RetryIf", "nil"}},
	{pl.Limit(nil), []string{"Limit", "must not be nil"}},
	{pl.Limit((*every)(nil)), []string{"Limit", "must not be nil"}},
	{pl.Limit(limiterFunc(nil)), []string{"Limit", "must not be nil"}},
	{pl.KeepGoing(-1), []string{"KeepGoing", "-1", "at least 0"}},
}

func badOption(t *testing.T, api API) {
	for _, bad := range badOptions {
		refused(t, api, func(s pl.Stage[int]) pl.Stage[int] {
			return api.ObeyWith.Map(s).With(pl.Name("picky"), bad.option)
		}, append(bad.words, "picky")...)
	}
}

func badOptionInPlace(t *testing.T, api API) {
	for _, bad := range badOptions {
		p := api.Map(Obeying{api.Traits}.Map, bad.option, pl.Name("picky"))
		refused(t, api, p, append(bad.words, "picky")...)
	}
}

type foreignKey struct{}

func foreignOption(t *testing.T, api API) {
	foreign := pl.Attach(foreignKey{}, 3, "Wheels(3)", nil)
	refused(t, api, func(s pl.Stage[int]) pl.Stage[int] {
		return api.ObeyWith.Filter(s).With(pl.Name("picky"), foreign)
	}, "picky", "Wheels(3)", "it knows Workers, MaxSize, Name, Timeout, OnError, Retry")
}

func allBadOptions(t *testing.T, api API) {
	refused(t, api, func(s pl.Stage[int]) pl.Stage[int] {
		return api.ObeyWith.FlatMap(s).With(pl.Workers(0), pl.MaxSize(-1), pl.Name("picky"))
	}, "picky", "Workers(0)", "MaxSize(-1)")
}

func nilFunction(t *testing.T, api API) {
	r := Obeying{api.Traits}.resource()
	steps := map[string]func(s pl.Stage[int]) pl.Stage[int]{
		"map":         api.Map(nil, pl.Name("map")),
		"filter":      api.Filter(nil, pl.Name("filter")),
		"flatMap":     api.FlatMap(nil, pl.Name("flatMap")),
		"mapWith":     api.MapWith(r, nil, pl.Name("mapWith")),
		"filterWith":  api.FilterWith(r, nil, pl.Name("filterWith")),
		"flatMapWith": api.FlatMapWith(r, nil, pl.Name("flatMapWith")),
	}
	for name, step := range steps {
		refused(t, api, step, name, "nil")
	}
	assert.ErrorContains(t, run(t, api, api.Each(nil)(pl.Range(3))), "nil")
	assert.ErrorContains(t, run(t, api, api.EachWith(r, nil)(pl.Range(3))), "nil")
	assert.NotPanics(t, func() { _ = api.Map(nil)(pl.Range(3)).String() }, "not even its name is asked")
}

func zeroStage(t *testing.T, api API) {
	_, err := collect(t, api, api.Same(pl.Stage[int]{}).With(pl.Name("after")))
	assert.Error(t, err)
	assert.Error(t, run(t, api, api.Drop(pl.Stage[int]{})))
	assert.NotPanics(t, func() { _ = api.Same(pl.Stage[int]{}).String() })
}

func zeroOption(t *testing.T, api API) {
	refused(t, api, func(s pl.Stage[int]) pl.Stage[int] {
		return api.ObeyWith.Map(s).With(pl.Option{}, pl.Name("picky"))
	}, "picky", "Option")
}

func zeroResource(t *testing.T, api API) {
	for name, r := range map[string]pl.Resource[*Handle]{"zero": {}, "nil": pl.OnStart[*Handle](nil)} {
		refused(t, api, api.MapWith(r, useless, pl.Name("picky "+name)), "picky "+name, "OnStart")
	}
	r := pl.OnStart(func(context.Context) (*Handle, error) { return &Handle{}, nil }).OnEnd(nil)
	assert.Len(t, mustCollect(t, api, api.MapWith(r, useless)(pl.Range(10))), 10, "a nil OnEnd is none")
}

func badInTheMiddle(t *testing.T, api API) {
	refused(t, api, func(s pl.Stage[int]) pl.Stage[int] {
		return api.Same(api.Same(api.ObeyWith.Map(s)).With(pl.Name("picky"), pl.Workers(0)))
	}, "picky", "Workers(0)")
}
