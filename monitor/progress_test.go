package monitor_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/monitor"
	"github.com/gopeln/pl/pltest"
	"github.com/gopeln/pl/thread"
)

// buffer is a writer for several goroutines.
type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// lines of what was written, which must be whole.
func (b *buffer) lines(t *testing.T) []string {
	t.Helper()
	text := b.String()
	require.True(t, text == "" || strings.HasSuffix(text, "\n"), "the last line has no end: %q", text)
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}

// logged makes buffer take what slog.Default logs.
func logged(t *testing.T) *buffer {
	var log buffer
	was := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	t.Cleanup(func() { slog.SetDefault(was) })
	return &log
}

// slow is a pipeline of three stages, the middle one of which is the bottleneck.
func slow(n int, each time.Duration) pl.Stage[int] {
	return pl.Pipe2(pl.Range(n),
		thread.Map(func(_ context.Context, i int) (int, error) { time.Sleep(each); return i, nil }, pl.Name("score"), pl.MaxSize(4)),
		thread.Map(pl.Lift(func(i int) int { return i }), pl.Name("index"), pl.MaxSize(4))).With(pl.Name("index"))
}

// inBackground runs a stage.
func inBackground(ctx context.Context, stage pl.Stage[int]) (done <-chan error) {
	result := make(chan error, 1)
	go func() { result <- stage.Run(ctx) }()
	return result
}

func TestWithoutTerminalThereIsALineNowAndThenAndAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pltest.LeakCheck(t)
		var out buffer
		ctx := monitor.Progress(t.Context(), monitor.Writer(&out))
		start := time.Now()
		require.NoError(t, slow(60, time.Second).Run(ctx))
		assert.Equal(t, time.Minute, time.Since(start), "the view costs no time")
		lines := out.lines(t)
		require.Len(t, lines, 5)
		for i, elapsed := range []string{"0:05", "0:12", "0:23", "0:40"} { // after 5, 7.5, 11.25, 16.875 seconds
			assert.Regexp(t, `^index \d+ % \d+ out [01]\.\d/s elapsed `+elapsed+` left \d:\d\d \| `, lines[i])
		}
		assert.Regexp(t, `^index done 60 out 1.0/s elapsed 1:00 \| `, lines[4])
		assert.NotContains(t, out.String(), "\x1b")
	})
}

func TestEverySetsTheTimeBetweenLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out buffer
		ctx := monitor.Progress(t.Context(), monitor.Writer(&out), monitor.Every(10*time.Second))
		require.NoError(t, slow(45, time.Second).Run(ctx))
		assert.Len(t, out.lines(t), 5)
	})
}

func TestShortRunHasItsLastLine(t *testing.T) {
	var out buffer
	ctx := monitor.Progress(t.Context(), monitor.Writer(&out))
	require.NoError(t, slow(3, 0).Run(ctx))
	lines := out.lines(t)
	require.Len(t, lines, 1)
	assert.Regexp(t, `^index done 3 out \S+/s elapsed 0:00 \| The run was too short to tell`, lines[0])
}

func TestFailedAndCancelledRunsSayWhyInTheirLastLine(t *testing.T) {
	var out buffer
	ctx := monitor.Progress(t.Context(), monitor.Writer(&out))
	boom := errors.New("boom\x1b[2J")
	err := pl.Pipe(pl.Range(3), pltest.Fail[int](boom, 1)).Run(ctx)
	require.ErrorIs(t, err, boom)
	ctx, cancel := context.WithCancelCause(ctx)
	endless := pl.FromFunc(func(ctx context.Context, _ func(int) bool) error {
		cancel(errors.New("enough"))
		<-ctx.Done()
		return ctx.Err()
	})
	require.ErrorContains(t, endless.Run(ctx), "enough")
	lines := out.lines(t)
	require.Len(t, lines, 2)
	assert.Regexp(t, ` failed .*boom\\x1b\[2J`, lines[0])
	assert.Regexp(t, ` cancelled .*enough`, lines[1])
}

func TestWriterThatFailsIsLoggedOnceAndChangesNothing(t *testing.T) {
	for name, w := range map[string]func([]byte) (int, error){
		"an error": func([]byte) (int, error) { return 0, errors.New("disk full") },
		"short":    func(p []byte) (int, error) { return len(p) / 2, nil },
		"a panic":  func([]byte) (int, error) { panic("disk full") },
	} {
		t.Run(name, func(t *testing.T) {
			pltest.LeakCheck(t)
			log := logged(t)
			ctx := monitor.Progress(t.Context(), monitor.Writer(writer(w)), monitor.Every(time.Millisecond))
			for range 3 {
				got, err := slow(20, time.Millisecond).Collect(ctx)
				require.NoError(t, err)
				require.Len(t, got, 20)
			}
			assert.Equal(t, 1, strings.Count(log.String(), "level=WARN"), log.String())
			assert.Contains(t, log.String(), "progress")
		})
	}
}

type writer func([]byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }

func TestWriterThatBlocksHoldsUpNothingForLong(t *testing.T) {
	log := logged(t)
	release := make(chan struct{})
	defer close(release)
	var out buffer
	blocking := writer(func(p []byte) (int, error) { <-release; return out.Write(p) })
	ctx := monitor.Progress(t.Context(), monitor.Writer(blocking), monitor.Every(time.Millisecond))
	start := time.Now()
	for range 10 {
		got, err := slow(20, time.Millisecond).Collect(ctx)
		require.NoError(t, err)
		require.Len(t, got, 20)
	}
	assert.Less(t, time.Since(start), 10*time.Second)
	assert.Equal(t, 1, strings.Count(log.String(), "level=WARN"), log.String())
}

func TestWriterIsUsedByOneAtATime(t *testing.T) {
	var out bytes.Buffer // the race detector watches it
	ctx := monitor.Progress(t.Context(), monitor.Writer(&out), monitor.Every(time.Millisecond))
	nested := thread.Map(func(ctx context.Context, i int) (int, error) {
		return i, slow(5, time.Millisecond).Run(ctx)
	}, pl.Workers(8))
	require.NoError(t, nested(pl.Range(30)).Run(ctx))
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			assert.NoError(t, slow(20, time.Millisecond).Run(monitor.Progress(t.Context(), monitor.Writer(&out))))
		})
	}
	wg.Wait()
	assert.Contains(t, out.String(), " done ")
}

func TestOutputToAFileHasNoEscapeCodes(t *testing.T) {
	file, err := os.Create(t.TempDir() + "/log")
	require.NoError(t, err)
	defer file.Close()
	ctx := monitor.Progress(t.Context(), monitor.Writer(file), monitor.Every(5*time.Millisecond))
	require.NoError(t, slow(20, 5*time.Millisecond).Run(ctx))
	text, err := os.ReadFile(file.Name())
	require.NoError(t, err)
	assert.NotContains(t, string(text), "\x1b")
	assert.NotContains(t, string(text), "\r")
	assert.Greater(t, strings.Count(string(text), "\n"), 2)
}

func TestStderrIsStandardErrorWhereNothingIsShown(t *testing.T) {
	was := os.Stderr
	defer func() { os.Stderr = was }()
	r, w, err := os.Pipe()
	require.NoError(t, err)
	os.Stderr = w
	stderr := monitor.Stderr()
	n, err := stderr.Write([]byte("no line"))
	require.NoError(t, err)
	assert.Equal(t, 7, n)
	w.Close()
	var got bytes.Buffer
	_, err = got.ReadFrom(r)
	require.NoError(t, err)
	assert.Equal(t, "no line", got.String())
	_, err = stderr.Write([]byte("x"))
	require.Error(t, err)
}

func TestRunsWithinARunAreCounted(t *testing.T) {
	var out buffer
	ctx := monitor.Progress(t.Context(), monitor.Writer(&out))
	outer := thread.Map(func(ctx context.Context, v int) (int, error) {
		return v, pl.Range(3).Run(ctx)
	}, pl.Workers(4), pl.Name("outer"))
	require.NoError(t, outer(pl.Range(40)).Run(ctx))
	lines := out.lines(t)
	require.Len(t, lines, 1)
	assert.Regexp(t, `^outer done 40 out .* \| runs within its stages: 0 under way, 40 ended$`, lines[0])

	// A view of such a run alone shows it.
	outer = thread.Map(func(ctx context.Context, v int) (int, error) {
		return v, pl.Range(3).With(pl.Name("inner")).Run(monitor.Progress(ctx, monitor.Writer(&out)))
	})
	require.NoError(t, outer(pl.Range(1)).Run(t.Context()))
	assert.Regexp(t, `^inner done 3 out `, out.lines(t)[1])
}
