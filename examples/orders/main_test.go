//go:build unix

package main

import (
	"bytes"
	"context"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl/pltest"
)

// The test binary is the program too.
func TestMain(m *testing.M) {
	if os.Getenv("ORDERS_PROGRAM") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// expected is what a plain loop makes of a log.
type expected struct {
	orders   []Order
	balances map[string]map[int64]int64 // of an account, after the order of that offset
	last     map[string]account
	refused  map[int64]bool
	done     int64 // the offset of the last order that is not refused
}

func expect(t *testing.T, log string) expected {
	t.Helper()
	orders, err := read(log, 0).Collect(t.Context())
	require.NoError(t, err)
	e := expected{orders, map[string]map[int64]int64{}, map[string]account{}, map[int64]bool{}, 0}
	for _, o := range orders {
		a := e.last[o.Account]
		amount, err := cents(o.Amount)
		if err != nil || a.cents+amount < 0 {
			e.refused[o.Next] = true
			continue
		}
		if e.balances[o.Account] == nil {
			e.balances[o.Account] = map[int64]int64{}
		}
		e.last[o.Account] = account{a.cents + amount, o.Next}
		e.balances[o.Account][o.Next] = a.cents + amount
		e.done = o.Next
	}
	return e
}

// check looks at the books as the program that ended left them, at whatever moment that was. It
// reports whether they are complete.
func (e expected) check(t *testing.T, dir string) bool {
	t.Helper()
	b, err := openBooks(dir)
	require.NoError(t, err)
	defer b.close()
	for name, a := range b.accounts {
		cents, ok := e.balances[name][a.offset]
		require.True(t, ok, "%s has had no order at offset %d", name, a.offset)
		require.Equal(t, cents, a.cents, "%s at offset %d", name, a.offset)
	}
	for _, o := range e.orders {
		if o.Next <= max(b.offset, b.accounts[o.Account].offset) {
			require.Equal(t, e.refused[o.Next], b.refused[o.Next], "the log is done up to %d, but for %+v", b.offset, o)
			require.True(t, e.refused[o.Next] || o.Next <= b.accounts[o.Account].offset, "%+v", o)
		}
	}
	letters, err := os.ReadFile(filepath.Join(dir, "dead-letters"))
	require.NoError(t, err)
	require.Equal(t, len(b.refused), bytes.Count(letters, []byte("\n")), "each letter once")
	return len(b.accounts) == len(e.last) && len(b.refused) == len(e.refused) && b.offset == e.done
}

func TestTheBooksAreRightWheneverTheProgramIsKilled(t *testing.T) {
	dir := t.TempDir()
	log := filepath.Join(dir, "log")
	require.NoError(t, generate(log, 4000))
	e := expect(t, log)
	require.NotEmpty(t, e.refused)
	complete := false
	for range 40 { // more than enough; else it would not get on
		program := exec.Command(os.Args[0], "-dir", dir, "-rate", "20000")
		program.Env = append(os.Environ(), "ORDERS_PROGRAM=1")
		var out bytes.Buffer
		program.Stdout, program.Stderr = &out, &out
		require.NoError(t, program.Start())
		kill := []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL}[rand.IntN(2)]
		timer := time.AfterFunc(rand.N(150*time.Millisecond), func() { _ = program.Process.Signal(kill) })
		err := program.Wait()
		timer.Stop()
		state := program.ProcessState.Sys().(syscall.WaitStatus)
		if !state.Signaled() { // it had begun to listen to SIGTERM, or was faster
			require.NoError(t, err, "%s", &out)
			require.Contains(t, out.String(), "done up to offset")
		}
		if complete = e.check(t, dir); complete {
			break
		}
	}
	if !complete {
		var out bytes.Buffer
		require.NoError(t, run(t.Context(), &out, settings{dir, 1, 20000}))
		complete = e.check(t, dir)
	}
	require.True(t, complete)
	b, err := openBooks(dir)
	require.NoError(t, err)
	defer b.close()
	require.Equal(t, e.last, b.accounts, "the sums are right to the cent")
}

func TestStopFinishesWhatWasRead(t *testing.T) {
	pltest.LeakCheck(t)
	dir := t.TempDir()
	log := filepath.Join(dir, "log")
	require.NoError(t, generate(log, 3000))
	e := expect(t, log)
	for runs := 0; !e.check(t, dir); runs++ {
		require.Less(t, runs, 50)
		stop, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		var out strings.Builder
		require.NoError(t, run(stop, &out, settings{dir, 1, 10000}))
		cancel()
		require.Contains(t, out.String(), "done up to offset")
		b, err := openBooks(dir)
		require.NoError(t, err)
		for _, a := range b.accounts { // nothing is under way that the offset does not tell of
			require.LessOrEqual(t, a.offset, b.offset)
		}
		require.NoError(t, b.close())
	}
}

func TestAmountsAreExact(t *testing.T) {
	for amount, want := range map[string]int64{"0.00": 0, "12.34": 1234, "-0.50": -50, "90071992547409.93": 9007199254740993} {
		got, err := cents(amount)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	for _, amount := range []string{"", "1", "1.0", "1O.00", "1.000", "1.-1", "99999999999999999999.00"} {
		_, err := cents(amount)
		require.Error(t, err, amount)
	}
}

func TestBadSettingsAreRefused(t *testing.T) {
	require.ErrorContains(t, run(t.Context(), new(bytes.Buffer), settings{t.TempDir(), 1, 0}), "-rate")
	require.Error(t, run(t.Context(), new(bytes.Buffer), settings{filepath.Join(t.TempDir(), "none"), 1, 1}))
}
