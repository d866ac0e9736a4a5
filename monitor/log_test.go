package monitor_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
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

// records are what a handler for JSON has written.
func records(t *testing.T, out *buffer) (all []map[string]any) {
	t.Helper()
	for _, line := range out.lines(t) {
		var r map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &r), line)
		all = append(all, r)
	}
	return all
}

func TestRunIsLoggedAtItsEndAndEverySoOften(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pltest.LeakCheck(t)
		for every, want := range map[time.Duration]int{0: 1, -1: 1, 10 * time.Second: 6, 25 * time.Second: 3} {
			var out buffer
			ctx := monitor.Log(t.Context(), slog.New(slog.NewJSONHandler(&out, nil)), every)
			require.NoError(t, slow(55, time.Second).Run(ctx))
			all := records(t, &out)
			require.Len(t, all, want, every)
			for _, r := range all[:want-1] {
				assert.Equal(t, "pipeline runs", r["msg"])
				assert.Equal(t, "INFO", r["level"])
			}
			last := all[want-1]
			for key, value := range map[string]any{
				"msg": "pipeline done", "level": "INFO", "pipeline": "index", "state": "Done", "elapsed": 55e9,
				"in": 55., "out": 55., "dropped": 0., "failed": 0., "rate": 1., "verdict": "WarmingUp",
			} {
				assert.Equal(t, value, last[key], key)
			}
			assert.NotContains(t, last, "error")
		}
	})
}

func TestFailureIsLoggedAsErrorAndCancellationAsWarning(t *testing.T) {
	var out buffer
	ctx := monitor.Log(t.Context(), slog.New(slog.NewJSONHandler(&out, nil)), 0)
	boom := errors.New("boom")
	require.ErrorIs(t, pl.Pipe(pl.Range(3), pltest.Fail[int](boom, 1)).Run(ctx), boom)
	ctx, cancel := context.WithCancel(ctx)
	endless := pl.FromFunc(func(ctx context.Context, _ func(int) bool) error { cancel(); <-ctx.Done(); return nil })
	require.Error(t, endless.Run(ctx))
	all := records(t, &out)
	require.Len(t, all, 2)
	assert.Equal(t, "pipeline failed", all[0]["msg"])
	assert.Equal(t, "ERROR", all[0]["level"])
	assert.Contains(t, all[0]["error"], "boom")
	assert.Equal(t, 1., all[0]["failed"])
	assert.Equal(t, "pipeline cancelled", all[1]["msg"])
	assert.Equal(t, "WARN", all[1]["level"])
}

func TestStuckRunIsLoggedAsWarning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out buffer
		ctx := monitor.Log(t.Context(), slog.New(slog.NewJSONHandler(&out, nil)), 30*time.Second)
		hang := thread.Map(func(_ context.Context, v int) (int, error) { time.Sleep(70 * time.Second); return v, nil }, pl.Name("hang"))
		require.NoError(t, pl.Pipe(pl.Range(1), hang).Run(ctx))
		all := records(t, &out)
		require.Len(t, all, 3)
		assert.Equal(t, "WARN", all[0]["level"])
		assert.Equal(t, "Stuck", all[0]["verdict"])
		assert.Equal(t, "hang", all[0]["bottleneck"])
	})
}

func TestLoggerDefaultsToTheDefaultOne(t *testing.T) {
	ctx := monitor.Log(t.Context(), nil, 0)
	log := logged(t) // looked up when there is something to log
	require.NoError(t, pl.Range(3).Run(ctx))
	assert.Equal(t, 1, strings.Count(log.String(), "pipeline done"))
}

// handler is one of a user's.
type handler func(context.Context) error

func (handler) Enabled(context.Context, slog.Level) bool          { return true }
func (h handler) Handle(ctx context.Context, _ slog.Record) error { return h(ctx) }
func (h handler) WithAttrs([]slog.Attr) slog.Handler              { return h }
func (h handler) WithGroup(string) slog.Handler                   { return h }

func TestHandlerThatPanicsOrBlocksChangesNothing(t *testing.T) {
	logged(t)
	release := make(chan struct{})
	defer close(release)
	for name, h := range map[string]handler{
		"panics": func(context.Context) error { panic("no") },
		"blocks": func(context.Context) error { <-release; return nil },
		"fails":  func(context.Context) error { return errors.New("no") },
	} {
		start := time.Now()
		ctx := monitor.Log(t.Context(), slog.New(h), 5*time.Millisecond)
		for range 5 {
			require.NoError(t, slow(20, time.Millisecond).Run(ctx), name)
		}
		assert.Less(t, time.Since(start), 4*time.Second, name)
	}
}

func TestHandlerGetsTheContext(t *testing.T) {
	type key struct{}
	var got any
	h := handler(func(ctx context.Context) error { got = ctx.Value(key{}); return nil })
	ctx := monitor.Log(context.WithValue(t.Context(), key{}, "trace"), slog.New(h), 0)
	require.NoError(t, pl.Range(3).Run(ctx))
	assert.Equal(t, "trace", got)
}
