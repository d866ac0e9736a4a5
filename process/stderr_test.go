//go:build unix

package process_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/process"
)

// lines is a writer that keeps each Write apart.
type lines struct {
	mu      sync.Mutex
	writes  []string
	trouble func()
}

func (l *lines) Write(p []byte) (int, error) {
	if !l.mu.TryLock() {
		panic("two writes at a time")
	}
	defer l.mu.Unlock()
	l.writes = append(l.writes, string(p))
	if l.trouble != nil {
		l.trouble()
	}
	return 0, errors.New("no room")
}

func (l *lines) text() string { return strings.Join(l.writes, "") }

var (
	inPieces = process.Map(func(_ context.Context, n int) (int, error) {
		for _, piece := range []string{"value ", fmt.Sprint(n), " is", " done\n"} {
			fmt.Fprint(os.Stderr, piece)
			runtime.Gosched()
		}
		return n, nil
	})
	noEnd = process.Map(func(_ context.Context, n int) (int, error) {
		fmt.Fprint(os.Stderr, "panic: not really")
		return n, nil
	})
	liar = process.Map(func(_ context.Context, how string) (int, error) {
		fmt.Fprintln(os.Stderr, "fatal error: out of memory")
		switch how {
		case "exit":
			os.Exit(2)
		case "panic":
			go panic("fatal error: out of memory")
			<-never
		}
		return 0, nil
	}, process.MemoryLimit(1<<30))
	dying = process.Map(func(_ context.Context, n int) (int, error) {
		fmt.Fprintln(os.Stderr, "before", n)
		if n == 1 {
			go panic("astray")
			<-never
		}
		return n, nil
	})
	foretold = process.Map(func(_ context.Context, n int) (int, error) {
		fmt.Fprintln(os.Stderr, "runtime: a first line")
		time.Sleep(time.Second) // it is passed on meanwhile
		debug.SetMaxStack(32 << 20)
		return overflow(n), nil
	})
	unspoken = process.Map(func(_ context.Context, n int) (int, error) {
		fmt.Fprint(os.Stderr, "panic: not really\npanic: no line's end")
		os.Exit(3)
		return n, nil
	})
	quits = process.Map(func(_ context.Context, n int) (int, error) {
		fmt.Fprintln(os.Stderr, "fatal error: out of memory")
		_ = syscall.Kill(os.Getpid(), syscall.SIGQUIT)
		<-never
		return n, nil
	}, process.MemoryLimit(1<<30))
	leaving = process.Map(func(_ context.Context, n int) (int, error) {
		cmd := exec.Command("sleep", "30")
		cmd.Stderr = os.Stderr
		return n, cmd.Start()
	})
)

func TestLinesOfWorkersArriveWhole(t *testing.T) {
	for name, trouble := range map[string]func(){"fails": nil, "panics": func() { panic("no") }, "ends": runtime.Goexit} {
		l := &lines{trouble: trouble}
		got, err := inPieces(pl.Range(200)).With(pl.Workers(3), process.Stderr(l)).Collect(t.Context())
		require.NoError(t, err, name)
		require.Len(t, got, 200, name)
		require.Len(t, l.writes, 200, name)
		for _, write := range l.writes {
			require.Regexp(t, `^value \d+ is done\n$`, write, name)
		}
	}
	l := &lines{}
	require.NoError(t, noEnd(pl.From(1)).With(process.Stderr(l)).Run(t.Context()))
	require.Equal(t, "panic: not really", l.text())
}

func TestNoWriterIsABadOption(t *testing.T) {
	require.ErrorContains(t, increment(pl.From(1)).With(process.Stderr(nil)).Run(t.Context()), "Stderr: the writer must not be nil")
}

func TestADumpIsWrittenOnce(t *testing.T) {
	l := &lines{}
	err := dying(pl.Range(3)).With(process.Stderr(l)).Run(t.Context())
	crash, ok := errors.AsType[*process.CrashError](err)
	require.True(t, ok, "%v", err)
	require.True(t, strings.HasPrefix(crash.Trace, "panic: astray\n"), crash.Trace)
	require.Equal(t, 1, strings.Count(l.text(), "panic: astray"))
	require.Contains(t, l.text(), "before 1\n")
	require.NotErrorIs(t, err, process.ErrMemory)
}

// printed is what f makes the program print to standard error.
func printed(t *testing.T, f func()) string {
	t.Helper()
	r, w, err := os.Pipe()
	require.NoError(t, err)
	text := make(chan string)
	go func() {
		all, _ := io.ReadAll(r)
		text <- string(all)
	}()
	usual := os.Stderr
	os.Stderr = w
	defer func() { os.Stderr = usual }()
	f()
	w.Close()
	return <-text
}

func TestADumpIsPrintedIfNoCrashErrorHasIt(t *testing.T) {
	require.Equal(t, "before 0\nbefore 1\n", printed(t, func() {
		require.Error(t, dying(pl.From(0, 1)).Run(t.Context()))
	}))
	text := printed(t, func() {
		var dropped drops
		require.NoError(t, dying(pl.From(1)).With(pl.Retry(3, nil), dropped.option()).Run(t.Context()))
		require.Len(t, dropped.errs, 1)
	})
	require.Equal(t, 3, strings.Count(text, "before 1\n"))
	require.Equal(t, 2, strings.Count(text, "panic: astray"), "the last one is in the CrashError")
	require.Equal(t, "panic: not really", printed(t, func() {
		require.NoError(t, noEnd(pl.From(1)).Run(t.Context()))
	}))
}

func TestTheReasonComesFirstHoweverEarlyItCame(t *testing.T) {
	const first = "runtime: a first line\n"
	fails := func(opts ...pl.Option) {
		err := foretold(pl.From(1)).With(opts...).Run(t.Context())
		crash, ok := errors.AsType[*process.CrashError](err)
		require.True(t, ok, "%v", err)
		require.Regexp(t, "^fatal error: stack overflow\n"+first, crash.Trace)
	}
	// The rest is in the CrashError, and the first line too if the reader was as slow as all that.
	require.Contains(t, []string{first, ""}, printed(t, func() { fails() }))
	l := &lines{}
	fails(process.Stderr(l))
	require.Equal(t, 1, strings.Count(l.text(), first))
	require.Equal(t, 1, strings.Count(l.text(), "fatal error: stack overflow\n"))
}

func TestWhatNoCrashErrorHasIsPrinted(t *testing.T) {
	require.Equal(t, "panic: not really\npanic: no line's end", printed(t, func() {
		err := unspoken(pl.From(1)).Run(t.Context())
		crash, ok := errors.AsType[*process.CrashError](err)
		require.True(t, ok, "%v", err)
		require.Empty(t, crash.Trace)
	}))
}

func TestASignalIsItsOwnReason(t *testing.T) {
	err := quits(pl.From(1)).With(process.Stderr(io.Discard)).Run(t.Context())
	crash, ok := errors.AsType[*process.CrashError](err)
	require.True(t, ok, "%v", err)
	require.True(t, strings.HasPrefix(crash.Trace, "SIGQUIT: quit\n"), crash.Trace)
	require.NotErrorIs(t, err, process.ErrMemory)
}

func TestATextOfTheUsersOwnIsNoLackOfMemory(t *testing.T) {
	for _, how := range []string{"exit", "panic"} {
		err := liar(pl.From(how)).With(process.Stderr(io.Discard)).Run(t.Context())
		_, ok := errors.AsType[*process.CrashError](err)
		require.True(t, ok, "%v", err)
		require.NotErrorIs(t, err, process.ErrMemory)
	}
	text := printed(t, func() { require.NoError(t, liar(pl.From("")).Run(t.Context())) })
	require.Equal(t, "fatal error: out of memory\n", text)
}

func TestAProcessThatAFunctionLeavesDoesNotHoldUpTheRun(t *testing.T) {
	began := time.Now()
	require.NoError(t, leaving(pl.From(1)).Run(t.Context()))
	require.Less(t, time.Since(began), 10*time.Second)
}

func TestTheSmallestMemoryLimitIsOneStep(t *testing.T) {
	if raceBuild {
		t.Skip("the detector needs more")
	}
	got, err := increment(pl.Range(3)).With(process.MemoryLimit(1)).Collect(t.Context())
	require.NoError(t, err)
	require.Equal(t, []int{1, 2, 3}, got)
}
