package pl_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/internal/backendtest"
	"github.com/gopeln/pl/serial"
	"github.com/gopeln/pl/task"
	"github.com/gopeln/pl/thread"
)

var errSource = errors.New("the source is broken")

// sources makes every kind of source, each of 0 … n-1.
func sources(n int) map[string]func() pl.Stage[int] {
	list := numbers(n)
	return map[string]func() pl.Stage[int]{
		"From":      func() pl.Stage[int] { return pl.From(list...) },
		"FromSlice": func() pl.Stage[int] { return pl.FromSlice(list) },
		"FromSeq":   func() pl.Stage[int] { return pl.FromSeq(slices.Values(list)) },
		"FromSeq2": func() pl.Stage[int] {
			return pl.FromSeq2(func(yield func(int, error) bool) {
				for _, x := range list {
					if !yield(x, nil) {
						return
					}
				}
			})
		},
		"FromChan": func() pl.Stage[int] {
			ch := make(chan int, n)
			for _, x := range list {
				ch <- x
			}
			close(ch)
			return pl.FromChan(ch)
		},
		"FromFunc": func() pl.Stage[int] {
			return pl.FromFunc(func(_ context.Context, yield func(int) bool) error {
				for _, x := range list {
					if !yield(x) {
						return nil
					}
				}
				return nil
			})
		},
		"Range": func() pl.Stage[int] { return pl.Range(n) },
	}
}

// around puts a source alone, and before a stage of each backend.
func around(s pl.Stage[int]) map[string]pl.Stage[int] {
	all := map[string]pl.Stage[int]{"alone": s}
	for _, b := range here() {
		all[b.Name] = b.Map(same, pl.MaxSize(2))(s)
	}
	return all
}

func TestSourcesYieldTheirValuesInOrder(t *testing.T) {
	for _, n := range []int{0, 1, 50} {
		for name, source := range sources(n) {
			t.Run(fmt.Sprint(name, n), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					for place := range around(source()) {
						s := around(source())[place] // a new one, since a channel's values come once
						assert.Equal(t, numbers(n), append([]int{}, values(t, s)...), place)
					}
				})
			})
		}
	}
}

func TestSourcesStopAtABreak(t *testing.T) {
	for name, source := range sources(50) {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				for place := range around(source()) {
					before := backendtest.Hold()
					var got []int
					for x, err := range around(source())[place].All(t.Context()) {
						require.NoError(t, err)
						if got = append(got, x); len(got) == 3 {
							break
						}
					}
					before.Check(t)
					assert.Equal(t, []int{0, 1, 2}, got, place)
				}
			})
		})
	}
}

func TestSourcesStartAgainWithEachRun(t *testing.T) {
	for name, source := range sources(5) {
		if name == "FromChan" {
			continue
		}
		s := source()
		for range 3 {
			assert.Equal(t, numbers(5), values(t, s), name)
		}
	}
}

func TestEmptySources(t *testing.T) {
	assert.Empty(t, values(t, pl.From[int]()))
	assert.Empty(t, values(t, pl.FromSlice[int](nil)))
	assert.Empty(t, values(t, pl.Range(0)))
	assert.Empty(t, values(t, pl.Range(-5)))
}

func TestNilSourcesFailTheRun(t *testing.T) {
	inBubble(t, map[string]func(t *testing.T){
		"FromSeq":  func(t *testing.T) { fails(t, pl.FromSeq[int](nil)) },
		"FromSeq2": func(t *testing.T) { fails(t, pl.FromSeq2[int](nil)) },
		"FromChan": func(t *testing.T) { fails(t, pl.FromChan[int](nil)) },
		"FromFunc": func(t *testing.T) { fails(t, pl.FromFunc[int](nil)) },
	})
}

// fails checks that each use of a bad stage is an error that has the words, and that none panics.
func fails[T any](t *testing.T, s pl.Stage[T], words ...string) {
	t.Helper()
	require.NotPanics(t, func() {
		got, err := collect(t, s)
		require.Error(t, err)
		assert.Empty(t, got)
		for _, word := range words {
			assert.ErrorContains(t, err, word)
		}
		assert.Error(t, s.Run(t.Context()))
		assert.Error(t, pl.Run(t.Context(), s, s))
		assert.Error(t, thread.Map(func(_ context.Context, v T) (T, error) { return v, nil })(s).Run(t.Context()))
		assert.Error(t, pl.Ordered(serial.Filter(func(context.Context, T) (bool, error) { return true, nil })(s)).Run(t.Context()))
		_, _, _ = s.String(), s.Graph().DOT(), s.Graph().Mermaid()
	})
}

func TestFromSeq2FailsAtTheFirstError(t *testing.T) {
	asked := 0
	s := pl.FromSeq2(func(yield func(int, error) bool) {
		for i := range 5 {
			asked++
			err := error(nil)
			if i == 3 {
				err = errSource
			}
			if !yield(i, err) {
				return
			}
		}
	})
	for place, s := range around(s) {
		asked = 0
		got, err := collect(t, s)
		require.ErrorIs(t, err, errSource, place)
		assert.Equal(t, numbers(len(got)), append([]int{}, got...), place)
		assert.LessOrEqual(t, len(got), 3, place)
		assert.Equal(t, 4, asked, "%s: not asked for more after its error", place)
	}
}

func TestSourceErrorAloneComesAfterAllItsValues(t *testing.T) {
	s := pl.FromFunc(func(_ context.Context, yield func(int) bool) error {
		_ = yield(0) && yield(1)
		return errSource
	})
	got, err := collect(t, s)
	assert.Equal(t, []int{0, 1}, got)
	require.ErrorIs(t, err, errSource)
	_, ok := errors.AsType[*pl.StageError](err)
	assert.True(t, ok, "%v", err)
}

func TestSourcePanicAndGoexitAreErrors(t *testing.T) {
	bad := map[string]func(){"panic": func() { panic("dry") }, "Goexit": runtime.Goexit}
	for name, misbehave := range bad {
		from := map[string]pl.Stage[int]{
			"FromSeq": pl.FromSeq(func(yield func(int) bool) { yield(0); misbehave() }),
			"FromSeq2": pl.FromSeq2(func(yield func(int, error) bool) {
				yield(0, nil)
				misbehave()
			}),
			"FromFunc": pl.FromFunc(func(_ context.Context, yield func(int) bool) error {
				yield(0)
				misbehave()
				return nil
			}),
		}
		for kind, s := range from {
			for place, s := range around(s) {
				if name == "Goexit" && place != "thread" {
					continue // in the consumer's own goroutine it ends the consumer
				}
				_, err := collect(t, s)
				require.Error(t, err, "%s %s %s", kind, name, place)
				if name == "panic" {
					panicked, ok := errors.AsType[*pl.PanicError](err)
					require.True(t, ok, "%s %s: %v", kind, place, err)
					assert.Equal(t, "dry", panicked.Value)
				}
			}
		}
	}
}

func TestFromChanDoesNotWaitForItsChannel(t *testing.T) {
	inBubble(t, map[string]func(t *testing.T){
		"cancel": func(t *testing.T) {
			for place, s := range around(pl.FromChan(make(chan int))) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				start := time.Now()
				before := backendtest.Hold()
				assert.ErrorIs(t, s.Run(ctx), context.DeadlineExceeded, place)
				before.Check(t)
				assert.Equal(t, time.Second, time.Since(start), place)
				cancel()
			}
		},
		"break": func(t *testing.T) {
			for _, place := range []string{"alone", "thread", "serial"} {
				ch := make(chan int, 1)
				ch <- 7
				before := backendtest.Hold()
				for x := range around(pl.FromChan(ch))[place].All(t.Context()) {
					assert.Equal(t, 7, x)
					break
				}
				before.Check(t)
			}
		},
		"failure downstream": func(t *testing.T) {
			ch := make(chan int, 1)
			ch <- 7
			fail := func(context.Context, int) (int, error) { return 0, errSource }
			_, err := collect(t, thread.Map(fail)(pl.FromChan(ch)))
			assert.ErrorIs(t, err, errSource)
		},
	})
}

// What the documentation of FromChan says of a run that ends early.
func TestFromChanReceivesWhatThereIsRoomFor(t *testing.T) {
	m := pl.MaxSize
	tests := map[string]struct {
		p    pl.Partial[int, int]
		most int // values received for one that is used
	}{
		"no workers":        {pl.Take[int](100), 1},
		"no operator":       {func(s pl.Stage[int]) pl.Stage[int] { return s }, 1},
		"one stage":         {thread.Map(same, m(1)), 1 + (1 + 1) + 1 + 1},
		"workers":           {thread.Map(same, m(3), pl.Workers(2)), 1 + (3 + 2) + 3 + 1},
		"two stages":        {pl.Compose(thread.Map(same, m(2)), thread.Map(same, m(9))), 1 + (2 + 1) + (9 + 1) + 9 + 1},
		"tasks":             {task.Map(same, m(2)), 1 + (2 + 1) + 2 + 1},
		"without any bound": {thread.Map(same), 100},
	}
	for name, test := range tests {
		synctest.Test(t, func(t *testing.T) {
			var info *pl.RunInfo
			ctx := pl.Observe(t.Context(), func(run *pl.RunInfo) func(error) { info = run; return nil })
			ch := make(chan int, 100)
			for i := range cap(ch) {
				ch <- i
			}
			for range pl.Pipe(pl.FromChan(ch), test.p).All(ctx) {
				synctest.Wait()
				break
			}
			received := cap(ch) - len(ch)
			assert.LessOrEqual(t, received, test.most, name)
			out := int(info.Stats().Stages[0].Out)
			assert.LessOrEqual(t, out, received, name)
			assert.GreaterOrEqual(t, out, received-1, "%s: all but the one that the source had", name)
		})
	}
}

func TestFromChanReceivesNothingOnceTheContextHasEnded(t *testing.T) {
	for range 200 {
		ch := make(chan int, 2)
		ch <- 0
		ch <- 1
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		for range pl.FromChan(ch).All(ctx) {
			cancel()
		}
		require.Len(t, ch, 1)
	}
}

func TestFromChanGivesEachValueToOneRun(t *testing.T) {
	ch := make(chan int, 100)
	for i := range 100 {
		ch <- i
	}
	close(ch)
	s := thread.Map(same, pl.Workers(2))(pl.FromChan(ch))
	a, stopA := iter.Pull2(s.All(t.Context()))
	b, stopB := iter.Pull2(s.All(t.Context()))
	defer stopA()
	defer stopB()
	var got []int
	for _, next := range []func() (int, error, bool){a, b} {
		for x, err, ok := next(); ok; x, err, ok = next() {
			require.NoError(t, err)
			got = append(got, x)
		}
	}
	assert.ElementsMatch(t, numbers(100), got)
}

func TestYieldAfterTheEndIsRefused(t *testing.T) {
	var kept func(int) bool
	var again bool
	s := pl.FromFunc(func(_ context.Context, yield func(int) bool) error {
		kept = yield
		for yield(1) {
		}
		again = yield(2)
		return nil
	})
	for place, s := range around(s) {
		for range s.All(t.Context()) {
			break
		}
		assert.False(t, again, "%s: once refused, always refused", place)
		assert.NotPanics(t, func() { assert.False(t, kept(3), "%s: the run is over", place) })
	}

	s = pl.FromFunc(func(_ context.Context, yield func(int) bool) error { kept = yield; yield(1); return nil })
	for place, s := range around(s) {
		assert.Equal(t, []int{1}, values(t, s), place)
		assert.NotPanics(t, func() { assert.False(t, kept(3), place) })
	}
}

func TestSourceContextEndsWithTheRun(t *testing.T) {
	type key struct{}
	inBubble(t, map[string]func(t *testing.T){"": func(t *testing.T) {
		var cause error
		var value any
		s := pl.FromFunc(func(ctx context.Context, yield func(int) bool) error {
			value = ctx.Value(key{})
			yield(1)
			<-ctx.Done()
			cause = context.Cause(ctx)
			return ctx.Err()
		})
		ctx := context.WithValue(t.Context(), key{}, "kept")
		for _, err := range thread.Map(same)(s).All(ctx) {
			require.NoError(t, err)
			break
		}
		assert.Error(t, cause)
		assert.Equal(t, "kept", value)
	}})
}

// A concurrent stage has its source read ahead, in another goroutine; a serial one has not.
func TestSourceRunsBesideAConcurrentStage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		yielded := 0
		s := pl.FromFunc(func(_ context.Context, yield func(int) bool) error {
			for yielded < 100 && yield(yielded) {
				yielded++
			}
			return nil
		})
		ahead := func(s pl.Stage[int]) int {
			yielded = 0
			for range s.All(t.Context()) {
				synctest.Wait()
				return yielded
			}
			return -1
		}
		assert.Equal(t, 100, ahead(thread.Map(same)(s)))
		assert.Equal(t, 0, ahead(serial.Map(same)(s)), "the first value is still in yield")
		assert.Equal(t, 0, ahead(s))
	})
}
