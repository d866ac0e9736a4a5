//go:build unix

package process_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/process"
)

// What the start of workers costs, and what it must not hold up.

const (
	initVariable   = "GOPELN_TEST_INIT"   // how long a worker's initialisation takes
	openVariable   = "GOPELN_TEST_OPEN"   // how long its OnStart takes
	helperVariable = "GOPELN_TEST_HELPER" // how long a process lives that its initialisation starts
)

func init() {
	if d, err := time.ParseDuration(os.Getenv(initVariable)); err == nil {
		time.Sleep(d)
	}
	if seconds := os.Getenv(helperVariable); seconds != "" {
		_ = exec.Command("sleep", seconds).Start()
	}
}

var opensSlowly = process.MapWith(pl.OnStart(func(context.Context) (int, error) {
	if dir := os.Getenv("STEPS"); dir != "" {
		file, err := os.CreateTemp(dir, "opened")
		err = errors.Join(err, file.Close())
		if err != nil {
			return 0, err
		}
	}
	d, _ := time.ParseDuration(os.Getenv(openVariable))
	time.Sleep(d)
	return 0, nil
}), func(_ context.Context, _, n int) (int, error) { return n, nil }, pl.Name("opensSlowly"))

func TestOneValueStartsOneWorker(t *testing.T) {
	for range 10 {
		dir := t.TempDir()
		got, err := opensSlowly(pl.From(1)).
			With(pl.Workers(4), process.Env("STEPS="+dir, openVariable+"=1ms")).Collect(t.Context())
		require.NoError(t, err)
		require.Equal(t, []int{1}, got)
		opened, _ := filepath.Glob(filepath.Join(dir, "opened*"))
		require.Len(t, opened, 1)
	}
}

func TestSlotsThatWaitForTheEndTakeNoTime(t *testing.T) {
	used := func() time.Duration {
		var r syscall.Rusage
		require.NoError(t, syscall.Getrusage(syscall.RUSAGE_SELF, &r))
		return time.Duration(r.Utime.Nano() + r.Stime.Nano())
	}
	before := used()
	require.NoError(t, opensSlowly(pl.From(1)).With(pl.Workers(8), process.Env(openVariable+"=500ms")).Run(t.Context()))
	require.Less(t, used()-before, 250*time.Millisecond)
}

func TestTheEndOfARunDoesNotWaitForAStart(t *testing.T) {
	for env, most := range map[string]time.Duration{
		initVariable + "=20s": 4500 * time.Millisecond, // it has nothing to close
		openVariable + "=20s": 15 * time.Second,        // what ignores its context has 5 seconds
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		began := time.Now()
		err := opensSlowly(pl.From(1)).With(process.Env(env)).Run(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Less(t, time.Since(began), most, env)
	}
}

func TestAProcessThatAnInitFunctionStartsKeepsNoPipe(t *testing.T) {
	began := time.Now()
	got, err := opensSlowly(pl.From(1)).With(process.Env(helperVariable + "=10")).Collect(t.Context())
	require.NoError(t, err)
	require.Equal(t, []int{1}, got)
	require.Less(t, time.Since(began), 9*time.Second)
}

// vandal does what it should not to the descriptors of its worker.
var vandal = process.Map(func(_ context.Context, n int) (int, error) {
	switch n {
	case 100, 200, 300, 600:
		_ = syscall.Close(map[int]int{100: 3, 200: 4, 300: 5, 600: 6}[n])
	case 400:
		_, _ = syscall.Write(4, []byte(strings.Repeat("garbage", 10)))
	case 500:
		_, _ = syscall.Write(4, []byte{0, 0, 0, 0, 4})
	}
	return n, nil
}, pl.Name("vandal"))

// What is lost by that is up to the vandal, but the run ends, with its context at the latest.
func TestAVandalDoesNotHoldUpTheEnd(t *testing.T) {
	for _, opts := range [][]pl.Option{
		{pl.Workers(1)}, {pl.Workers(2)}, {pl.Workers(2), pl.Retry(2, nil)}, {pl.Workers(1), pl.MaxSize(3)},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		began := time.Now()
		_ = vandal(pl.Range(1000)).With(opts...).With(pl.OnError(pl.Skip)).Run(ctx)
		require.Less(t, time.Since(began), 15*time.Second)
	}
}
