package pl_test

import (
	"bytes"
	"context"
	"errors"
	"log"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/internal/backendtest"
	"github.com/gopeln/pl/thread"
)

// records is a log handler that keeps what it is given.
type records struct {
	mu  sync.Mutex
	all []record
}

type record struct {
	level  slog.Level
	attrs  map[string]slog.Value
	worker pl.WorkerInfo // of the context
}

func (*records) Enabled(context.Context, slog.Level) bool { return true }
func (h *records) WithAttrs([]slog.Attr) slog.Handler     { return h }
func (h *records) WithGroup(string) slog.Handler          { return h }

func (h *records) Handle(ctx context.Context, r slog.Record) error {
	one := record{r.Level, map[string]slog.Value{}, pl.WorkerFrom(ctx)}
	r.Attrs(func(a slog.Attr) bool {
		one.attrs[a.Key] = a.Value
		return true
	})
	h.mu.Lock()
	defer h.mu.Unlock()
	h.all = append(h.all, one)
	return nil
}

func TestSkipLogWritesOneRecordPerDroppedValue(t *testing.T) {
	for _, b := range backends {
		t.Run(b.Name, func(t *testing.T) {
			var kept records
			got := values(t, b.Obey.Map(pl.From(1, backendtest.Fail+7, 2)).With(pl.Name("picky"), pl.Retry(3, nil),
				pl.OnError(pl.SkipLog(slog.New(&kept)))))
			assert.Equal(t, []int{1, 2}, got)
			require.Len(t, kept.all, 1, "after the last attempt, once")
			one := kept.all[0]
			assert.Equal(t, slog.LevelWarn, one.level)
			assert.Equal(t, "picky", one.attrs["stage"].String())
			assert.EqualValues(t, 0, one.attrs["worker"].Int64())
			assert.Equal(t, "1000007", one.attrs["value"].String())
			assert.EqualValues(t, 3, one.attrs["attempts"].Int64())
			err, ok := one.attrs["err"].Any().(error)
			require.True(t, ok)
			assert.ErrorIs(t, err, backendtest.ErrBroken)
			assert.Contains(t, err.Error(), "broken")
		})
	}
}

func TestSkipLogQuotesATextOnce(t *testing.T) {
	for text, want := range map[string]string{"/13": "/13", `say "no"`: `say "no"`, strings.Repeat("ä", 41): strings.Repeat("ä", 40) + "…"} {
		var kept records
		fails := thread.Map(func(context.Context, string) (int, error) { return 0, errors.New("no") },
			pl.OnError(pl.SkipLog(slog.New(&kept))))
		assert.Empty(t, values(t, fails(pl.From(text))))
		require.Len(t, kept.all, 1)
		assert.Equal(t, want, kept.all[0].attrs["value"].String())
	}
}

func TestSkipLogHasTheStagesContext(t *testing.T) {
	var kept records
	fails := thread.Map(func(context.Context, int) (int, error) { return 0, errors.New("no") },
		pl.Name("picky"), pl.OnError(pl.SkipLog(slog.New(&kept))))
	assert.Empty(t, values(t, fails(pl.Range(1))))
	require.Len(t, kept.all, 1)
	assert.Equal(t, "picky", kept.all[0].worker.Stage)
}

func TestSkipLogLooksTheDefaultUpAtEachDrop(t *testing.T) {
	before, output, flags := slog.Default(), log.Writer(), log.Flags() // SetDefault redirects package log, too
	t.Cleanup(func() {
		slog.SetDefault(before)
		log.SetOutput(output)
		log.SetFlags(flags)
	})
	var logs [2]records
	turns := thread.Map(func(_ context.Context, x int) (int, error) {
		slog.SetDefault(slog.New(&logs[x]))
		return 0, errors.New("no")
	}, pl.OnError(pl.SkipLog(nil)))
	assert.Empty(t, values(t, turns(pl.Range(2))))
	assert.Len(t, logs[0].all, 1)
	assert.Len(t, logs[1].all, 1)
}

// unspeakable has an Error method that ends its goroutine.
type unspeakable struct{}

func (unspeakable) Error() string { runtime.Goexit(); return "" }

func TestSkipLogSurvivesAnyError(t *testing.T) {
	var text records
	l := slog.New(slog.NewTextHandler(t.Output(), nil))
	for _, l := range []*slog.Logger{l, slog.New(&text)} {
		fails := thread.Map(func(context.Context, int) (int, error) { return 0, unspeakable{} },
			pl.OnError(pl.SkipLog(l)))
		assert.Empty(t, values(t, fails(pl.Range(2))))
	}
	require.Len(t, text.all, 2)
	assert.ErrorAs(t, text.all[0].attrs["err"].Any().(error), new(unspeakable))
}

func TestSkipLogShortensAnErrorWithAStack(t *testing.T) {
	for _, level := range []slog.Level{slog.LevelWarn, slog.LevelDebug} {
		var text bytes.Buffer
		l := slog.New(slog.NewTextHandler(&text, &slog.HandlerOptions{Level: level}))
		fails := thread.Map(func(context.Context, int) (int, error) { panic("out of ink") }, pl.OnError(pl.SkipLog(l)))
		assert.Empty(t, values(t, fails(pl.Range(1))))
		warned, rest, _ := strings.Cut(text.String(), "\n")
		assert.Contains(t, warned, "panic: out of ink …")
		assert.Contains(t, warned, "at level Debug")
		assert.NotContains(t, warned, "goroutine")
		if level == slog.LevelDebug {
			assert.Contains(t, rest, "goroutine")
			assert.NotContains(t, rest, "…")
		} else {
			assert.Empty(t, rest)
		}
	}
}

func TestSkipLogShortensALongLine(t *testing.T) {
	var kept records
	long := strings.Repeat("x", 5000)
	fails := thread.Map(func(context.Context, int) (int, error) { return 0, errors.New(long) },
		pl.OnError(pl.SkipLog(slog.New(&kept))))
	assert.Empty(t, values(t, fails(pl.Range(1))))
	require.Len(t, kept.all, 2)
	assert.Equal(t, strings.Repeat("x", 1000)+" … (4000 bytes more, at level Debug)", kept.all[0].attrs["err"].String())
	assert.Equal(t, long, kept.all[1].attrs["err"].String())
}
