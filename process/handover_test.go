//go:build unix

package process_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/process"
	"github.com/gopeln/pl/thread"
)

// Values that were pulled from the queue and have not begun must never wait for something that
// takes its time, while another worker has nothing to do.

func TestValuesDoNotWaitForAWorkerThatStarts(t *testing.T) {
	for _, size := range []int{0, 1, 2} {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		gate := filepath.Join(t.TempDir(), "gate")
		got := 0
		s := startsSlowly(pl.Range(20)).
			With(pl.Workers(2), pl.MaxSize(size), process.Env(slowVariable+"="+gate))
		for _, err := range s.All(ctx) {
			require.NoError(t, err, "maxsize %d, after %d values", size, got)
			if got++; got == 20 {
				openGate(t, gate)
			}
		}
		assert.Equal(t, 20, got)
	}
}

var (
	diesOnce = process.Map(func(_ context.Context, n int) (int, error) {
		dir := os.Getenv("STEPS")
		os.WriteFile(filepath.Join(dir, strconv.Itoa(n)), nil, 0o600)
		if n != 500 {
			return n, nil
		}
		if file, err := os.OpenFile(filepath.Join(dir, "died"), os.O_CREATE|os.O_EXCL, 0o600); err == nil {
			_ = file.Close()
			os.Exit(3)
		}
		waitFor(filepath.Join(dir, "510"))
		return n, nil
	}, pl.Name("diesOnce"))
	diesPatiently = process.Map(func(_ context.Context, n int) (int, error) {
		if n == 500 {
			os.Exit(3)
		}
		return n, nil
	}, pl.Name("diesPatiently"), pl.Retry(2, func(int) time.Duration { return time.Hour }))
	lengthy = process.Map(func(_ context.Context, text string) (int, error) {
		n, err := strconv.Atoi(strings.TrimSpace(text))
		dir := os.Getenv("STEPS")
		switch n {
		case 2000:
			waitFor(filepath.Join(dir, "2150"))
		case 2150:
			os.WriteFile(filepath.Join(dir, "2150"), nil, 0o600)
		}
		return n, err
	}, pl.Name("lengthy"))
	choosy = process.Map(func(_ context.Context, n onlyOdd) (int, error) { return n.N, nil }, pl.Name("choosy"),
		pl.Retry(2, func(int) time.Duration { return time.Hour }))
)

// The first worker has hundreds of values when it dies. The next one gets them one by one, and
// waits for a later one.
func TestValuesOfADeadWorkerGoToOthers(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	got, err := diesOnce(pl.Range(1000)).
		With(pl.Workers(2), pl.Retry(2, nil), process.Env("STEPS="+t.TempDir())).Collect(ctx)
	require.NoError(t, err)
	assert.ElementsMatch(t, numbers(1000), got)
}

func TestValuesDoNotWaitForAnotherOnesRetry(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	require.Equal(t, 999, taken(t, ctx, diesPatiently(pl.Range(1000)), 999))
}

// The worker that waits has read a part of what was sent to it; the rest does not fit into the
// pipe.
func TestValuesDoNotWaitForAFullPipe(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	texts := thread.Map(func(_ context.Context, n int) (string, error) { return fmt.Sprintf("%3000d", n), nil })
	got, err := lengthy(texts(pl.Range(3000))).With(pl.Workers(2), process.Env("STEPS="+t.TempDir())).Collect(ctx)
	require.NoError(t, err, "after %d values", len(got))
	assert.ElementsMatch(t, numbers(3000), got)
}

func TestValuesDoNotWaitForAnEncodingThatIsTriedAgain(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	source := pl.FromFunc(func(_ context.Context, yield func(onlyOdd) bool) error {
		for i := range 100 {
			n := 2*i + 1
			if i == 50 {
				n = 0 // which cannot be encoded
			}
			if !yield(onlyOdd{n}) {
				break
			}
		}
		return nil
	})
	require.Equal(t, 99, taken(t, ctx, choosy(source), 99))
}

// taken takes the first n values of a stage with two workers, all but the one that waits an hour,
// and returns how many there were.
func taken(t *testing.T, ctx context.Context, s pl.Stage[int], n int) (got int) {
	t.Helper()
	for _, err := range s.With(pl.Workers(2)).All(ctx) {
		require.NoError(t, err, "after %d values", got)
		if got++; got == n {
			break
		}
	}
	return got
}
