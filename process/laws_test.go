//go:build unix

package process_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/process"
	"github.com/gopeln/pl/thread"
)

// tally counts calls over all processes, in a file that TALLY names.
func tally() int {
	f, err := os.OpenFile(os.Getenv("TALLY"), os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		panic(err)
	}
	defer f.Close()
	f.Write([]byte{'.'})
	info, _ := f.Stat()
	return int(info.Size())
}

func tallied(path string) int {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return int(info.Size())
}

var (
	counted = process.Map(func(_ context.Context, n int) (int, error) {
		tally()
		return n, nil
	})
	countedMany = process.FlatMap(func(_ context.Context, n int, yield func(int) bool) error {
		tally()
		yield(n)
		return nil
	})
	countedKept = process.Filter(func(_ context.Context, n int) (bool, error) {
		tally()
		return true, nil
	})
)

func TestMaxSizeIsExact(t *testing.T) {
	stages := map[string]pl.Partial[int, int]{"Map": counted, "FlatMap": countedMany, "Filter": countedKept}
	for name, stage := range stages {
		for _, c := range []struct{ workers, maxSize int }{{1, 3}, {2, 4}, {1, 1}, {3, 50}} {
			path := filepath.Join(t.TempDir(), "tally")
			var read atomic.Int64
			source := pl.FromFunc(func(_ context.Context, yield func(int) bool) error {
				for i := 0; yield(i); i++ {
					read.Add(1)
				}
				return nil
			})
			taken := 0
			run := stage(source).With(pl.Workers(c.workers), pl.MaxSize(c.maxSize), process.Env("TALLY="+path))
			for _, err := range run.All(t.Context()) {
				require.NoError(t, err)
				taken++
				want := taken + c.maxSize + c.workers
				require.Eventually(t, func() bool { return tallied(path) >= want }, 5*time.Second, time.Millisecond)
				time.Sleep(20 * time.Millisecond)
				require.Equal(t, want, tallied(path), "%s %v after %d", name, c, taken)
				require.Equal(t, want+c.maxSize, int(read.Load()), "%s %v: values out of the source", name, c)
				if taken == 3 {
					break
				}
			}
		}
	}
}

// waitFor waits for a file: a signal between processes.
func waitFor(path string) {
	for {
		if _, err := os.Stat(path); err == nil {
			return
		}
		time.Sleep(200 * time.Microsecond)
	}
}

var chained = process.Map(func(_ context.Context, n int) (int, error) {
	dir := os.Getenv("STEPS")
	os.WriteFile(filepath.Join(dir, strconv.Itoa(n)), nil, 0o600)
	if n == 20 {
		waitFor(filepath.Join(dir, strconv.Itoa(n+1)))
	}
	return n, nil
})

// The function of value 20 waits for that of value 21, which must not be held by the same worker.
func TestAValueSentAheadGoesToAnotherWorker(t *testing.T) {
	for _, maxSize := range []int{0, 1, 3} {
		dir := t.TempDir()
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		got, err := chained(pl.Range(40)).
			With(pl.Workers(2), pl.MaxSize(maxSize), process.Env("STEPS="+dir)).Collect(ctx)
		require.NoError(t, err)
		require.Len(t, got, 40)
	}
}

var gated = process.Map(func(_ context.Context, n int) (int, error) {
	if n >= 3 {
		waitFor(filepath.Join(os.Getenv("STEPS"), strconv.Itoa(n-3)))
	}
	return n, nil
})

// Each function waits until the consumer has the value three before it, so results must not be kept
// back.
func TestResultsAreNotKeptBack(t *testing.T) {
	for _, workers := range []int{1, 2, 3} {
		for _, maxSize := range []int{0, 1, 10} {
			dir := t.TempDir()
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			stage := gated(pl.Range(60)).With(pl.Workers(workers), pl.MaxSize(maxSize), process.Env("STEPS="+dir))
			n := 0
			for v, err := range stage.All(ctx) {
				require.NoError(t, err)
				require.NoError(t, os.WriteFile(filepath.Join(dir, strconv.Itoa(v)), nil, 0o600))
				n++
			}
			require.Equal(t, 60, n)
		}
	}
}

var streaming = process.FlatMap(func(_ context.Context, n int, yield func(int) bool) error {
	for i := range 3 {
		if !yield(i) {
			return nil
		}
		waitFor(filepath.Join(os.Getenv("STEPS"), strconv.Itoa(i)))
	}
	return nil
})

func TestYieldedResultsStream(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	n := 0
	for v, err := range streaming(pl.From(1)).With(process.Env("STEPS=" + dir)).All(ctx) {
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, strconv.Itoa(v)), nil, 0o600))
		n++
	}
	require.Equal(t, 3, n)
}

var (
	slowOnce = process.Map(func(_ context.Context, n int) (int, error) {
		if n%5 == 0 {
			time.Sleep(time.Hour)
		}
		return n, nil
	}, pl.Timeout(60*time.Millisecond), pl.OnError(pl.Skip))
	fastYields = process.FlatMap(func(_ context.Context, n int, yield func(int) bool) error {
		for range 5 {
			time.Sleep(5 * time.Millisecond)
			if !yield(n) {
				return nil
			}
		}
		return nil
	}, pl.Timeout(200*time.Millisecond), pl.MaxSize(1))
	slowYields = process.FlatMap(func(_ context.Context, n int, yield func(int) bool) error {
		for range 10 {
			time.Sleep(20 * time.Millisecond)
			yield(n)
		}
		return nil
	}, pl.Timeout(100*time.Millisecond))
)

func TestTimeoutWorksAgainAndAgain(t *testing.T) {
	got, err := slowOnce(pl.Range(26)).Collect(t.Context())
	require.NoError(t, err)
	require.Len(t, got, 20)
	require.True(t, slices.IsSorted(got))
}

func TestTimeoutCountsTheFunctionOnly(t *testing.T) {
	n := 0
	for _, err := range fastYields(pl.Range(3)).All(t.Context()) {
		require.NoError(t, err)
		time.Sleep(80 * time.Millisecond) // five of them are over the timeout
		n++
	}
	require.Equal(t, 15, n)

	started := time.Now()
	err := slowYields(pl.From(1)).Run(t.Context())
	require.ErrorIs(t, err, pl.ErrTimeout)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Less(t, time.Since(started), 5*time.Second)
}

var unsteady = process.Map(func(_ context.Context, n int) (int, error) {
	switch {
	case n%10 == 3 && tally()%3 != 0:
		return 0, errors.New("not yet")
	case n%10 == 7 && tally()%3 != 0:
		os.Exit(1)
	}
	return n, nil
}, pl.Retry(4, nil))

func TestRetryKeepsTheOrder(t *testing.T) {
	got, err := unsteady(pl.Range(60)).With(process.Env("TALLY=" + filepath.Join(t.TempDir(), "tally"))).Collect(t.Context())
	require.NoError(t, err)
	require.Equal(t, numbers(60), got)
}

var crashingMany = process.FlatMap(func(_ context.Context, n int, yield func(int) bool) error {
	for i := range 6 {
		yield(n*10 + i)
		if i == 3 && tally()%2 == 1 {
			if n%2 == 0 {
				os.Exit(1)
			}
			return errors.New("not yet")
		}
	}
	return nil
}, pl.Retry(3, nil))

func TestACrashInAFlatMapLosesAndRepeatsNothing(t *testing.T) {
	for _, maxSize := range []int{0, 2} {
		got, err := crashingMany(pl.Range(10)).
			With(process.Env("TALLY="+filepath.Join(t.TempDir(), "tally")), pl.MaxSize(maxSize)).Collect(t.Context())
		require.NoError(t, err)
		want := []int{}
		for n := range 10 {
			for i := range 6 {
				want = append(want, n*10+i)
			}
		}
		require.Equal(t, want, got)
	}
}

func TestOrderedRestoresTheOrder(t *testing.T) {
	kept := even(pl.Range(3000)).With(pl.Workers(2))
	got, err := pl.Ordered(increment(repeated(kept)).With(pl.Workers(3))).Collect(t.Context())
	require.NoError(t, err)
	var want []int
	for n := 0; n < 3000; n += 2 {
		for i := range n % 3 {
			want = append(want, n+i+1)
		}
	}
	require.Equal(t, want, got)
}

var repeated = thread.FlatMap(func(_ context.Context, n int, yield func(int) bool) error {
	for i := range n % 3 {
		yield(n + i)
	}
	return nil
}, pl.Workers(2))

func TestBroadcastReachesAll(t *testing.T) {
	shared := increment(pl.Range(5000))
	both := pl.Concat(even(shared), even(shared))
	got, err := both.Collect(t.Context())
	require.NoError(t, err)
	require.Len(t, got, 5000)
}
