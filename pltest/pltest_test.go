package pltest_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/pltest"
	"github.com/gopeln/pl/serial"
	"github.com/gopeln/pl/thread"
)

// recorder is a test whose failures are kept, and whose cleanup is run by end.
type recorder struct {
	testing.TB
	failures []string
	cleanups []func()
}

func (r *recorder) Helper()          {}
func (r *recorder) Cleanup(f func()) { r.cleanups = append(r.cleanups, f) }
func (r *recorder) Errorf(format string, args ...any) {
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}
func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}

func (r *recorder) end() []string {
	for _, f := range slices.Backward(r.cleanups) {
		f()
	}
	return r.failures
}

func TestLeakCheckFindsWhatIsLeft(t *testing.T) {
	stop := make(chan struct{})
	defer close(stop)
	for name, leave := range map[string]func(t *testing.T){
		"goroutine":                func(*testing.T) { go func() { <-stop }() },
		"goroutine without an end": func(*testing.T) { go func() { select {} }() },
		"descriptor": func(t *testing.T) {
			needsProc(t)
			f, err := os.Open(os.DevNull)
			require.NoError(t, err)
			t.Cleanup(func() { f.Close() })
		},
		"child": func(t *testing.T) {
			needsProc(t)
			program := exec.Command("sleep", "60")
			require.NoError(t, program.Start())
			t.Cleanup(func() {
				require.NoError(t, program.Process.Kill())
				require.Error(t, program.Wait())
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := &recorder{TB: t}
			pltest.LeakCheck(r)
			require.Empty(t, r.failures)
			leave(t)
			require.NotEmpty(t, r.end())
			require.Contains(t, r.failures[0], "left behind by the run: "+strings.Fields(name)[0])
		})
	}
}

func needsProc(t *testing.T) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("only Linux lists them")
	}
}

func TestLeakCheckIgnoresWhatWasThere(t *testing.T) {
	stop := make(chan struct{})
	defer close(stop)
	go func() { <-stop }()
	f, err := os.Open(os.DevNull)
	require.NoError(t, err)
	defer f.Close()
	r := &recorder{TB: t}
	pltest.LeakCheck(r)
	require.NoError(t, thread.Map(pl.Lift(func(i int) int { return i }), pl.Workers(8))(pl.Range(1000)).Run(t.Context()))
	go time.Sleep(20 * time.Millisecond) // it is about to end
	require.Empty(t, r.end())
}

func TestLeakCheckWorksInABubble(t *testing.T) {
	stop := make(chan struct{})
	defer close(stop)
	go func() { <-stop }() // not of the bubble
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{TB: t}
		pltest.LeakCheck(r)
		require.Empty(t, r.end())
		inside := make(chan struct{})
		go func() { <-inside }()
		require.NotEmpty(t, r.end())
		close(inside)
	})
}

func TestCollectReturnsWhatComesOut(t *testing.T) {
	pltest.LeakCheck(t)
	require.Equal(t, []int{2, 4}, pltest.Collect(t, serial.Map(pl.Lift(func(i int) int { return 2 * i })), 1, 2))
	require.Empty(t, pltest.Collect(t, serial.Map(pl.Lift(func(i int) int { return i }))))
}

func TestCollectFailsTheTestOnAnError(t *testing.T) {
	for _, p := range []pl.Partial[int, int]{pltest.Fail[int](errors.New("bad"), 1), nil} {
		r := &recorder{TB: t}
		returned := false
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			pltest.Collect(r, p, 1, 2)
			returned = true
		}()
		<-ended
		require.False(t, returned)
		require.Len(t, r.failures, 1)
		require.Contains(t, r.failures[0], "the run of 2 values failed after")
	}
}

var errBad = errors.New("bad")

func TestFaultsHitTheValuesOfTheirNumbers(t *testing.T) {
	for name, p := range map[string]pl.Partial[string, string]{
		"Fail":  pltest.Fail[string](errBad, 1, 3, 99),
		"Panic": pltest.Panic[string](errBad, 3, 1, 1),
	} {
		var lost []any
		stage := p(pl.From("a", "b", "c", "d", "e")).With(pl.OnError(func(_ context.Context, e *pl.StageError) error {
			require.ErrorIs(t, e, errBad)
			require.Equal(t, "pltest."+name, e.Stage)
			lost = append(lost, e.Item)
			return nil
		}))
		for range 2 { // numbers begin anew in each run
			lost = nil
			got, err := stage.Collect(t.Context())
			require.NoError(t, err)
			require.Equal(t, []string{"a", "c", "e"}, got)
			require.Equal(t, []any{"b", "d"}, lost)
		}
		_, err := p(pl.From("a", "b")).Collect(t.Context())
		require.ErrorIs(t, err, errBad)
	}
}

func TestAFaultHitsEachAttempt(t *testing.T) {
	var asked []int
	stage := pltest.Fail[int](errBad, 1, 2)(pl.Range(5)).With(pl.OnError(pl.Skip), pl.Retry(3, func(attempt int) time.Duration {
		asked = append(asked, attempt)
		return 0
	}))
	got, err := stage.Collect(t.Context())
	require.NoError(t, err)
	require.Equal(t, []int{0, 3, 4}, got)
	require.Equal(t, []int{2, 3, 2, 3}, asked)
}

func TestCopiesOfAFaultInOneRunCountForThemselves(t *testing.T) {
	fail := pltest.Fail[int](errBad, 2)(pl.Range(4))
	one, two := fail.With(pl.OnError(pl.Skip)), fail.With(pl.OnError(pl.Skip), pl.Retry(2, nil))
	got, err := pl.Concat(one, two).Collect(t.Context())
	require.NoError(t, err)
	require.ElementsMatch(t, []int{0, 0, 1, 1, 3, 3}, got)
}

func TestAFaultWithoutNumbersHitsNothing(t *testing.T) {
	p := pl.Compose3(pltest.Fail[int](errBad), pltest.Panic[int](nil), pltest.Delay[int](time.Hour))
	require.Equal(t, []int{1, 2}, pltest.Collect(t, p, 1, 2))
}

func TestBadFaultsFailTheRun(t *testing.T) {
	require.ErrorContains(t, pltest.Fail[int](nil, 1)(pl.Range(9)).Run(t.Context()), `"pltest.Fail": the error is nil`)
	require.ErrorContains(t, pltest.Panic[int](1, -1)(pl.Range(9)).Run(t.Context()), "the number -1: must be at least 0")
	require.ErrorContains(t, pltest.Panic[int](nil, 0)(pl.Range(9)).Run(t.Context()), "panic")
}

func TestADelayHoldsItsValuesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		got := pltest.Collect(t, pltest.Delay[int](time.Minute, 0, 2), 1, 2, 3)
		require.Equal(t, []int{1, 2, 3}, got)
		require.Equal(t, 2*time.Minute, time.Since(start))
	})
}

func TestADelayEndsWithTheRunAndWithTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		delay := pltest.Delay[int](time.Hour, 1)(pl.Range(3))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		got, err := delay.Collect(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, []int{0}, got)
		got, err = delay.With(pl.Timeout(time.Second), pl.OnError(pl.Skip)).Collect(t.Context())
		require.NoError(t, err)
		require.Equal(t, []int{0, 2}, got)
		require.Equal(t, 2*time.Second, time.Since(start))
	})
}

func TestFaultsKeepTheOrder(t *testing.T) {
	p := pl.Compose4(thread.Map(pl.Lift(func(i int) int { return i }), pl.Workers(4)),
		pltest.Fail[int](errBad, 10), thread.Filter(pl.Lift(func(int) bool { return true }), pl.Workers(4)), pl.Ordered[int])
	err := p(pl.Range(1000)).Run(t.Context())
	require.ErrorIs(t, err, errBad)
	skipping := pl.Ordered(pltest.Fail[int](errBad, 10)(thread.Map(pl.Lift(func(i int) int { return i }), pl.Workers(4))(pl.Range(1000))).With(pl.OnError(pl.Skip)))
	got, err := skipping.Collect(t.Context())
	require.NoError(t, err)
	require.Len(t, got, 999)
	require.True(t, slices.IsSorted(got))
}
