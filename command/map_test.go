//go:build unix

package command_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/command"
	"github.com/gopeln/pl/internal/leak"
	"github.com/gopeln/pl/process"
)

// TestMain makes the test binary the programs that the tests start.
func TestMain(m *testing.M) {
	if os.Getenv("COMMAND_TEST_FRAMES") != "" {
		frames()
		return
	}
	if number, err := strconv.Atoi(os.Getenv(functionVariable)); err == nil {
		answerNumbers(functions[number])
		return
	}
	os.Exit(m.Run())
}

// frames answers each frame with its bytes twice.
func frames() {
	for {
		var head [4]byte
		if _, err := io.ReadFull(os.Stdin, head[:]); err != nil {
			return
		}
		body := make([]byte, binary.BigEndian.Uint32(head[:]))
		if _, err := io.ReadFull(os.Stdin, body); err != nil {
			os.Exit(1)
		}
		binary.BigEndian.PutUint32(head[:], uint32(2*len(body)))
		for _, part := range [][]byte{head[:], body, body} {
			if _, err := os.Stdout.Write(part); err != nil {
				os.Exit(1)
			}
		}
	}
}

// shell is a stage of a script for the shell, which reads lines.
func shell(script string, opts ...pl.Option) pl.Partial[string, string] {
	return command.Map(command.Lines(), []string{"sh", "-c", script}, opts...)
}

// each is a script that has the line in $x for each value.
func each(body string) string { return "while IFS= read -r x; do " + body + "; done" }

// collect runs a partial on words and checks that nothing is left.
func collect(t *testing.T, p pl.Partial[string, string], words ...string) ([]string, error) {
	t.Helper()
	held := leak.Hold()
	defer held.Check(t)
	return p(pl.FromSlice(words)).Collect(t.Context())
}

// numbered are the numbers below n as words.
func numbered(n int) (words []string) {
	for i := range n {
		words = append(words, strconv.Itoa(i))
	}
	return words
}

// noting is an OnError that keeps the failures.
func noting(lost *[]*pl.StageError) pl.Option {
	return pl.OnError(func(_ context.Context, e *pl.StageError) error {
		*lost = append(*lost, e)
		return nil
	})
}

func requireExit(t *testing.T, err error, state string) *command.ExitError {
	t.Helper()
	exit, ok := errors.AsType[*command.ExitError](err)
	require.True(t, ok, "no *ExitError: %v", err)
	require.Equal(t, state, exit.State)
	require.Positive(t, exit.PID)
	return exit
}

func TestEachValueGetsItsAnswer(t *testing.T) {
	for _, workers := range []int{1, 3} {
		got, err := collect(t, pl.Compose(command.Map(command.Lines(), []string{"cat"}, pl.Workers(workers)), pl.Ordered[string]), numbered(500)...)
		require.NoError(t, err)
		require.Equal(t, numbered(500), got)
	}
}

func TestLinesKeepTheirBytes(t *testing.T) {
	values := []string{"", "\r", "a\r", "\x00\xff", "ä", strings.Repeat("x", 16<<10), strings.Repeat("y", 3<<20), "z"}
	got, err := collect(t, command.Map(command.Lines(), []string{"cat"}), values...)
	require.NoError(t, err)
	require.True(t, strings.Join(values, "\n") == strings.Join(got, "\n"))
}

func TestJSONLinesCarryValues(t *testing.T) {
	type point struct{ X, Y int }
	p := command.Map(command.JSONLines[point, point](), []string{"sed", "-u", "s/X/y/; s/Y/x/"})
	got, err := p(pl.From(point{1, 2}, point{3, 4})).Collect(t.Context())
	require.NoError(t, err)
	require.Equal(t, []point{{2, 1}, {4, 3}}, got)

	var lost []*pl.StageError
	bad := command.Map(command.JSONLines[any, int](), []string{"cat"}, noting(&lost))
	numbers, err := bad(pl.From[any](1, "two", func() {}, 4)).Collect(t.Context())
	require.NoError(t, err)
	require.Equal(t, []int{1, 4}, numbers)
	require.Len(t, lost, 2)
	require.ErrorContains(t, lost[0], `the answer "\"two\"" is not what was expected`)
}

func TestFramesCarryBytes(t *testing.T) {
	double := command.Map(command.Frames(), []string{os.Args[0]}, process.Env("COMMAND_TEST_FRAMES=1"), pl.Workers(2))
	in := [][]byte{{}, []byte("a\n"), []byte(strings.Repeat("x", 1<<20))}
	got, err := pl.Ordered(double(pl.FromSlice(in))).Collect(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"", "a\na\n", strings.Repeat("x", 2<<20)}, []string{string(got[0]), string(got[1]), string(got[2])})

	_, err = command.Map(command.Frames(), []string{"sh", "-c", "read x; echo nonsense"})(pl.From([]byte("a\n"))).Collect(t.Context())
	require.ErrorContains(t, err, "the answer is longer than")
}

func TestAValueThatDoesNotFitTheProtocolFailsAlone(t *testing.T) {
	var lost []*pl.StageError
	got, err := collect(t, command.Map(command.Lines(), []string{"cat"}, noting(&lost)), "a", "b\nc", "d")
	require.NoError(t, err)
	require.Equal(t, []string{"a", "d"}, got)
	require.Len(t, lost, 1)
	require.Equal(t, "b\nc", lost[0].Item)
	require.ErrorContains(t, lost[0], "the value has the end of a line in it")
}

func TestAProcessThatDiesFailsTheValueThatItHad(t *testing.T) {
	for state, crash := range map[string]string{
		"exit status 3": "echo last words >&2; exit 3", "exit status 0": "echo last words >&2; exit",
		"signal: killed": "echo last words >&2; kill -9 $$", "signal: terminated": "echo last words >&2; kill -15 $$",
	} {
		var lost []*pl.StageError
		p := shell(each(`case $x in *7) `+crash+`;; esac; echo "$x"`), noting(&lost))
		got, err := collect(t, p, numbered(30)...)
		require.NoError(t, err)
		require.Len(t, got, 27)
		require.Len(t, lost, 3)
		for i, want := range []string{"7", "17", "27"} {
			require.Equal(t, want, lost[i].Item)
			require.Equal(t, "sh", lost[i].Stage)
			exit := requireExit(t, lost[i], state)
			require.Equal(t, "last words\n", exit.Stderr)
			require.Equal(t, "sh", exit.Argv[0])
			require.ErrorContains(t, exit, "last words")
		}
	}
}

func TestAProcessThatEndsBetweenTwoValuesFailsNone(t *testing.T) {
	for _, script := range []string{
		`read x; echo "$x"`, `read x; echo "$x"; exit 3`, `read x; echo "$x"; exec <&-; sleep 0.05`, `read x; read y; echo "$x"; exit`,
	} {
		p := shell(script)
		if strings.Contains(script, "read y") {
			p = shell(`read x; echo "$x"; read y; echo "$y"; kill -9 $$`)
		}
		got, err := collect(t, p, numbered(20)...)
		require.NoError(t, err, script)
		require.Equal(t, numbered(20), got)
	}
}

func TestRetryGivesAValueToAnotherProcess(t *testing.T) {
	flag := filepath.Join(t.TempDir(), "flag")
	p := shell(each(`if [ "$x" = 3 ] && [ ! -e `+flag+` ]; then touch `+flag+`; exit 1; fi; echo "$x"`), pl.Retry(2, nil))
	got, err := collect(t, p, numbered(6)...)
	require.NoError(t, err)
	require.Equal(t, numbered(6), got)
}

func TestTimeoutKillsTheGroupOfTheValueWhoseTimeIsOver(t *testing.T) {
	pids := filepath.Join(t.TempDir(), "pids")
	var lost []*pl.StageError
	p := shell(each(`if [ "$x" = 2 ]; then sleep 1000 & echo $! >>`+pids+`; wait; fi; echo "$x"`),
		pl.Timeout(2*time.Second), noting(&lost))
	got, err := collect(t, p, numbered(5)...)
	require.NoError(t, err)
	require.Equal(t, []string{"0", "1", "3", "4"}, got)
	require.Len(t, lost, 1)
	require.ErrorIs(t, lost[0], pl.ErrTimeout)
	requireGone(t, pids)
}

func TestTimeoutEndsAWriteThatNobodyReads(t *testing.T) {
	pids := filepath.Join(t.TempDir(), "pids")
	long := strings.Repeat("x", 1<<20)
	for name, script := range map[string]string{
		"silent":   `echo $$ >>$PIDS; exec sleep 1000`,
		"answered": `echo $$ >>$PIDS; head -c 1 >/dev/null; echo done; exec sleep 1000`,
	} {
		var lost []*pl.StageError
		p := shell(script, process.Env("PIDS="+pids), pl.Timeout(300*time.Millisecond), noting(&lost))
		got, err := collect(t, p, long)
		require.NoError(t, err, name)
		require.Empty(t, got)
		require.Len(t, lost, 1)
		require.ErrorIs(t, lost[0], pl.ErrTimeout)
		requireGone(t, pids)
	}
}

func TestAnAnswerTooFewFailsTheValueThatLacksIt(t *testing.T) {
	for name, c := range map[string]struct {
		script, state string
	}{
		"none, and the end":  {each(`[ "$x" = 2 ] && exit; echo "$x"`), "exit status 0"},
		"torn, and the end":  {each(`[ "$x" = 2 ] && { printf torn; exit 5; }; echo "$x"`), "exit status 5"},
		"none, and it lives": {each(`[ "$x" = 2 ] || echo "$x"`), ""},
		"torn, and it lives": {each(`if [ "$x" = 2 ]; then printf torn; else echo "$x"; fi`), ""},
		"output closed":      {each(`[ "$x" = 2 ] && { exec >&-; sleep 1000; }; echo "$x"`), "signal: killed"},
	} {
		t.Run(name, func(t *testing.T) {
			var lost []*pl.StageError
			got, err := collect(t, shell(c.script, pl.Timeout(2*time.Second), noting(&lost)), numbered(5)...)
			require.NoError(t, err)
			require.Equal(t, []string{"0", "1", "3", "4"}, got)
			require.Len(t, lost, 1)
			require.Equal(t, "2", lost[0].Item)
			require.ErrorContains(t, lost[0], `stage "sh", worker 0, value "2"`)
			if c.state == "" {
				require.ErrorIs(t, lost[0], pl.ErrTimeout)
				return
			}
			require.ErrorContains(t, requireExit(t, lost[0], c.state), "sh -c while IFS=")
		})
	}
}

func TestWhatHasLeftTheGroupDoesNotHoldUpARun(t *testing.T) {
	if _, err := exec.LookPath("setsid"); err != nil {
		t.Skip("there is no setsid")
	}
	pids := filepath.Join(t.TempDir(), "pids")
	start := time.Now()
	p := shell(each(`setsid sleep 1000 & echo $! >>`+pids+`; [ "$x" != 1 ] || exit 1; echo "$x"`), pl.OnError(pl.Skip))
	got, err := p(pl.FromSlice(numbered(3))).Collect(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"0", "2"}, got)
	require.Less(t, time.Since(start), time.Minute)
	text, err := os.ReadFile(pids)
	require.NoError(t, err)
	for word := range strings.FieldsSeq(string(text)) {
		pid, err := strconv.Atoi(word)
		require.NoError(t, err)
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}

// requireGone checks that the processes whose numbers are in a file end.
func requireGone(t *testing.T, pids string) {
	t.Helper()
	text, err := os.ReadFile(pids)
	require.NoError(t, err)
	require.NotEmpty(t, strings.Fields(string(text)))
	for word := range strings.FieldsSeq(string(text)) {
		pid, err := strconv.Atoi(word)
		require.NoError(t, err)
		require.Eventually(t, func() bool { return isGone(pid) }, 10*time.Second, 5*time.Millisecond, "process %d lives on", pid)
	}
}

// isGone reports whether a process has ended; that its parent may not have taken note of it does
// not count.
func isGone(pid int) bool {
	if stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)); err == nil {
		_, after, _ := strings.Cut(string(stat), ") ")
		return strings.HasPrefix(after, "Z")
	}
	return syscall.Kill(pid, 0) != nil
}

func TestWhatIsLeftOfAGroupIsKilled(t *testing.T) {
	for name, script := range map[string]string{
		"at a death":  `sleep 1000 & echo $! >>$PIDS; read x; exit 1`,
		"at the end":  `sleep 1000 & echo $! >>$PIDS; ` + each(`echo "$x"`),
		"at a break":  `sleep 1000 & echo $! >>$PIDS; ` + each(`echo "$x"`),
		"at a cancel": `sleep 1000 & echo $! >>$PIDS; ` + each(`echo "$x"`),
	} {
		t.Run(name, func(t *testing.T) {
			held := leak.Hold()
			pids := filepath.Join(t.TempDir(), "pids")
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			for range shell(script, process.Env("PIDS="+pids))(pl.FromSlice(numbered(3))).All(ctx) {
				switch name {
				case "at a cancel":
					cancel()
				case "at a break":
				default:
					continue
				}
				break
			}
			requireGone(t, pids)
			held.Check(t)
		})
	}
}

func TestStandardErrorIsDrained(t *testing.T) {
	var lost []*pl.StageError
	got, err := collect(t, shell(each(`head -c 300000 /dev/zero | tr '\0' x >&2; echo "$x"; [ "$x" != 2 ] || exit 1`)), numbered(4)...)
	require.NoError(t, err)
	require.Equal(t, numbered(4), got)

	got, err = collect(t, shell(each(`[ "$x" != 2 ] || { head -c 300000 /dev/zero | tr '\0' x >&2; echo end >&2; exit 1; }; echo "$x"`), noting(&lost)), numbered(4)...)
	require.NoError(t, err)
	require.Len(t, got, 3)
	exit := requireExit(t, lost[0], "exit status 1")
	require.Len(t, exit.Stderr, 4096)
	require.True(t, strings.HasSuffix(exit.Stderr, "xend\n"))
}

func TestAnAnswerTooManyIsNeverTakenForAnothers(t *testing.T) {
	restore := command.SetQuiet(time.Minute) // the shell may not get a processor between two answers
	for name, script := range map[string]string{
		"always":         each(`echo "$x"; echo extra`),
		"in one write":   each(`printf '%s\nextra\n' "$x"`),
		"without an end": each(`printf '%s\nextra' "$x"`),
	} {
		t.Run(name, func(t *testing.T) {
			var lost []*pl.StageError
			got, err := collect(t, shell(script, noting(&lost)), numbered(4)...)
			require.NoError(t, err)
			require.Empty(t, got)
			require.Len(t, lost, 4)
			require.ErrorContains(t, lost[0], "answered more than once; it must give one answer for each value")
		})
	}
	t.Run("a greeting", func(t *testing.T) {
		var lost []*pl.StageError
		got, err := collect(t, shell(`echo hello; `+each(`echo "$x"`), noting(&lost)), numbered(4)...)
		require.NoError(t, err)
		require.Empty(t, got)
		require.Len(t, lost, 4)
	})
	restore()
	t.Run("at the end", func(t *testing.T) {
		got, err := collect(t, shell(each(`echo "$x"`)+`; echo bye`), numbered(4)...)
		require.ErrorContains(t, err, "answered more than it was asked")
		require.Len(t, got, 4)
	})
	t.Run("later", func(t *testing.T) {
		var lost []*pl.StageError
		more := filepath.Join(t.TempDir(), "more")
		p := shell(each(`echo "$x"; if [ "$x" = 1 ]; then (sleep 0.1; echo extra; touch `+more+`) & fi`), noting(&lost))
		source := pl.FromFunc(func(_ context.Context, yield func(string) bool) error {
			_ = yield("0") && yield("1")
			require.Eventually(t, func() bool { _, err := os.Stat(more); return err == nil }, 20*time.Second, time.Millisecond)
			_ = yield("2") && yield("3")
			return nil
		})
		got, err := p(source).Collect(t.Context())
		require.NoError(t, err)
		require.Equal(t, []string{"0", "1", "3"}, got)
		require.Len(t, lost, 1)
		require.ErrorContains(t, lost[0], "answered before it was asked")
	})
}

func TestNothingIsStartedBeforeTheFirstValue(t *testing.T) {
	flag := filepath.Join(t.TempDir(), "flag")
	got, err := collect(t, shell("touch "+flag+"; cat", pl.Workers(3)))
	require.NoError(t, err)
	require.Empty(t, got)
	require.NoFileExists(t, flag)
}

func TestAProgramThatIsNotThereIsNamed(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{"no-such-program", filepath.Join(folder, "nowhere"), folder} {
		_, err := collect(t, command.Map(command.Lines(), []string{name, "x"}), "a")
		require.ErrorContains(t, err, name)
		var lost []*pl.StageError
		got, err := collect(t, command.Map(command.Lines(), []string{name}, noting(&lost)), "a", "b")
		require.NoError(t, err)
		require.Empty(t, got)
		require.Len(t, lost, 2)
	}
	_, err := collect(t, command.Map(command.Lines(), []string{"no-such-program"}), "a")
	require.ErrorIs(t, err, exec.ErrNotFound)
}

func TestBadArgumentsFailTheRunBeforeAnyValueMoves(t *testing.T) {
	moved := false
	source := pl.FromFunc(func(context.Context, func(string) bool) error { moved = true; return nil })
	for want, p := range map[string]pl.Partial[string, string]{
		"argv is empty":        command.Map(command.Lines(), nil),
		"argv is empty: it":    command.Map(command.Lines(), []string{""}),
		"the Protocol is zero": command.Map(command.Protocol[string, string]{}, []string{"cat"}),
		"MemoryLimit(1)":       command.Map(command.Lines(), []string{"cat"}, process.MemoryLimit(1)),
		"Recycle(0)":           command.Map(command.Lines(), []string{"cat"}, process.Recycle(0)),
		`Env(["x"])`:           command.Map(command.Lines(), []string{"cat"}, process.Env("x")),
		"Workers(0): must be":  command.Map(command.Lines(), []string{"cat"}, pl.Workers(0)),
	} {
		require.ErrorContains(t, p(source).Run(t.Context()), want)
	}
	run := command.Run[string](nil)
	require.ErrorContains(t, run(source).Run(t.Context()), "the function is nil")
	require.False(t, moved)
}

func TestEnvIsAddedAndRecycleReplaces(t *testing.T) {
	p := shell(each(`echo "$$ $GREETING $HOME"`), process.Env("GREETING=hello"), process.Recycle(3))
	t.Setenv("HOME", "/home/me")
	got, err := collect(t, p, numbered(7)...)
	require.NoError(t, err)
	pids := map[string]int{}
	for _, answer := range got {
		pid, rest, _ := strings.Cut(answer, " ")
		require.Equal(t, "hello /home/me", rest)
		pids[pid]++
	}
	require.Len(t, pids, 3)
}

func TestAProcessThatDoesNotEndIsMadeTo(t *testing.T) {
	restore := command.SetGrace(2 * time.Second) // from SIGTERM to SIGKILL too
	log := filepath.Join(t.TempDir(), "log")
	polite := shell(`trap 'echo term >>` + log + `; exit' TERM; ` + each(`echo "$x"`) + `; while :; do sleep 0.01; done`)
	got, err := collect(t, polite, "a")
	require.NoError(t, err)
	require.Equal(t, []string{"a"}, got)
	text, err := os.ReadFile(log)
	require.NoError(t, err)
	require.Equal(t, "term\n", string(text))
	restore()

	defer command.SetGrace(200 * time.Millisecond)()
	start := time.Now()
	stubborn := shell(`trap '' TERM; ` + each(`echo "$x"`) + `; while :; do sleep 0.01; done`)
	_, err = collect(t, stubborn, "a")
	require.NoError(t, err)
	require.GreaterOrEqual(t, time.Since(start), 400*time.Millisecond)
}

func TestARunThatEndsEarlyKillsAtOnce(t *testing.T) {
	held := leak.Hold()
	start := time.Now()
	stubborn := shell(`trap '' TERM; ` + each(`echo "$x"`) + `; while :; do sleep 1; done`)
	for range stubborn(pl.FromSlice(numbered(5))).All(t.Context()) {
		break
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, shell("sleep 1000")(pl.From("a")).Run(ctx), context.DeadlineExceeded)
	require.Less(t, time.Since(start), 4*time.Second)
	held.Check(t)
}

func TestProcessesAreSharedByTheValuesOfAWorker(t *testing.T) {
	got, err := collect(t, shell(each(`echo $$`), pl.Workers(3)), numbered(200)...)
	require.NoError(t, err)
	pids := map[string]bool{}
	for _, pid := range got {
		pids[pid] = true
	}
	require.LessOrEqual(t, len(pids), 3)
}

// No value is lost though something kills processes all the time.
func TestRandomKillsLoseNothingUnderRetry(t *testing.T) {
	held := leak.Hold()
	pids := filepath.Join(t.TempDir(), "pids")
	p := shell(`echo $$ >>`+pids+`; `+each(`echo "$x"`), pl.Workers(3), pl.Retry(1000, nil))
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	kills := map[int]bool{} // each once: its number may be another's later
	go func() {
		defer close(done)
		for ctx.Err() == nil && len(kills) < 150 {
			time.Sleep(time.Duration(rand.IntN(4)) * time.Millisecond)
			text, _ := os.ReadFile(pids)
			words := strings.Fields(string(text))
			if len(words) == 0 || !strings.HasSuffix(string(text), "\n") {
				continue
			}
			pid, err := strconv.Atoi(words[len(words)-1-rand.IntN(min(3, len(words)))])
			if err == nil && !kills[pid] {
				kills[pid] = true
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
		}
	}()
	slow := func(yield func(string) bool) {
		for _, word := range numbered(2000) {
			if time.Sleep(100 * time.Microsecond); !yield(word) {
				return
			}
		}
	}
	got, err := pl.Ordered(p(pl.FromSeq(slow))).Collect(t.Context())
	require.NoError(t, err)
	require.Equal(t, numbered(2000), got)
	stop()
	<-done
	require.Greater(t, len(kills), 10)
	held.Check(t)
}
