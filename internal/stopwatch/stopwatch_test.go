package stopwatch

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var errOver = errors.New("over")

// start makes a watch in a bubble, which fails the test for a goroutine that is left.
func start(t *testing.T, s Settings, f func(t *testing.T, w *Watch)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		if s.Context == nil {
			s.Context = t.Context()
		}
		s.Cause = errOver
		w := New(s)
		defer w.Stop()
		f(t, w)
	})
}

// sleep waits like a function that heeds its context.
func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func TestACallThatIsLateFailsAndTheNextDoesNot(t *testing.T) {
	start(t, Settings{Timeout: time.Second}, func(t *testing.T, w *Watch) {
		for range 100 { // again and again on the same worker
			for _, takes := range []time.Duration{0, 400 * time.Millisecond, 999 * time.Millisecond, time.Hour} {
				began := time.Now()
				err := sleep(w.Enter(), takes)
				late := takes > time.Second
				if err = w.Leave(err); late {
					require.ErrorIs(t, err, errOver)
				} else {
					require.NoError(t, err)
				}
				require.Equal(t, min(takes, time.Second), time.Since(began))
			}
		}
	})
}

func TestTheTimerOfAnEarlierCallDoesNotEndALaterOne(t *testing.T) {
	start(t, Settings{Timeout: time.Second}, func(t *testing.T, w *Watch) {
		for range 100 { // the timer fires in the middle of a call, at all distances from its beginning
			ctx := w.Enter()
			time.Sleep(370 * time.Millisecond) // without asking for Done
			require.NoError(t, ctx.Err())
			require.NoError(t, w.Leave(nil))
		}
		time.Sleep(time.Hour) // it fires between two calls
		ctx := w.Enter()
		began := time.Now()
		<-ctx.Done()
		require.Equal(t, time.Second, time.Since(began))
		require.ErrorIs(t, w.Leave(nil), errOver)
	})
}

func TestAnEndedCallsContextSaysWhy(t *testing.T) {
	type want struct{ err, cause error }
	boom := errors.New("boom")
	for _, asked := range []bool{true, false} {
		for name, end := range map[string]struct {
			end  func(w *Watch, cancel context.CancelCauseFunc)
			want want
		}{
			"returned": {func(*Watch, context.CancelCauseFunc) {}, want{context.Canceled, context.Canceled}},
			"late":     {func(*Watch, context.CancelCauseFunc) { time.Sleep(2 * time.Second) }, want{context.DeadlineExceeded, errOver}},
			"parent":   {func(_ *Watch, cancel context.CancelCauseFunc) { cancel(boom) }, want{context.Canceled, boom}},
			"late, then parent": {func(_ *Watch, cancel context.CancelCauseFunc) {
				time.Sleep(2 * time.Second)
				cancel(boom)
			}, want{context.DeadlineExceeded, errOver}},
		} {
			t.Run(fmt.Sprintf("%s, asked before: %t", name, asked), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					parent, cancel := context.WithCancelCause(t.Context())
					defer cancel(nil)
					w := New(Settings{Context: parent, Timeout: time.Second, Cause: errOver})
					defer w.Stop()
					ctx := w.Enter()
					if asked {
						require.NotNil(t, ctx.Done())
					}
					require.NoError(t, ctx.Err())
					require.NoError(t, context.Cause(ctx))
					end.end(w, cancel)
					check := func() {
						require.Equal(t, end.want.err, ctx.Err())
						require.Equal(t, end.want.cause, context.Cause(ctx))
						<-ctx.Done()
					}
					if name != "returned" {
						check()
					}
					_ = w.Leave(nil)
					check()
					next := w.Enter()
					check()
					cancel(nil)
					check()
					require.ErrorIs(t, next.Err(), context.Canceled)
					_ = w.Leave(nil)
				})
			})
		}
	}
}

func TestDerivedContextsEndWithTheCall(t *testing.T) {
	for name, wait := range map[string]time.Duration{"in time": 0, "late": time.Hour} {
		t.Run(name, func(t *testing.T) {
			start(t, Settings{Timeout: time.Second}, func(t *testing.T, w *Watch) {
				ctx := w.Enter()
				child, cancel := context.WithCancel(ctx)
				defer cancel()
				value := context.WithValue(child, someKey{}, 1)
				called := false
				context.AfterFunc(value, func() { called = true })
				before := time.Now()
				_ = sleep(value, wait)
				require.Equal(t, min(wait, time.Second), time.Since(before))
				_ = w.Leave(nil)
				synctest.Wait()
				require.True(t, called)
				require.Error(t, value.Err())
				if wait > 0 {
					require.Equal(t, errOver, context.Cause(value))
				}
			})
		})
	}
}

func TestDerivedContextsNeedNoGoroutine(t *testing.T) {
	start(t, Settings{Timeout: time.Second}, func(t *testing.T, w *Watch) {
		ctx := w.Enter()
		_, cancel := context.WithCancel(ctx)
		defer cancel()
		stack := make([]byte, 1<<16)
		require.NotContains(t, string(stack[:runtime.Stack(stack, true)]), "propagateCancel")
		require.NoError(t, w.Leave(nil))
	})
}

func TestTheContextHasTheParentsValuesAndTheSoonerDeadline(t *testing.T) {
	type key struct{}
	for _, moves := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			parent, cancel := context.WithTimeout(context.WithValue(t.Context(), key{}, "v"), 1500*time.Millisecond)
			defer cancel()
			limit, _ := parent.Deadline()
			w := New(Settings{Context: parent, Timeout: time.Second, Cause: errOver, Moves: moves})
			defer w.Stop()
			for range 2 { // after the first call, the parent's deadline is the sooner
				ctx := w.Enter()
				want := min(time.Second, time.Until(limit))
				if moves {
					want = time.Until(limit)
				}
				at, ok := ctx.Deadline()
				require.True(t, ok)
				require.Equal(t, want, time.Until(at))
				require.Equal(t, "v", ctx.Value(key{}))
				time.Sleep(900 * time.Millisecond)
				_ = w.Leave(nil)
			}
		})
	}
	start(t, Settings{Timeout: time.Second, Moves: true}, func(t *testing.T, w *Watch) {
		_, ok := w.Enter().Deadline()
		require.False(t, ok, "it may move, and the parent has none")
		require.NoError(t, w.Leave(nil))
	})
}

func TestAPauseDoesNotCount(t *testing.T) {
	start(t, Settings{Timeout: time.Second, Moves: true}, func(t *testing.T, w *Watch) {
		for range 10 {
			ctx, began := w.Enter(), time.Now()
			for range 3 {
				time.Sleep(300 * time.Millisecond)
				require.True(t, w.Pause())
				time.Sleep(time.Hour)
				w.Resume()
			}
			require.NoError(t, ctx.Err())
			<-ctx.Done()
			require.Equal(t, 3*time.Hour+time.Second, time.Since(began))
			require.False(t, w.Pause(), "the time is over")
			require.ErrorIs(t, w.Leave(nil), errOver)

			w.Enter()
			require.True(t, w.Pause())
			time.Sleep(time.Hour)
			require.NoError(t, w.Leave(nil), "left while paused")
		}
	})
}

func TestAFunctionThatIgnoresItsContextIsReplacedOnce(t *testing.T) {
	replaced := 0
	start(t, Settings{Timeout: time.Second, Replace: func() { replaced++ }}, func(t *testing.T, w *Watch) {
		ctx := w.Enter()
		time.Sleep(time.Minute)
		require.True(t, w.Abandoned())
		require.Equal(t, 1, replaced)
		require.Equal(t, context.DeadlineExceeded, ctx.Err())
		require.False(t, w.Pause(), "what it hands on is dropped")
		require.Equal(t, ErrAbandoned, w.Leave(nil))
	})
	require.Equal(t, 1, replaced)
}

func TestAFunctionThatHeedsItsContextIsNotReplaced(t *testing.T) {
	s := Settings{Timeout: time.Second, Replace: func() { assert.Fail(t, "replaced") }}
	start(t, s, func(t *testing.T, w *Watch) {
		for range 10 {
			require.ErrorIs(t, w.Leave(sleep(w.Enter(), time.Hour)), errOver)
			require.False(t, w.Abandoned())
		}
	})
}

func TestAWatchLeavesNoTimer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for range 100 {
			w := New(Settings{Context: t.Context(), Timeout: time.Nanosecond, Cause: errOver})
			w.Enter()
			_ = w.Leave(nil)
			w.Stop() // the timer may be firing
			require.False(t, w.armed)
		}
	})
}

func TestATimeoutWithoutAnEnd(t *testing.T) {
	start(t, Settings{Timeout: math.MaxInt64}, func(t *testing.T, w *Watch) {
		for range 3 {
			ctx := w.Enter()
			time.Sleep(time.Hour)
			require.NoError(t, ctx.Err())
			require.NoError(t, w.Leave(nil))
		}
	})
}

// A context outlives its call, and other goroutines ask it at any time.
func TestContextsMayBeAskedByAnyGoroutine(t *testing.T) {
	w := New(Settings{Context: t.Context(), Timeout: 100 * time.Microsecond, Cause: errOver})
	defer w.Stop()
	ended := make(chan struct{}, 1000)
	for range cap(ended) {
		ctx := w.Enter()
		go func() {
			_, _, _ = ctx.Err(), context.Cause(ctx), ctx.Value(1)
			child, cancel := context.WithCancel(ctx)
			defer cancel()
			<-child.Done()
			assert.Error(t, ctx.Err())
			ended <- struct{}{}
		}()
		runtime.Gosched()
		_ = w.Leave(nil)
	}
	for range cap(ended) {
		<-ended
	}
}

func BenchmarkCall(b *testing.B) {
	parent, cancel := context.WithCancel(b.Context())
	defer cancel()
	w := New(Settings{Context: parent, Timeout: time.Minute, Cause: errOver})
	defer w.Stop()
	b.Run("unasked", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			w.Enter()
			_ = w.Leave(nil)
		}
	})
	b.Run("Done", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_ = w.Enter().Done()
			_ = w.Leave(nil)
		}
	})
}

type someKey struct{}
