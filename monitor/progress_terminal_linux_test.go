package monitor_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/monitor"
	"github.com/gopeln/pl/monitor/internal/screen"
	"github.com/gopeln/pl/pltest"
	"github.com/gopeln/pl/thread"
)

// setTerm makes the terminal one that understands escape codes and colours.
func setTerm(t *testing.T) {
	t.Setenv("TERM", "xterm-256color")
	t.Setenv("NO_COLOR", "")
}

// quick makes a frame follow the other without much waiting.
var quick = monitor.Every(20 * time.Millisecond)

// gated is a pipeline of n stages that stands still, with values under way, until release is
// called.
func gated(name string, stages int) (stage pl.Stage[int], release func()) {
	gate := make(chan struct{})
	stage = pl.Range(100)
	for i := range stages {
		stage = thread.Map(func(ctx context.Context, v int) (int, error) {
			if v < 10 || i < stages/2 {
				return v, nil
			}
			select {
			case <-gate:
				return v, nil
			case <-ctx.Done():
				return 0, context.Cause(ctx)
			}
		}, pl.Name(fmt.Sprintf("%s-%d", name, i)), pl.MaxSize(4))(stage)
	}
	return stage.With(pl.Name(name)), sync.OnceFunc(func() { close(gate) })
}

func containing(part string) func([]string) bool {
	return func(lines []string) bool {
		return slices.ContainsFunc(lines, func(l string) bool { return strings.Contains(l, part) })
	}
}

func TestTerminalShowsARunWhileItGoesOnAndItsLastFrameStays(t *testing.T) {
	setTerm(t)
	pltest.LeakCheck(t)
	x := newTerminal(t, 100, 30)
	stage, release := gated("crawl", 4)
	done := inBackground(monitor.Progress(t.Context(), monitor.Writer(x.slave), quick), stage)
	lines := x.shows("a stage", containing("  crawl-1 "))
	assert.Regexp(t, `^crawl .*\d %  `, lines[0])
	assert.Regexp(t, `^  range`, lines[1])
	assert.Regexp(t, `^  crawl-0 +thread`, lines[2])
	release()
	require.NoError(t, <-done)
	lines = x.shows("the end", containing(" done "))
	assert.Regexp(t, `^crawl .* done +100 out `, lines[0])
	assert.Len(t, lines, 7, "one frame, no remains of others:\n%s", strings.Join(lines, "\n"))
	fmt.Fprint(x.slave, "$ ")
	lines = x.shows("what comes afterwards", containing("$"))
	assert.Equal(t, "$", strings.TrimSpace(lines[len(lines)-1]), "it begins a line")
	assert.Empty(t, x.strange())
	assert.Contains(t, x.written(), "\x1b[94m", "there are colours")
	assert.NotContains(t, x.written(), "\x1b[?25l")
}

func TestCancelledAndFailedStandInTheLastFrame(t *testing.T) {
	setTerm(t)
	x := newTerminal(t, 60, 30)
	ctx, cancel := context.WithCancelCause(monitor.Progress(t.Context(), monitor.Writer(x.slave), quick))
	stage, _ := gated("stops", 2)
	done := inBackground(ctx, stage)
	x.shows("a frame", containing("stops-0"))
	cancel(errors.New("pulled the plug"))
	require.ErrorContains(t, <-done, "pulled the plug")
	x.shows("the end", func(lines []string) bool {
		return containing("cancelled")(lines) && containing("pulled the plug")(lines)
	})

	boom := errors.New("boom\x1b[2J\x07")
	failing := pl.Pipe(pl.Range(3), pltest.Fail[int](boom, 1)).With(pl.Name("fails"))
	require.ErrorIs(t, failing.Run(monitor.Progress(t.Context(), monitor.Writer(x.slave))), boom)
	x.shows("the failure", func(lines []string) bool { return containing("failed")(lines) && containing(`boom\x1b[2J\a`)(lines) })
	assert.Empty(t, x.strange())
}

func TestWindowMayChangeWhileAFrameIsDrawn(t *testing.T) {
	for name, rewraps := range map[string]bool{"cuts": false, "rewraps": true} {
		t.Run(name, func(t *testing.T) {
			setTerm(t)
			if rewraps {
				t.Setenv("VTE_VERSION", "7800")
			}
			x := newTerminal(t, 100, 30)
			x.screen.Rewraps = rewraps
			fmt.Fprint(x.slave, "above\n")
			stage, release := gated("crawl", 6)
			done := inBackground(monitor.Progress(t.Context(), monitor.Writer(x.slave), quick), stage)
			x.shows("a frame", containing("crawl-4 "))
			for _, size := range [][2]int{{60, 30}, {60, 6}, {20, 3}, {20, 30}, {200, 50}, {5, 2}, {80, 24}} {
				x.resize(size[0], size[1])
				before := len(x.written())
				require.Eventually(t, func() bool { return strings.Count(x.written()[before:], "\x1b[?2026l") > 3 }, 20*time.Second, time.Millisecond)
				for _, line := range strings.Split(x.written()[before:], "\x1b[?2026h")[2:] {
					for part := range strings.SplitSeq(line, "\r\n") {
						assert.Less(t, cellsOf(part), max(size[0], 2), "in a window of %v: %q", size, part)
					}
				}
			}
			x.resize(1, 1)
			time.Sleep(50 * time.Millisecond)
			x.resize(80, 24)
			release()
			require.NoError(t, <-done)
			lines := x.shows("the end", containing(" done "))
			assert.Equal(t, "above", lines[0], strings.Join(lines, "\n"))
			assert.Len(t, lines[slices.IndexFunc(lines, func(l string) bool { return strings.Contains(l, " done ") }):], 9)
			assert.Empty(t, x.strange())
		})
	}
}

// cellsOf is how wide a line is.
func cellsOf(line string) int {
	s := screen.New(1000, 2)
	fmt.Fprint(s, line)
	x, _ := s.Cursor()
	return x
}

func TestStagesThatDoNotFitAreCounted(t *testing.T) {
	setTerm(t)
	for rows, more := range map[int]string{24: "13 more", 10: "27 more", 6: "31 more", 4: "32 more", 3: "32 more"} {
		x := newTerminal(t, 80, rows)
		stage, release := gated("many", 32)
		done := inBackground(monitor.Progress(t.Context(), monitor.Writer(x.slave), quick), stage)
		lines := x.shows("a frame with "+more, containing(more))
		assert.LessOrEqual(t, len(lines), rows-1)
		release()
		require.NoError(t, <-done)
		x.shows("the end", containing("done"))
	}
}

func TestRunsAtOnceShareTheWindow(t *testing.T) {
	setTerm(t)
	pltest.LeakCheck(t)
	x := newTerminal(t, 80, 12)
	ctx := monitor.Progress(t.Context(), monitor.Writer(x.slave), quick)
	first, releaseFirst := gated("first", 4)
	second, releaseSecond := gated("second", 8)
	firstDone, secondDone := inBackground(ctx, first), inBackground(monitor.Progress(t.Context(), monitor.Writer(x.slave), quick), second)
	x.shows("both", func(lines []string) bool {
		return containing("first")(lines) && containing("second ")(lines) && containing(" more")(lines) && len(lines) <= 11
	})
	releaseFirst()
	require.NoError(t, <-firstDone)
	x.shows("the end of the first above the second", func(lines []string) bool {
		one, other := slices.IndexFunc(lines, matches("first .* done")), slices.IndexFunc(lines, matches("second "))
		return one >= 0 && other > one
	})
	releaseSecond()
	require.NoError(t, <-secondDone)
	lines := x.shows("both ends", func(lines []string) bool { return matches("second .* done")(strings.Join(lines, " ")) })
	assert.Len(t, slices.DeleteFunc(lines, func(l string) bool { return !strings.Contains(l, " done ") }), 2)
	assert.Empty(t, x.strange())
}

func TestRunsOfOneNameAreToldApartInATerminal(t *testing.T) {
	setTerm(t)
	x := newTerminal(t, 80, 12)
	ctx := monitor.Progress(t.Context(), monitor.Writer(x.slave), quick)
	first, releaseFirst := gated("same", 2)
	second, releaseSecond := gated("same", 2)
	firstDone, secondDone := inBackground(ctx, first), inBackground(ctx, second)
	x.shows("both", func(lines []string) bool {
		return slices.ContainsFunc(lines, matches("^same .* %")) && slices.ContainsFunc(lines, matches("^same #2 .* %"))
	})
	x.resize(20, 3)
	x.shows("at least one, in a narrow window", containing("same"))
	releaseFirst()
	releaseSecond()
	require.NoError(t, <-firstDone)
	require.NoError(t, <-secondDone)
	assert.Empty(t, x.strange())
}

func matches(pattern string) func(string) bool {
	return func(line string) bool { return regexp.MustCompile(pattern).MatchString(line) }
}

func TestRunsThatDoNotFitAreCounted(t *testing.T) {
	setTerm(t)
	x := newTerminal(t, 80, 6)
	ctx := monitor.Progress(t.Context(), monitor.Writer(x.slave), quick)
	var dones []<-chan error
	var releases []func()
	for i := range 9 {
		stage, release := gated(fmt.Sprint("run", i), 2)
		dones, releases = append(dones, inBackground(ctx, stage)), append(releases, release)
	}
	lines := x.shows("five of them", containing("… 5 runs more"))
	assert.Len(t, lines, 5)
	for i, done := range dones {
		releases[i]()
		require.NoError(t, <-done)
	}
	x.shows("all ends", func(lines []string) bool { return strings.Count(strings.Join(lines, " "), " done ") == 9 })
}

func TestLinesOfTheProgramGoBetweenTheFrames(t *testing.T) {
	setTerm(t)
	x := newTerminal(t, 60, 20)
	was := os.Stderr
	os.Stderr = x.slave
	defer func() { os.Stderr = was }()
	log := monitor.Stderr()
	fmt.Fprintln(log, "before")
	stage, release := gated("crawl", 3)
	done := inBackground(monitor.Progress(t.Context(), quick), stage)
	x.shows("a frame", containing("crawl-1"))
	var wg sync.WaitGroup
	for i := range 5 {
		wg.Go(func() {
			for j := range 20 {
				fmt.Fprintf(log, "line %d.%02d\n", i, j)
				time.Sleep(time.Millisecond)
			}
		})
	}
	wg.Wait()
	fmt.Fprint(log, "half a ")
	x.shows("the half line", containing("half a"))
	fmt.Fprint(log, "line\nand a rest")
	x.shows("the line", containing("half a line"))
	fmt.Fprint(log, "\n"+strings.Repeat("long ", 30)+"\n")
	x.shows("a frame below", func(lines []string) bool {
		return strings.HasPrefix(lines[len(lines)-6], "crawl ") && strings.HasPrefix(lines[len(lines)-7], "long") && len(lines) == 1+100+2+3+6
	})
	release()
	require.NoError(t, <-done)
	fmt.Fprintln(log, "after")
	lines := x.shows("all", containing("after"))
	for i := range 5 {
		count := 0
		for _, l := range lines {
			if strings.HasPrefix(l, fmt.Sprintf("line %d.", i)) {
				assert.Equal(t, fmt.Sprintf("line %d.%02d", i, count), l)
				count++
			}
		}
		assert.Equal(t, 20, count)
	}
	assert.Equal(t, "before", lines[0])
	assert.Equal(t, 1, strings.Count(strings.Join(lines, "\n"), "crawl-1"), "one frame, no remains of others")
	assert.Empty(t, x.strange())
}

func TestWithoutColourAndOnADumbTerminal(t *testing.T) {
	show := func(t *testing.T, opts ...monitor.Option) *terminal {
		x := newTerminal(t, 60, 20)
		ctx := monitor.Progress(t.Context(), append(opts, monitor.Writer(x.slave), monitor.Every(5*time.Millisecond))...)
		require.NoError(t, slow(20, 5*time.Millisecond).Run(ctx))
		x.shows("the end", containing(" done "))
		return x
	}
	t.Run("NO_COLOR", func(t *testing.T) {
		setTerm(t)
		t.Setenv("NO_COLOR", "1")
		x := show(t)
		assert.NotRegexp(t, `\x1b\[[\d;]*m`, x.written())
		assert.Contains(t, x.written(), "\x1b[?2026h", "it is a live view all the same")
	})
	t.Run("TERM=dumb", func(t *testing.T) {
		t.Setenv("TERM", "dumb")
		x := show(t)
		assert.NotContains(t, x.written(), "\x1b")
		assert.Greater(t, strings.Count(x.written(), "\n"), 2)
	})
	t.Run("Plain", func(t *testing.T) {
		setTerm(t)
		x := show(t, monitor.Plain())
		assert.NotContains(t, x.written(), "\x1b")
		assert.Greater(t, strings.Count(x.written(), "\n"), 2)
	})
}

func TestTerminalThatDoesNotKnowItsSize(t *testing.T) {
	setTerm(t)
	t.Setenv("COLUMNS", "")
	t.Setenv("LINES", "")
	x := newTerminal(t, 80, 24)
	x.setSize(0, 0)
	require.NoError(t, slow(10, time.Millisecond).Run(monitor.Progress(t.Context(), monitor.Writer(x.slave))))
	lines := x.shows("the end", containing(" done "))
	assert.Regexp(t, "^index ━+", lines[0])
}

func TestTerminalThatIsStoppedHoldsUpNothing(t *testing.T) {
	setTerm(t)
	log := logged(t)
	x := newTerminal(t, 80, 24)
	stage, release := gated("crawl", 3)
	done := inBackground(monitor.Progress(t.Context(), monitor.Writer(x.slave), quick), stage)
	x.shows("a frame", containing("crawl-1"))
	const stop, goOn = 0, 1
	flow := func(action uintptr) {
		_, _, e := syscall.Syscall(syscall.SYS_IOCTL, x.slave.Fd(), 0x540A /* TCXONC */, action)
		require.Zero(t, e)
	}
	flow(stop)
	time.Sleep(100 * time.Millisecond)
	start := time.Now()
	release()
	require.NoError(t, <-done)
	assert.Less(t, time.Since(start), time.Minute)
	assert.Equal(t, 1, strings.Count(log.String(), "level=WARN"), log.String())
	flow(goOn)
	x.shows("the last frame, late", containing(" done "))
}

func TestInterruptLeavesTheTerminalAsItWas(t *testing.T) {
	if signal.Ignored(syscall.SIGINT) {
		t.Skip("these tests were started with SIGINT ignored, as by a shell in its background")
	}
	setTerm(t)
	x := newTerminal(t, 80, 24)
	before := modes(t, x.slave)
	cmd := helper(t, "gated")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = x.slave, x.slave, x.slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	require.NoError(t, cmd.Start())
	x.shows("a frame", containing("  gated-1"))
	_, err := x.master.Write([]byte{3}) // Ctrl-C
	require.NoError(t, err)
	err = cmd.Wait()
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit)
	assert.Equal(t, syscall.SIGINT, exit.Sys().(syscall.WaitStatus).Signal())
	fmt.Fprint(x.slave, "\r\n$ ")
	lines := x.shows("the prompt", containing("$"))
	assert.Equal(t, "$", lines[len(lines)-1], "what comes afterwards begins a line")
	assert.Regexp(t, "^gated ", lines[0])
	assert.Regexp(t, "^  gated ", lines[4], "the frame is whole")
	assert.Equal(t, before, modes(t, x.slave))
	assert.NotContains(t, x.written(), "\x1b[?25l")
	assert.Empty(t, x.strange())
}

// modes are those of a terminal.
func modes(t *testing.T, f *os.File) (m syscall.Termios) {
	ioctl(t, f, syscall.TCGETS, unsafe.Pointer(&m))
	return m
}

func TestReaderOfStandardErrorMayLeave(t *testing.T) {
	r, w, err := os.Pipe()
	require.NoError(t, err)
	cmd := helper(t, "finishes")
	cmd.Stderr = w
	var out buffer
	cmd.Stdout = &out
	require.NoError(t, cmd.Start())
	w.Close()
	r.Close()
	require.NoError(t, cmd.Wait())
	assert.Equal(t, "finished\n", out.String())
}

// helper is a process that runs what is registered under a name.
func helper(t *testing.T, name string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), "MONITOR_TEST_HELPER="+name)
	return cmd
}

func TestMain(m *testing.M) {
	switch os.Getenv("MONITOR_TEST_HELPER") {
	case "gated":
		stage, _ := gated("gated", 3)
		_ = stage.Run(monitor.Progress(context.Background(), quick))
	case "finishes":
		ctx := monitor.Progress(context.Background(), monitor.Every(5*time.Millisecond))
		if err := slow(50, 5*time.Millisecond).Run(ctx); err != nil {
			panic(err)
		}
		fmt.Println("finished")
	default:
		os.Exit(m.Run())
	}
}
