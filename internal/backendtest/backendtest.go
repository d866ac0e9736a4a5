// Package backendtest is the conformance suite of gopeln's backends: what API and laws promise, as
// checks that every backend runs over its own eight functions.
//
// A backend joins with a variable and two tests in its own folder:
//
//	var api = backendtest.New(backendtest.Thread, thread.Map, thread.Filter, thread.FlatMap, thread.Each,
//		thread.MapWith, thread.FilterWith, thread.FlatMapWith, thread.EachWith).
//		Carrying(thread.Map)
//
//	func TestConformance(t *testing.T)         { backendtest.Run(t, api) }
//	func TestConformanceObserved(t *testing.T) { backendtest.RunObserved(t, api) }
//
// The variable is at package level, because a backend that runs its functions in subprocesses finds
// only those that were made before main. New makes all of these, once, from functions that obey
// their values (see [Obeying]): the scenario of a check travels in its values, and what happened is
// read from results and from a [Journal] file, so that most checks hold in a subprocess as well as
// here. Checks that need more than that, such as memory shared with the function under test, say so
// in the table they stand in, and run where [Traits] has it.
//
// Where the functions run in this process, each check runs in a synctest bubble: time is virtual,
// exact and free, and a run that hangs is a failure at once.
package backendtest

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gopeln/pl"
)

// Step is a partial from int to int, which is what almost all checks are about.
type Step = pl.Partial[int, int]

// The functions that users write, over ints.
type (
	MapFunc     = func(ctx context.Context, in int) (int, error)
	FilterFunc  = func(ctx context.Context, in int) (bool, error)
	FlatMapFunc = func(ctx context.Context, in int, yield func(int) bool) error
	EachFunc    = func(ctx context.Context, in int) error
)

// The same with a resource.
type (
	MapWithFunc     = func(ctx context.Context, h *Handle, in int) (int, error)
	FilterWithFunc  = func(ctx context.Context, h *Handle, in int) (bool, error)
	FlatMapWithFunc = func(ctx context.Context, h *Handle, in int, yield func(int) bool) error
	EachWithFunc    = func(ctx context.Context, h *Handle, in int) error
)

// API is one backend under test: its traits, its eight functions over ints, and the partials made
// of them by New.
type API struct {
	Traits
	Map         func(f MapFunc, opts ...pl.Option) Step
	Filter      func(f FilterFunc, opts ...pl.Option) Step
	FlatMap     func(f FlatMapFunc, opts ...pl.Option) Step
	Each        func(f EachFunc, opts ...pl.Option) pl.Partial[int, struct{}]
	MapWith     func(r pl.Resource[*Handle], f MapWithFunc, opts ...pl.Option) Step
	FilterWith  func(r pl.Resource[*Handle], f FilterWithFunc, opts ...pl.Option) Step
	FlatMapWith func(r pl.Resource[*Handle], f FlatMapWithFunc, opts ...pl.Option) Step
	EachWith    func(r pl.Resource[*Handle], f EachWithFunc, opts ...pl.Option) pl.Partial[int, struct{}]
	Ready
	Moods Moods

	observed bool // every run has an observer
}

// New describes a backend by its traits and its eight functions, in the order of the documentation.
// Call it at package level.
func New(
	traits Traits,
	mapper func(MapFunc, ...pl.Option) Step,
	filter func(FilterFunc, ...pl.Option) Step,
	flatMap func(FlatMapFunc, ...pl.Option) Step,
	each func(EachFunc, ...pl.Option) pl.Partial[int, struct{}],
	mapWith func(pl.Resource[*Handle], MapWithFunc, ...pl.Option) Step,
	filterWith func(pl.Resource[*Handle], FilterWithFunc, ...pl.Option) Step,
	flatMapWith func(pl.Resource[*Handle], FlatMapWithFunc, ...pl.Option) Step,
	eachWith func(pl.Resource[*Handle], EachWithFunc, ...pl.Option) pl.Partial[int, struct{}],
) API {
	api := API{
		Traits: traits, Map: mapper, Filter: filter, FlatMap: flatMap, Each: each,
		MapWith: mapWith, FilterWith: filterWith, FlatMapWith: flatMapWith, EachWith: eachWith,
	}
	api.Ready = ready(api)
	return api
}

// check is one promise. It gets the needs of its theme's table, and runs in backends that have
// them.
type check struct {
	promise string
	needs   needs
	run     func(t *testing.T, api API)
}

// Control are the themes of what keeps a run in order: options that change when a value begins, and
// what becomes of it.
var Control = []string{"Retry", "Func", "ByKey", "MaxWeight", "KeepGoing", "Failures", "Limit", "Drain"}

// theme is a table of checks, with a name by which it can be asked for.
type theme struct {
	name   string
	checks []check
}

var themes = []theme{
	{"Map", mapChecks},
	{"Filter", filterChecks},
	{"FlatMap", flatMapChecks},
	{"Each", eachChecks},
	{"Resource", resourceChecks},
	{"OnEnd", onEndChecks},
	{"Worker", workerChecks},
	{"Error", errorChecks},
	{"Panic", panicChecks},
	{"Hostile", hostileChecks},
	{"OnError", onErrorChecks},
	{"Retry", retryChecks},
	{"Func", funcChecks},
	{"ByKey", byKeyChecks},
	{"MaxWeight", maxWeightChecks},
	{"KeepGoing", keepGoingChecks},
	{"Failures", failuresChecks},
	{"Limit", limitChecks},
	{"Drain", drainChecks},
	{"Timeout", timeoutChecks},
	{"Abandon", abandonChecks},
	{"Context", contextChecks},
	{"Stop", stopChecks},
	{"Cancel", cancelChecks},
	{"MaxSize", maxSizeChecks},
	{"Broadcast", broadcastChecks},
	{"Order", orderChecks},
	{"Window", windowChecks},
	{"Compose", composeChecks},
	{"Liveness", livenessChecks},
	{"Figures", figuresChecks},
	{"Times", figuresTimesChecks},
	{"Trouble", troubleChecks},
	{"BadInput", badInputChecks},
	{"Encoding", encodingChecks},
}

// Except returns the names of all themes but these.
func Except(names ...string) (others []string) {
	for _, theme := range themes {
		if !slices.Contains(names, theme.name) {
			others = append(others, theme.name)
		}
	}
	return others
}

// Run runs every check that the backend has the traits for, of all themes or only of these.
func Run(t *testing.T, api API, only ...string) {
	for _, theme := range themes {
		if len(only) > 0 && !slices.Contains(only, theme.name) {
			continue
		}
		t.Run(theme.name, func(t *testing.T) {
			for _, c := range theme.checks {
				if api.has(c.needs) {
					t.Run(c.promise, func(t *testing.T) { api.bubble(t, c.run) })
				}
			}
		})
	}
}

// bubble runs a check in virtual time where the backend can.
func (api API) bubble(t *testing.T, run func(*testing.T, API)) {
	if !api.Here {
		run(t, api)
		return
	}
	synctest.Test(t, func(t *testing.T) { run(t, api) })
}

// rest waits until nothing moves any more: exactly in virtual time, else for as long as it should
// take.
func (api API) rest() {
	if api.Here {
		synctest.Wait()
		return
	}
	time.Sleep(8 * api.Tick)
}
