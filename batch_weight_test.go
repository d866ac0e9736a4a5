package pl_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/thread"
)

func heavy(x int) int64 { return int64(x) }

func TestBatchWeightClosesBeforeTheValueThatWouldExceed(t *testing.T) {
	for name, c := range map[string]struct {
		n    int
		most int64
		in   []int
		want [][]int
	}{
		"by weight":                   {9, 10, []int{4, 4, 4, 6, 1}, [][]int{{4, 4}, {4, 6}, {1}}},
		"exactly":                     {9, 10, []int{5, 5, 5, 5}, [][]int{{5, 5}, {5, 5}}},
		"a heavy one alone":           {9, 10, []int{1, 99, 1, 99, 99}, [][]int{{1}, {99}, {1}, {99}, {99}}},
		"by number":                   {2, 10, []int{1, 1, 1, 1, 1}, [][]int{{1, 1}, {1, 1}, {1}}},
		"without weight":              {3, 1, []int{0, 0, 0, 0}, [][]int{{0, 0, 0}, {0}}},
		"nothing joins one too heavy": {9, 10, []int{11, 0, 0}, [][]int{{11}, {0, 0}}},
		"empty":                       {3, 10, nil, nil},
	} {
		for _, wait := range []time.Duration{0, time.Hour} {
			synctest.Test(t, func(t *testing.T) {
				s := pl.BatchWeight(c.n, c.most, heavy, wait)(pl.From(c.in...))
				for range 2 {
					assert.Equal(t, c.want, values(t, s), "%s, wait %v", name, wait)
				}
				assert.Equal(t, c.want, values(t, pl.BatchWeight(c.n, c.most, heavy, wait)(thread.Map(same)(pl.From(c.in...)))), name)
			})
		}
	}
}

func TestBatchWeightWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var at []time.Duration
		var got [][]int
		s := pl.BatchWeight(10, 100, func(int) int64 { return 1 }, 5*time.Second/2)(every(time.Second, 0, 7))
		for batch, err := range s.All(t.Context()) {
			require.NoError(t, err)
			got = append(got, batch)
			at = append(at, time.Since(start))
		}
		assert.Equal(t, [][]int{{0, 1, 2}, {3, 4, 5}, {6}}, got)
		assert.Equal(t, []time.Duration{3500 * time.Millisecond, 6500 * time.Millisecond, 7 * time.Second}, at)
	})
}

// The value that did not fit came at that moment, and its batch waits from there.
func TestTheClockOfABatchStartsWithTheValueThatDidNotFit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		s := pl.BatchWeight(10, 2, func(int) int64 { return 2 }, 10*time.Second)(every(time.Second, 0, 2))
		var at []time.Duration
		for _, err := range s.All(t.Context()) {
			require.NoError(t, err)
			at = append(at, time.Since(start))
		}
		assert.Equal(t, []time.Duration{2 * time.Second, 2 * time.Second}, at)
	})
}

func TestBatchWeightOfBadInputIsAnError(t *testing.T) {
	for text, p := range map[string]pl.Partial[int, []int]{
		"the size must be at least 1":              pl.BatchWeight(0, 1, heavy, 0),
		"the weight of a slice must be at least 1": pl.BatchWeight(1, 0, heavy, 0),
		"the function is nil":                      pl.BatchWeight[int](1, 1, nil, 0),
		"the wait must be at least 0":              pl.BatchWeight(1, 1, heavy, -1),
		"the weight is -3; it must be at least 0":  pl.BatchWeight(1, 1, func(int) int64 { return -3 }, 0),
		"value 0: panic: no scales":                pl.BatchWeight(1, 1, func(int) int64 { panic("no scales") }, time.Second),
	} {
		_, err := collect(t, p(pl.Range(3)))
		require.ErrorContains(t, err, text)
		require.ErrorContains(t, err, "BatchWeight")
	}
}
