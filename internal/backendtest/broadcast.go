package backendtest

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
)

// Law 6: a shared stage runs once, and each consumer gets every value. pl.Concat and pl.Run make
// consumers of one run.

var broadcastChecks = []check{
	{"DiamondRunsTheSharedStageOnce", nothing, diamond},
	{"SameStageThreeTimes", nothing, sameThrice},
	{"RunOfTwoSharesTheirSource", nothing, runShares},
	{"RunTwiceIsTwoRuns", nothing, diamondTwice},
	{"RunOfOneStageTwice", nothing, runOfSame},
	{"RunOfNone", nothing, runOfNone},
	{"FullBranchHoldsTheOthersUp", here | concurrent, fullBranch},
	{"FailureInOneBranchEndsAll", nothing, branchFails},
	{"BreakEndsAll", nothing, branchBreak},
	{"MergeLosesNothing", nothing, mergeLosesNothing},
	{"MergeOfManyRounds", here, mergeManyRounds},
}

func diamond(t *testing.T, api API) {
	for _, workers := range []int{1, 3} {
		for _, size := range []int{0, 1} {
			journal := Keep(t)
			opts := []pl.Option{pl.Workers(workers), pl.MaxSize(size)}
			s := api.Obey.Map(pl.Range(30)).With(opts...)
			both := pl.Concat(api.Square(s).With(opts...), api.Negate(s).With(opts...))
			want := append(mapped(numbers(30), square), mapped(numbers(30), func(x int) int { return -x })...)
			assert.ElementsMatch(t, want, mustCollect(t, api, both))
			assert.Equal(t, 30, journal.Count("begin"), "the shared function is called once a value")
		}
	}
}

func sameThrice(t *testing.T, api API) {
	journal := Keep(t)
	s := api.Obey.Map(pl.Range(20))
	got := mustCollect(t, api, pl.Concat(pl.Concat(s, s), s))
	assert.ElementsMatch(t, slices.Repeat(numbers(20), 3), got)
	assert.Equal(t, 20, journal.Count("begin"))
}

func runShares(t *testing.T, api API) {
	journal := Keep(t)
	var read atomic.Int64
	source := pl.FromFunc(func(_ context.Context, yield func(int) bool) error {
		read.Add(1)
		for i := range 20 {
			if !yield(i) {
				return nil
			}
		}
		return nil
	})
	require.NoError(t, run(t, api, api.Obey.Map(source), api.Obey.Each(source), api.Same(source)))
	assert.EqualValues(t, 1, read.Load(), "the source is read once")
	assert.Equal(t, 40, journal.Count("begin"))
}

func diamondTwice(t *testing.T, api API) {
	journal := Keep(t)
	s := api.Obey.Map(pl.Range(10))
	both := pl.Concat(api.Square(s), api.Negate(s))
	for n := 1; n <= 2; n++ {
		assert.Len(t, mustCollect(t, api, both), 20)
		assert.Equal(t, 10*n, journal.Count("begin"))
	}
}

func runOfSame(t *testing.T, api API) {
	journal := Keep(t)
	s := api.Obey.Each(pl.Range(10))
	require.NoError(t, run(t, api, s, s))
	assert.Equal(t, 10, journal.Count("begin"))
}

func runOfNone(t *testing.T, api API) { assert.NoError(t, run(t, api)) }

// fullBranch has one branch whose function waits at its first value: the queue of the branch holds
// MaxSize more, the shared stage one in its hand, and the other branch got at most those.
func fullBranch(t *testing.T, api API) {
	const size = 2
	release := make(chan struct{})
	var slow, fast atomic.Int64
	shared := api.Same(pl.Range(50)).With(pl.MaxSize(1))
	waiting := api.Each(func(ctx context.Context, _ int) error {
		slow.Add(1)
		return receive(ctx, api, release)
	}, pl.MaxSize(size))
	other := api.Each(func(context.Context, int) error { fast.Add(1); return nil }, pl.MaxSize(size))
	done := make(chan error)
	go func() { done <- pl.Run(api.base(t), waiting(shared), other(shared)) }()
	api.rest()
	assert.EqualValues(t, 1, slow.Load())
	assert.GreaterOrEqual(t, fast.Load(), int64(1+size))
	assert.LessOrEqual(t, fast.Load(), int64(1+size+1))
	close(release)
	require.NoError(t, <-done)
	assert.EqualValues(t, 50, slow.Load())
	assert.EqualValues(t, 50, fast.Load())
}

func branchFails(t *testing.T, api API) {
	s := api.Same(pl.From(1, 2, Fail, 3)).With(pl.MaxSize(1))
	_, err := collect(t, api, pl.Concat(api.Same(s), api.Obey.Map(s)))
	isBroken(t, api, err)
	isBroken(t, api, run(t, api, api.Drop(s), api.Obey.Each(s), api.Triple(s)))
}

func branchBreak(t *testing.T, api API) {
	s := api.Same(endless()).With(pl.MaxSize(1))
	both := pl.Concat(api.Square(s).With(pl.MaxSize(1)), api.Negate(s).With(pl.MaxSize(2)))
	assert.Len(t, first(t, api, 7, both), 7)
}

// mergeLosesNothing is pypeln's B1: merging two queues lost values.
func mergeLosesNothing(t *testing.T, api API) {
	for range 5 {
		a, b := api.Same(pl.Range(300)), api.AddOne(pl.Range(300)).With(pl.Workers(2))
		want := append(numbers(300), mapped(numbers(300), func(x int) int { return x + 1 })...)
		SameValues(t, want, mustCollect(t, api, pl.Concat(a, b)))
	}
}

func mergeManyRounds(t *testing.T, api API) {
	s := pl.Concat(api.Same(pl.From(1, 2)), api.Same(pl.From(3, 4)))
	for range 1000 {
		got, err := s.Collect(api.base(t))
		require.NoError(t, err)
		require.ElementsMatch(t, []int{1, 2, 3, 4}, got)
	}
}
