package journal_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/journal"
	"github.com/gopeln/pl/thread"
)

// TestMain makes the test binary the programs that the tests start.
func TestMain(m *testing.M) {
	if name := os.Getenv("JOURNAL_TEST_OPEN"); name != "" {
		_, err := journal.Open(name)
		fmt.Println(err)
		return
	}
	if name := os.Getenv("JOURNAL_TEST_WORK"); name != "" {
		if err := work(name, os.Getenv("JOURNAL_TEST_EFFECTS")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// values is how many a program works on.
const values = 3000

// work is a program that can be killed: it writes each number that it has worked on to effects.
func work(name, effects string) error {
	defer journal.SetMapSize(64 << 10)() // so that one run takes several pieces
	j, err := journal.Open(name)
	if err != nil {
		return err
	}
	defer j.Close()
	out, err := os.OpenFile(effects, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer out.Close()
	slow := thread.Map(func(_ context.Context, i int) (int, error) {
		time.Sleep(50 * time.Microsecond)
		return i, nil
	}, pl.Workers(4), pl.MaxSize(8))
	done := pl.Pipe3(pl.Range(values), journal.Skip(j, strconv.Itoa), slow, journal.Done(j, strconv.Itoa))
	for i, err := range done.All(context.Background()) {
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintln(out, i); err != nil {
			return err
		}
	}
	return j.Close()
}

// A value is worked on at least once whenever the program is killed, and twice only if it was in
// hand then.
func TestAProgramThatIsKilledLosesNothing(t *testing.T) {
	folder := t.TempDir()
	wanted := 100
	if testing.Short() {
		wanted = 20
	}
	kills, rounds := 0, 0
	for kills < wanted {
		rounds++
		name := filepath.Join(folder, fmt.Sprintf("%d.journal", rounds))
		effects := filepath.Join(folder, fmt.Sprintf("%d.effects", rounds))
		killed := 0
		for !run(t, name, effects, kills+killed < wanted) {
			killed++
		}
		kills += killed
		requireEachOnce(t, effects, killed)
	}
	t.Logf("%d kills in %d rounds", kills, rounds)
}

// run runs the program and reports whether it came to its end; else it was killed at a random
// moment.
func run(t *testing.T, name, effects string, kill bool) bool {
	t.Helper()
	program := exec.Command(os.Args[0])
	program.Env = append(os.Environ(), "JOURNAL_TEST_WORK="+name, "JOURNAL_TEST_EFFECTS="+effects)
	var said strings.Builder
	program.Stderr = &said
	require.NoError(t, program.Start())
	if kill {
		after := rand.N(40 * time.Millisecond)
		killer := time.AfterFunc(after, func() { program.Process.Kill() })
		defer killer.Stop()
	}
	err := program.Wait()
	require.Empty(t, said.String(), "%v", err)
	return err == nil
}

// requireEachOnce checks that each value was worked on, and not more often than kills explain.
func requireEachOnce(t *testing.T, effects string, kills int) {
	t.Helper()
	text, err := os.ReadFile(effects)
	require.NoError(t, err)
	lines := strings.Fields(string(text))
	times := map[string]int{}
	for _, l := range lines {
		times[l]++
	}
	for i := range values {
		require.Positive(t, times[strconv.Itoa(i)], "value %d was lost", i)
	}
	require.Len(t, times, values)
	require.LessOrEqual(t, len(lines)-values, kills, "one value at most is in hand at a kill")
}
