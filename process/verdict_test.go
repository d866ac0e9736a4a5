//go:build unix

package process_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/process"
)

// What becomes of values whose worker dies, or whose results fail, in the less common ways.

// inDir names a file in the directory that the test and its workers share.
func inDir(name string) string { return filepath.Join(os.Getenv("STEPS"), name) }

// firstTime makes the file of that name, and reports whether it was not there.
func firstTime(name string) bool {
	file, err := os.OpenFile(inDir(name), os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil {
		_ = file.Close()
	}
	return err == nil
}

var (
	badAndFails = process.FlatMap(func(_ context.Context, n int, yield func(onlyOdd) bool) error {
		if n == 50 {
			yield(onlyOdd{2}) // which cannot be encoded
			return errors.New("and it fails")
		}
		yield(onlyOdd{1})
		return nil
	}, pl.Name("badAndFails"), pl.Retry(2, nil), pl.OnError(pl.Skip))
	betterAgain = process.FlatMap(func(_ context.Context, _ int, yield func(sealed) bool) error {
		if firstTime("attempt") {
			yield(sealed{false}) // which cannot be decoded
			time.Sleep(50 * time.Millisecond)
			return errors.New("first attempt")
		}
		yield(sealed{true})
		return nil
	}, pl.Name("betterAgain"), pl.Retry(2, nil))
)

func TestAValueThatFailsAfterABadResultGetsItsVerdict(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	got, err := badAndFails(pl.Range(100)).Collect(ctx)
	require.NoError(t, err, "after %d", len(got))
	require.Len(t, got, 99)
}

func TestASecondAttemptIsJudgedByItself(t *testing.T) {
	got, err := betterAgain(pl.From(1)).With(process.Env("STEPS=" + t.TempDir())).Collect(t.Context())
	require.NoError(t, err)
	require.Len(t, got, 1)
}

// fatal ends the process that decodes a 50.
type fatal struct{ N int }

func (d fatal) GobEncode() ([]byte, error) { return []byte{byte(d.N)}, nil }

func (d *fatal) GobDecode(data []byte) error {
	if d.N = int(data[0]); d.N == 50 {
		os.Exit(3)
	}
	return nil
}

var (
	decodesFatal = process.Map(func(_ context.Context, d fatal) (int, error) { return d.N, nil },
		pl.Name("decodesFatal"), pl.OnError(pl.Skip))
	diesIdle = process.Map(func(_ context.Context, n int) (int, error) {
		if n == 0 {
			time.AfterFunc(50*time.Millisecond, func() { os.Exit(3) })
		}
		return n, nil
	}, pl.Name("diesIdle"))
)

func TestACrashInDecodingCostsItsValue(t *testing.T) {
	in := make([]fatal, 100)
	for i := range in {
		in[i].N = i
	}
	got, err := decodesFatal(pl.FromSlice(in)).Collect(t.Context())
	require.NoError(t, err, "after %d", len(got))
	require.Len(t, got, 99)
}

func TestTheDeathOfAnIdleWorkerCostsNothing(t *testing.T) {
	source := pl.FromFunc(func(_ context.Context, yield func(int) bool) error {
		for i := range 3 {
			yield(i)
			time.Sleep(150 * time.Millisecond)
		}
		return nil
	})
	got, err := diesIdle(source).With(pl.OnError(pl.Skip), pl.Retry(3, nil)).Collect(t.Context())
	require.NoError(t, err)
	require.Equal(t, numbers(3), got)
}

// Value 1000 returns when the other worker runs 1001, which was taken back. A moment later its
// worker dies, once.
var diesAmongTaken = process.Map(func(_ context.Context, n int) (int, error) {
	switch n {
	case 1000:
		if firstTime("died") {
			_ = os.WriteFile(inDir("pid"), []byte(strconv.Itoa(os.Getpid())), 0o600)
			waitFor(inDir("1001"))
			delay, _ := time.ParseDuration(os.Getenv("DELAY"))
			go func() {
				for end := time.Now().Add(delay); time.Now().Before(end); {
				}
				os.Exit(3)
			}()
		}
	case 1001:
		firstTime("1001")
		time.Sleep(50 * time.Millisecond)
	}
	return n, nil
}, pl.Name("diesAmongTaken"))

func TestADeathAmongValuesThatWereTakenBack(t *testing.T) {
	dir := ""
	lingers := pl.FromFunc(func(ctx context.Context, yield func(int) bool) error {
		for i := range 3000 {
			if !yield(i) {
				return nil
			}
		}
		// The input ends only later: a death after that would be one in OnEnd, and fail the run.
		for ctx.Err() == nil && !hasDied(dir) {
			time.Sleep(time.Millisecond)
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
		}
		return nil
	})
	for i := range 40 {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		dir = t.TempDir()
		run := diesAmongTaken(lingers).With(pl.Workers(2),
			process.Env("STEPS="+dir, fmt.Sprintf("DELAY=%dus", i/2*10), "GOMAXPROCS=2"))
		if i%2 == 0 {
			got, err := run.With(pl.Retry(2, nil)).Collect(ctx)
			require.NoError(t, err, "run %d, after %d values", i, len(got))
			require.ElementsMatch(t, numbers(3000), got, "run %d", i)
			continue
		}
		var dropped drops
		got, err := run.With(dropped.option()).Collect(ctx)
		require.NoError(t, err, "run %d, after %d values", i, len(got))
		require.Equal(t, 3000, len(got)+len(dropped.errs), "run %d: %v", i, dropped.errs)
		for _, e := range dropped.errs {
			require.NotContains(t, got, e.Item, "run %d: %v", i, e)
		}
	}
}

// hasDied reports whether the worker that left its number in dir is gone.
func hasDied(dir string) bool {
	text, _ := os.ReadFile(filepath.Join(dir, "pid"))
	pid, err := strconv.Atoi(string(text))
	return err == nil && gone(pid)
}

// slowly takes its time to find out that a zero cannot be encoded.
type slowly struct{ N int }

func (s slowly) GobEncode() ([]byte, error) {
	if s.N == 0 {
		time.Sleep(100 * time.Millisecond)
		return nil, errors.New("zero")
	}
	return strconv.AppendInt(nil, int64(s.N), 10), nil
}

func (s *slowly) GobDecode(data []byte) (err error) {
	s.N, err = strconv.Atoi(string(data))
	return err
}

var takesSlowly = process.Map(func(_ context.Context, s slowly) (int, error) { return s.N, nil }, pl.Name("takesSlowly"),
	pl.Retry(2, func(int) time.Duration { return time.Hour }))

func TestValuesDoNotWaitForASlowEncodingThatIsTriedAgain(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	source := pl.FromFunc(func(_ context.Context, yield func(slowly) bool) error {
		for i := range 300 { // so that many are sent at a time
			yield(slowly{1 + i})
		}
		time.Sleep(200 * time.Millisecond) // until all are idle
		for i := range 40 {
			yield(slowly{i})
		}
		return nil
	})
	require.Equal(t, 339, taken(t, ctx, takesSlowly(source), 339))
}
