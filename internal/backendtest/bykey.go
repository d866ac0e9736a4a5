package backendtest

import (
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
)

// ByKey: one value of a key at a time, in their order, beside others. The key function runs in this
// process.

var byKeyChecks = []check{
	{"OneOfAKeyAtATimeInOrder", nothing, byKeyInOrder},
	{"OfEachOperator", nothing, byKeyOperators},
	{"OtherKeysPass", concurrent, byKeyOthersPass},
	{"ResultsStayInOrderFromStageToStage", nothing, byKeyChain},
	{"OneWorkerKeepsTheOrderOfAllKeys", nothing, byKeyOneWorker},
	{"KeyAndWeightAreAskedOnce", nothing, byKeyAskedOnce},
	{"HoldsAcrossRetries", nothing, byKeyRetry},
	{"KeyThatPanicsFailsItsValue", nothing, byKeyPanics},
	{"KeyThatCannotBeHashedFailsItsValue", nothing, byKeyUnhashable},
	{"NaNIsANewKeyEachTime", nothing, byKeyNaN},
	{"BusyKeysCountForMaxSize", here | queued, byKeyMaxSize},
	{"LaneIsClosedUntilAnAbandonedFunctionReturns", here | abandons, byKeyAbandoned},
	{"KeyOfAnotherTypeFailsTheRun", nothing, byKeyOfAnotherType},
	{"EndsEarly", nothing, byKeyEndsEarly},
	{"OrderedBehindIt", nothing, byKeyOrdered},
}

const fewKeys = 5

func byRest(x int) int { return x % fewKeys }

// lanesAreInOrder checks the notes of Watch: between the begin and the end of a value there is none
// of its key, and the values of a key begin in order.
func lanesAreInOrder(t *testing.T, journal Journal, n int) {
	t.Helper()
	require.Equal(t, n, journal.Count("begin"))
	last, open := map[int]int{}, map[int]bool{}
	for _, entry := range journal.Entries("") {
		var what string
		var x int
		_, err := fmt.Sscanf(entry, "%s %d", &what, &x)
		require.NoError(t, err)
		switch key := byRest(x); what {
		case "begin":
			require.False(t, open[key], "value %d began while another of its key was under way", x)
			require.GreaterOrEqual(t, x, last[key], "value %d began after a later one", x)
			open[key], last[key] = true, x
		case "end":
			open[key] = false
		}
	}
}

// inOrderByKey checks that the values of a key are in order.
func inOrderByKey(t *testing.T, got []int) {
	t.Helper()
	last := map[int]int{}
	for _, x := range got {
		require.GreaterOrEqual(t, x, last[byRest(x)], "%v", got)
		last[byRest(x)] = x
	}
}

func byKeyInOrder(t *testing.T, api API) {
	for _, size := range []int{0, 1, 3, 20} {
		journal := Keep(t)
		s := api.Watch(pl.Range(40)).With(pl.Workers(4), pl.MaxSize(size), pl.ByKey(byRest))
		got := mustCollect(t, api, s)
		lanesAreInOrder(t, journal, 40)
		inOrderByKey(t, got)
		assert.Len(t, got, 40)
	}
}

func byKeyOperators(t *testing.T, api API) {
	journal := Keep(t)
	got := mustCollect(t, api, api.WatchFlat(pl.Range(20)).With(pl.Workers(3), pl.ByKey(byRest)))
	lanesAreInOrder(t, journal, 20)
	inOrderByKey(t, got)
	assert.Len(t, got, 40)
	for _, op := range api.Obey.operators() {
		journal := Keep(t)
		require.NoError(t, run(t, api, op.on(pl.Range(10), pl.Workers(3), pl.ByKey(byRest))), op.name)
		assert.Equal(t, 10, journal.Count("begin"), op.name)
	}
}

func byKeyOthersPass(t *testing.T, api API) {
	key := func(x int) int { return min(x, Hang) }
	s := api.Obey.Map(pl.From(Hang, Hang+1, Hang+2, 1, 2, 3)).With(pl.Workers(2), pl.ByKey(key))
	assert.ElementsMatch(t, []int{1, 2, 3}, first(t, api, 3, s))
}

func byKeyChain(t *testing.T, api API) {
	for _, size := range []int{0, 2, 30} {
		byKey := []pl.Option{pl.Workers(4), pl.MaxSize(size), pl.ByKey(byRest)}
		journal := Keep(t)
		s := api.Watch(api.Doze(pl.Range(30)).With(byKey...)).With(byKey...)
		got := mustCollect(t, api, api.Same(s).With(pl.MaxSize(size)))
		lanesAreInOrder(t, journal, 30)
		inOrderByKey(t, got)
		assert.Len(t, got, 30)
	}
}

func byKeyOneWorker(t *testing.T, api API) {
	for _, size := range []int{0, 1, 7} {
		few := func(x int) int { return min(x%fewKeys, 1) }
		s := api.Doze(pl.Range(30)).With(pl.MaxSize(size), pl.ByKey(few))
		assert.Equal(t, numbers(30), mustCollect(t, api, s))
	}
}

func byKeyAskedOnce(t *testing.T, api API) {
	var keys, weights atomic.Int64
	key := func(x int) int { keys.Add(1); return byRest(x) }
	weight := func(x int) int64 { weights.Add(1); return int64(byRest(x)) }
	s := api.Flaky(pl.Range(40)).With(pl.Workers(4), pl.MaxSize(3), pl.Retry(100, nil), pl.ByKey(key), pl.MaxWeight(7, weight))
	SameValues(t, numbers(40), mustCollect(t, api, s))
	assert.EqualValues(t, 40, keys.Load())
	assert.EqualValues(t, 40, weights.Load())
}

func byKeyRetry(t *testing.T, api API) {
	journal := Keep(t)
	all := func(int) string { return "the same" }
	wait := func(int) time.Duration { return 2 * api.Tick }
	s := api.Obey.Map(pl.From(FailOnce, 1, 2)).With(pl.Workers(3), pl.Retry(2, wait), pl.ByKey(all))
	assert.Equal(t, []int{FailOnce, 1, 2}, mustCollect(t, api, s))
	begun := fmt.Sprintf("begin %d", FailOnce)
	assert.Equal(t, []string{begun, begun, "begin 1", "begin 2"}, journal.Entries("begin"))
}

func byKeyPanics(t *testing.T, api API) {
	key := func(x int) int {
		if x == 3 {
			panic("three has no key")
		}
		return 0
	}
	journal := Keep(t)
	s := api.Obey.Map(pl.Range(6)).With(pl.Workers(2), pl.Name("keyed"), pl.ByKey(key), pl.Retry(3, nil))
	_, err := collect(t, api, s)
	var e *pl.StageError
	require.ErrorAs(t, err, &e)
	assert.Equal(t, "keyed", e.Stage)
	assert.Equal(t, 3, e.Item)
	var p *pl.PanicError
	require.ErrorAs(t, err, &p)
	assert.Equal(t, "three has no key", p.Value)
	assert.NotContains(t, journal.Entries("begin"), "begin 3")
	assert.Equal(t, []int{0, 1, 2, 4, 5}, mustCollect(t, api, s.With(pl.OnError(pl.Skip))))
}

func byKeyUnhashable(t *testing.T, api API) {
	key := func(x int) any {
		if x == 1 {
			return []int{x}
		}
		return x
	}
	s := api.Same(pl.Range(3)).With(pl.ByKey(key))
	_, err := collect(t, api, s)
	require.ErrorContains(t, err, "value 1")
	require.ErrorContains(t, err, "unhashable")
	assert.Equal(t, []int{0, 2}, mustCollect(t, api, s.With(pl.OnError(pl.Skip))))
}

func byKeyNaN(t *testing.T, api API) {
	var zero float64
	key := func(int) float64 { return zero / zero }
	got := mustCollect(t, api, api.Doze(pl.Range(30)).With(pl.Workers(4), pl.MaxSize(2), pl.ByKey(key)))
	slices.Sort(got)
	assert.Equal(t, numbers(30), got)
}

// The function holds the key's lane: one value is under way and three wait, whatever their key; the
// source waits with one more.
func byKeyMaxSize(t *testing.T, api API) {
	journal := Keep(t)
	var read atomic.Int64
	hanging := tallied(&read, []int{Hang, Hang + 1, Hang + 2, Hang + 3, Hang + 4, Hang + 5, Hang + 6})
	s := api.Obey.Each(hanging).With(pl.Workers(4), pl.MaxSize(3), pl.ByKey(func(int) int { return 0 }))
	api.stuck(t, s, func() {
		assert.Equal(t, 1, journal.Count("begin"))
		assert.EqualValues(t, 1+3+1, read.Load())
	})
}

func byKeyAbandoned(t *testing.T, api API) {
	start := time.Now()
	s := api.Obey.Map(pl.From(Ignore, 1, 2)).With(pl.Timeout(api.Tick), pl.OnError(pl.Skip), pl.ByKey(func(int) int { return 0 }))
	assert.Equal(t, []int{1, 2}, mustCollect(t, api, s))
	assert.Equal(t, 100*api.Tick, time.Since(start), "value 1 began beside the abandoned function of the one before")
}

func byKeyOfAnotherType(t *testing.T, api API) {
	journal := Keep(t)
	_, err := collect(t, api, api.Obey.Map(pl.Range(3)).With(pl.Name("keyed"), pl.ByKey(func(string) int { return 0 })))
	require.ErrorContains(t, err, `"keyed"`)
	require.ErrorContains(t, err, "ByKey: its function takes a value of type string, but the stage's are of type int")
	_, err = collect(t, api, api.Obey.Map(pl.Range(3)).With(pl.ByKey[int, int](nil)))
	require.ErrorContains(t, err, "ByKey: the key function must not be nil")
	assert.Zero(t, journal.Count("begin"))
}

func byKeyEndsEarly(t *testing.T, api API) {
	s := api.Doze(pl.Range(1000)).With(pl.Workers(4), pl.MaxSize(4), pl.ByKey(byRest))
	inOrderByKey(t, first(t, api, 7, s))
	assert.Len(t, mustCollect(t, api, pl.Take[int](3)(s)), 3)
	_, err := collect(t, api, api.Obey.Map(pl.From(1, 2, Fail, 3)).With(pl.Workers(2), pl.ByKey(byRest)))
	isBroken(t, api, err)
}

func byKeyOrdered(t *testing.T, api API) {
	s := pl.Ordered(api.Doze(pl.Range(40)).With(pl.Workers(4), pl.ByKey(byRest))).With(pl.MaxSize(6))
	assert.Equal(t, numbers(40), mustCollect(t, api, s))
	skipping := func(x int) int {
		if x%7 == 0 {
			panic(x)
		}
		return byRest(x)
	}
	s = pl.Ordered(api.Doze(pl.Range(40)).With(pl.Workers(4), pl.ByKey(skipping), pl.OnError(pl.Skip)))
	got := mustCollect(t, api, s)
	assert.Len(t, got, 34)
	assert.True(t, slices.IsSorted(got), "%v", got)
}
