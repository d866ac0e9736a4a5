package pl_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/serial"
	"github.com/gopeln/pl/thread"
)

// The conformance suite looks at Ordered behind each backend; here it meets everything else.

// shuffle hands values on in another order than they came in.
func shuffle(s pl.Stage[int]) pl.Stage[int] {
	return thread.Map(func(_ context.Context, x int) (int, error) {
		time.Sleep(rand.N(time.Second))
		return x, nil
	}, pl.Workers(5))(s)
}

func TestOrderedMeetsOtherOperators(t *testing.T) {
	ordered := map[string]pl.Partial[int, int]{
		"Ordered": pl.Ordered[int], "of 1": pl.OrderedWindow[int](1), "of 2": pl.OrderedWindow[int](2),
		"of 7": pl.OrderedWindow[int](7), "of 1000": pl.OrderedWindow[int](1000),
	}
	for name, ordered := range ordered {
		tests := map[string]func(t *testing.T){
			"a bare source":  func(t *testing.T) { assert.Equal(t, numbers(20), values(t, ordered(pl.Range(20)))) },
			"a serial stage": func(t *testing.T) { assert.Equal(t, numbers(20), values(t, ordered(serial.Map(same)(pl.Range(20))))) },
			"another Ordered": func(t *testing.T) {
				assert.Equal(t, numbers(30), values(t, ordered(shuffle(ordered(shuffle(pl.Range(30)))))))
			},
			"itself": func(t *testing.T) {
				assert.Equal(t, numbers(30), values(t, ordered(ordered(shuffle(pl.Range(30))))))
			},
			"a serial stage after it": func(t *testing.T) {
				assert.Equal(t, numbers(30), values(t, serial.Map(same)(ordered(shuffle(pl.Range(30))))))
			},
			"Take before it": func(t *testing.T) {
				got := values(t, ordered(pl.Take[int](5)(shuffle(pl.Range(30)))))
				assert.Len(t, got, 5)
				assert.True(t, slices.IsSorted(got), "%v", got)
			},
			"Take between": func(t *testing.T) {
				s := thread.Filter(func(_ context.Context, x int) (bool, error) { return x%2 == 1, nil }, pl.Workers(3))(pl.Range(90))
				got := values(t, ordered(shuffle(pl.Take[int](9)(shuffle(s)))))
				assert.Len(t, got, 9)
				assert.True(t, slices.IsSorted(got), "%v", got)
			},
			"Take after it": func(t *testing.T) {
				assert.Equal(t, numbers(5), values(t, pl.Take[int](5)(ordered(shuffle(pl.Range(200))))))
			},
			"Batch after it": func(t *testing.T) {
				got := values(t, pl.Flatten(pl.Batch[int](4, 0)(ordered(shuffle(pl.Range(30))))))
				assert.Equal(t, numbers(30), got)
			},
			"FlatMap in FlatMap": func(t *testing.T) {
				s := pl.Range(6)
				for range 3 {
					s = shuffle(thread.FlatMap(twice, pl.Workers(3), pl.MaxSize(1))(s))
				}
				assert.Equal(t, doubled(doubled(doubled(numbers(6)))), values(t, ordered(s)))
			},
			"FlatMap without children": func(t *testing.T) {
				none := func(_ context.Context, x int, yield func(int) bool) error {
					if x%3 == 0 {
						yield(x)
					}
					return nil
				}
				s := thread.FlatMap(none, pl.Workers(3))(shuffle(thread.FlatMap(twice, pl.Workers(2))(pl.Range(5))))
				assert.Equal(t, []int{0, 3, 6, 9}, values(t, ordered(s)))
			},
			"failures dropped in FlatMap": func(t *testing.T) {
				f := func(_ context.Context, x int, yield func(int) bool) error {
					if yield(10 * x); x%2 == 0 {
						return errSource
					}
					yield(10*x + 1)
					return nil
				}
				s := shuffle(thread.FlatMap(f, pl.Workers(3), pl.OnError(pl.Skip))(shuffle(pl.Range(6))))
				assert.Equal(t, []int{0, 10, 11, 20, 30, 31, 40, 50, 51}, values(t, ordered(s)))
			},
			"a failing stage": func(t *testing.T) {
				fail := func(_ context.Context, x int) (int, error) {
					if x == 7 {
						return 0, errSource
					}
					return x, nil
				}
				got, err := collect(t, ordered(thread.Map(fail, pl.Workers(3))(shuffle(pl.Range(30)))))
				assert.ErrorIs(t, err, errSource)
				assert.Equal(t, numbers(7)[:min(7, len(got))], append([]int{}, got...))
			},
			"two consumers": func(t *testing.T) {
				s := ordered(shuffle(pl.FromSlice(numbers(21)[1:])))
				got := values(t, pl.Concat(s, thread.Map(negated)(s)))
				assert.Len(t, got, 40)
				up := slices.DeleteFunc(slices.Clone(got), func(x int) bool { return x < 0 })
				assert.Len(t, slices.Compact(up), 20)
			},
			"ordered and unordered consumer": func(t *testing.T) {
				s := shuffle(pl.FromSlice(numbers(21)[1:]))
				got := values(t, pl.Concat(ordered(s), thread.Map(negated)(s)))
				up := slices.DeleteFunc(slices.Clone(got), func(x int) bool { return x < 0 })
				assert.True(t, slices.IsSorted(up), "%v", up)
				assert.Len(t, got, 40)
			},
		}
		t.Run(name, func(t *testing.T) { inBubble(t, tests) })
	}
}

func twice(_ context.Context, x int, yield func(int) bool) error {
	_ = yield(2*x) && yield(2*x+1)
	return nil
}

func doubled(list []int) []int {
	var out []int
	for _, x := range list {
		out = append(out, 2*x, 2*x+1)
	}
	return out
}

// After Concat the order is that of arrival at Concat.
func TestOrderedAfterConcatIsTheOrderOfArrival(t *testing.T) {
	for _, ordered := range []pl.Partial[int, int]{pl.Ordered[int], pl.OrderedWindow[int](3)} {
		synctest.Test(t, func(t *testing.T) {
			s := pl.Concat(every(2*time.Second, 0, 4), every(3*time.Second, 10, 2))
			slow := thread.Map(func(_ context.Context, x int) (int, error) {
				time.Sleep(time.Duration(20-x) * 10 * time.Millisecond) // the later, the faster
				return x, nil
			}, pl.Workers(8))
			got := values(t, ordered(slow(s)))
			assert.Equal(t, []int{0, 10, 1}, got[:3])
			assert.ElementsMatch(t, []int{2, 11}, got[3:5], "both at 6 s")
			assert.Equal(t, 3, got[5])
		})
	}
}

// Sources that never wait are merged one after the other, which is their order of arrival too.
func TestOrderedAfterConcatOfPromptSources(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := pl.Concat(pl.Range(20), serial.Filter(odd)(pl.Range(20)), pl.From(7))
		want := append(numbers(20), 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 7)
		for _, window := range []int{0, 1, 3} {
			assert.Equal(t, want, values(t, pl.OrderedWindow[int](window)(shuffle(s))), "window of %d", window)
			assert.Equal(t, want, values(t, pl.OrderedWindow[int](window)(s)), "window of %d", window)
		}
	})
}

// The window counts source values, whatever became of them on the way: at no moment are more than n
// under way.
func TestOrderedWindowIsNeverExceeded(t *testing.T) {
	for _, n := range []int{1, 2, 3, 8} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var underWay, peak atomic.Int64
				source := pl.FromFunc(func(_ context.Context, yield func(int) bool) error {
					for i := range 60 {
						if !yield(i) {
							return nil
						}
						peak.Store(max(peak.Load(), underWay.Add(1)))
					}
					return nil
				})
				some := func(_ context.Context, x int, yield func(int) bool) error {
					for i := range x % 3 {
						yield(10*x + i)
					}
					return nil
				}
				s := pl.OrderedWindow[int](n)(thread.FlatMap(some, pl.Workers(3))(shuffle(source)))
				last, seen := -1, 0
				for x, err := range s.All(t.Context()) {
					require.NoError(t, err)
					require.Greater(t, x, last)
					for ; seen <= x/10; seen++ {
						underWay.Add(-1) // this source value and the childless ones before it are out
					}
					last = x
				}
				assert.LessOrEqual(t, peak.Load(), int64(n+1), "one more may have left the source's hand as the last came out")
				assert.Equal(t, 591, last)
			})
		})
	}
}

func TestOrderedRefusesBadOptions(t *testing.T) {
	inBubble(t, map[string]func(t *testing.T){
		"window of 0":  func(t *testing.T) { fails(t, pl.OrderedWindow[int](-1)(pl.Range(3)), "-1") },
		"MaxSize(-1)":  func(t *testing.T) { fails(t, pl.Ordered(pl.Range(3)).With(pl.MaxSize(-1)), "MaxSize(-1)") },
		"Timeout":      func(t *testing.T) { fails(t, pl.Ordered(pl.Range(3)).With(pl.Timeout(time.Second)), "Timeout") },
		"a zero stage": func(t *testing.T) { fails(t, pl.Ordered(pl.Stage[int]{})) },
	})
}

func TestOrderedWindowIsOrderedWithMaxSize(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, s := range []pl.Stage[int]{
			pl.Ordered(shuffle(pl.Range(40))).With(pl.MaxSize(2)), pl.OrderedWindow[int](2)(shuffle(pl.Range(40))),
		} {
			start := time.Now()
			assert.Equal(t, numbers(40), values(t, s))
			assert.Greater(t, time.Since(start), 8*time.Second, "2 at a time, of 5 workers that take half a second each")
		}
	})
}

func TestEnumerate(t *testing.T) {
	want := []pl.Indexed[string]{{Index: 0, Value: "a"}, {Index: 1, Value: "b"}}
	assert.Equal(t, want, values(t, pl.Enumerate(pl.From("a", "b"))))
	assert.Empty(t, values(t, pl.Enumerate(pl.From[string]())))
	synctest.Test(t, func(t *testing.T) {
		s := pl.Enumerate(pl.Ordered(shuffle(pl.Range(20))))
		for i, x := range values(t, s) {
			assert.Equal(t, pl.Indexed[int]{Index: i, Value: i}, x)
		}
		for i, x := range values(t, pl.Enumerate(shuffle(pl.Range(20)))) {
			assert.Equal(t, i, x.Index, "counted as they arrive")
		}
		fails(t, pl.Enumerate(pl.Stage[int]{}))
	})
}
