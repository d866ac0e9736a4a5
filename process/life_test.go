//go:build unix

package process_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/process"
)

// children are the processes whose parent is this one.
func children() (pids []int) {
	tasks, _ := filepath.Glob("/proc/self/task/*/children")
	for _, task := range tasks {
		text, _ := os.ReadFile(task)
		for field := range strings.FieldsSeq(string(text)) {
			if pid, err := strconv.Atoi(field); err == nil {
				pids = append(pids, pid)
			}
		}
	}
	return pids
}

func descriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	return len(entries)
}

func TestRunsLeaveNothingBehind(t *testing.T) {
	crash := deaths["exit"].stage
	once := func(i int) {
		switch i % 4 {
		case 0:
			require.NoError(t, increment(pl.Range(10)).With(pl.Workers(2)).Run(t.Context()))
		case 1:
			for range increment(pl.Range(100)).With(pl.Workers(2)).All(t.Context()) {
				break
			}
		case 2:
			require.Error(t, crash(pl.From(1, poison, 2)).Run(t.Context()))
		case 3:
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			require.ErrorIs(t, increment(pl.Range(10)).Run(ctx), context.Canceled)
		}
	}
	once(0)
	goroutines, open := runtime.NumGoroutine(), descriptors(t)
	n := 200
	if testing.Short() || raceBuild {
		n = 60 // a worker takes ten times as long to start
	}
	for i := range n {
		once(i)
	}
	for end := time.Now().Add(2 * time.Second); runtime.NumGoroutine() > goroutines; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			pprof.Lookup("goroutine").WriteTo(os.Stderr, 1)
			require.FailNow(t, "goroutines are left")
		}
	}
	require.LessOrEqual(t, descriptors(t), open)
	require.Empty(t, children())
}

var steady = process.Map(func(_ context.Context, n int) (int, error) {
	for range 200 {
		runtime.KeepAlive(n)
	}
	return n, nil
}, pl.Retry(20, nil))

// Workers are killed from outside at random; nothing is lost and nothing comes twice.
func TestSoak(t *testing.T) {
	n := 200_000
	if testing.Short() || raceBuild {
		n = 20_000
	}
	seen := make([]bool, n)
	count, kills := 0, 0
	for v, err := range steady(pl.Range(n)).With(pl.Workers(3), pl.MaxSize(2000)).All(t.Context()) {
		require.NoError(t, err)
		require.False(t, seen[v], "%d came twice", v)
		seen[v] = true
		count++
		if rand.IntN(2500) > 0 {
			continue
		}
		kills += killOne(t)
	}
	require.Equal(t, n, count)
	require.NotZero(t, kills)
}

// killOne kills one of the workers, if there are any, and returns how many that were.
func killOne(t *testing.T) int {
	pids := children()
	if len(pids) == 0 {
		return 0
	}
	victim, err := os.FindProcess(pids[rand.IntN(len(pids))])
	require.NoError(t, err)
	_ = victim.Kill() // it may just have ended
	return 1
}

// letter is number n, in so many bytes that some letters go through the pipes and others through
// shared memory.
func letter(n int) []byte {
	text := slices.Repeat([]byte{byte(n)}, 8+n*7919%(200<<10))
	binary.LittleEndian.PutUint64(text, uint64(n))
	return text
}

// The answer to a letter is the next one, if the letter came whole.
var answers = process.Map(func(_ context.Context, in []byte) ([]byte, error) {
	n := int(binary.LittleEndian.Uint64(in))
	if !slices.Equal(in, letter(n)) {
		return nil, fmt.Errorf("letter %d is damaged", n)
	}
	return letter(n + 1), nil
}, pl.Name("answers"), pl.Retry(20, nil))

// Workers are killed while long values are on their way. Each comes once and whole, and stays so
// while others follow.
func TestLongValuesOutliveKills(t *testing.T) {
	const n = 2000
	letters := pl.FromFunc(func(_ context.Context, yield func([]byte) bool) error {
		for i := range n {
			if !yield(letter(i)) {
				break
			}
		}
		return nil
	})
	got := map[int][]byte{}
	count, kills := 0, 0
	for text, err := range answers(letters).With(pl.Workers(3), pl.MaxSize(50)).All(t.Context()) {
		require.NoError(t, err)
		number := int(binary.LittleEndian.Uint64(text))
		require.NotContains(t, got, number, "came twice")
		got[number] = nil
		if count++; count%50 == 0 {
			kills += killOne(t)
			got[number] = text
		}
		require.True(t, slices.Equal(text, letter(number)), "answer %d is damaged", number)
	}
	for number, text := range got {
		require.True(t, text == nil || slices.Equal(text, letter(number)), "answer %d was damaged later", number)
	}
	require.Equal(t, n, count)
	require.NotZero(t, kills)
}

var recycled = process.MapWith(pl.OnStart(openNote).OnEnd(closeNote),
	func(context.Context, note, int) (int, error) { return os.Getpid(), nil }, process.Recycle(100))

func TestRecycleReplacesWorkersInAnOrderlyWay(t *testing.T) {
	dir := t.TempDir()
	got, err := recycled(pl.Range(1000)).With(process.Env("NOTES=" + dir)).Collect(t.Context())
	require.NoError(t, err)
	require.Len(t, got, 1000)
	runs := map[int]int{}
	for _, pid := range got {
		runs[pid]++
	}
	require.Len(t, runs, 10)
	for _, n := range runs {
		require.Equal(t, 100, n)
	}
	texts := notes(t, dir)
	require.GreaterOrEqual(t, len(texts), 10)
	for _, text := range texts {
		require.True(t, strings.HasPrefix(text, "closed"), text)
	}
}

var environ = process.Map(func(_ context.Context, name string) (string, error) { return os.Getenv(name), nil })

func TestEnvAddsToTheEnvironment(t *testing.T) {
	t.Setenv("OUTER", "outer")
	t.Setenv("BOTH", "outer")
	got, err := environ(pl.From("OUTER", "BOTH", "ADDED", "GOPELN_WORKER")).
		With(process.Env("BOTH=inner", "ADDED=a=b")).Collect(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"outer", "inner", "a=b", ""}, got)
}

var (
	badStart = process.MapWith(pl.OnStart(func(context.Context) (int, error) { return 0, errors.New("no database") }),
		func(_ context.Context, r, n int) (int, error) { return n, nil })
	badEnd = process.MapWith(pl.OnStart(func(context.Context) (int, error) { return 0, nil }).
		OnEnd(func(context.Context, int) error { return errors.New("cannot close") }),
		func(_ context.Context, r, n int) (int, error) { return n, nil })
	exitAtStart = process.MapWith(pl.OnStart(func(context.Context) (int, error) { os.Exit(9); return 0, nil }),
		func(_ context.Context, r, n int) (int, error) { return n, nil })
	exitAtEnd = process.MapWith(pl.OnStart(func(context.Context) (int, error) { return 0, nil }).
			OnEnd(func(context.Context, int) error { os.Exit(9); return nil }),
		func(_ context.Context, r, n int) (int, error) { return n, nil })
)

func TestFailuresOfResourcesFailTheRun(t *testing.T) {
	for want, stage := range map[string]pl.Partial[int, int]{
		"no database": badStart, "cannot close": badEnd, "exit status 9": exitAtStart,
	} {
		err := stage(pl.Range(5)).With(pl.Workers(2)).Run(t.Context())
		require.ErrorContains(t, err, want)
		_, ok := errors.AsType[*pl.StageError](err)
		require.True(t, ok)
	}
	got, err := exitAtEnd(pl.Range(5)).Collect(t.Context())
	require.ErrorContains(t, err, "exit status 9")
	require.Len(t, got, 5)
}

// TestMain lets the test binary be the victim of TestWorkersGoWithTheirProgram.
func TestMain(m *testing.M) {
	process.Main()
	if os.Getenv("VICTIM") != "" {
		victim()
	}
	os.Exit(m.Run())
}

var lingering = process.Map(func(_ context.Context, spin bool) (int, error) {
	fmt.Println("pid", os.Getpid())
	for spin {
		runtime.KeepAlive(spin)
	}
	<-never
	return 0, nil
})

func victim() {
	lingering(pl.From(true, false)).With(pl.Workers(2)).Run(context.Background())
}

func TestWorkersGoWithTheirProgram(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGINT} {
		t.Run(sig.String(), func(t *testing.T) {
			if signal.Ignored(sig) {
				t.Skip("the tests were started with this signal ignored, as nohup does")
			}
			goesWith(t, sig)
		})
	}
}

func goesWith(t *testing.T, sig syscall.Signal) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "VICTIM=yes")
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	var pids []int
	for lines := bufio.NewScanner(out); len(pids) < 2 && lines.Scan(); {
		if text, ok := strings.CutPrefix(lines.Text(), "pid "); ok {
			pid, err := strconv.Atoi(text)
			require.NoError(t, err)
			pids = append(pids, pid)
		}
	}
	require.NoError(t, cmd.Process.Signal(sig))
	cmd.Wait()
	require.Len(t, pids, 2)
	for _, pid := range pids {
		require.Eventually(t, func() bool { return gone(pid) }, time.Second, time.Millisecond)
	}
}

// gone reports whether a process has ended. One that has no waiter may stay as a zombie.
func gone(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || strings.Contains(string(stat), ") Z ")
}

var (
	errKnown  = errors.New("known")
	_         = register(errKnown)
	sentinels = process.Map(func(ctx context.Context, n int) (int, error) {
		switch n {
		case 0:
			return 0, fmt.Errorf("wrapped: %w", errKnown)
		case 1:
			return 0, context.DeadlineExceeded
		default:
			return 0, errors.New("known")
		}
	})
)

func register(err error) error {
	process.RegisterError(err)
	return err
}

func TestRegisteredErrorsAreFoundAgain(t *testing.T) {
	err := sentinels(pl.From(0)).Run(t.Context())
	require.ErrorIs(t, err, errKnown)
	require.ErrorContains(t, err, "wrapped: known")
	require.ErrorIs(t, sentinels(pl.From(1)).Run(t.Context()), context.DeadlineExceeded)
	require.NotErrorIs(t, sentinels(pl.From(2)).Run(t.Context()), errKnown)
}
