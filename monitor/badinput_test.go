package monitor_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/monitor"
	"github.com/gopeln/pl/thread"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// views are all views of runs at once.
type views struct {
	*monitor.Monitor
	lines  buffer
	log    bytes.Buffer
	report string
}

// allViews returns a context whose runs all views show.
func allViews(t *testing.T, ctx context.Context, opts ...monitor.Option) (*views, context.Context) {
	v := &views{Monitor: monitor.New(opts...), report: filepath.Join(t.TempDir(), "run.html")}
	ctx = monitor.Progress(v.Watch(ctx), append(opts, monitor.Writer(&v.lines), monitor.Every(time.Hour))...)
	ctx = monitor.Log(ctx, slog.New(slog.NewTextHandler(&v.log, nil)), 0, opts...)
	return v, monitor.Report(ctx, v.report, opts...)
}

// texts are what the views show.
func (v *views) texts(t *testing.T) map[string]string {
	t.Helper()
	report, err := os.ReadFile(v.report)
	require.NoError(t, err)
	return map[string]string{
		"page": get(v, "/").Body.String(), "list": get(v, "/?list").Body.String(), "report": string(report), "terminal": v.lines.String(),
		"log": v.log.String(), "metrics": get(v, "/metrics").Body.String(), "JSON": get(v, "/json").Body.String(),
	}
}

// Names, errors and values that would do harm are shown harmless, wherever they stand. What shows
// values may panic.
func TestHostileTextsInEveryView(t *testing.T) {
	const name = "<img src=x onerror=alert(1)>\x1b[2J\x07\n\xff"
	for what, show := range map[string]func(any) string{
		"a value": func(any) string { return "value " + name },
		"a panic": func(any) string { panic("value " + name) },
	} {
		t.Run(what, func(t *testing.T) {
			v, ctx := allViews(t, t.Context(), monitor.Values(show))
			bad := errors.New("error " + name)
			s := thread.Map(func(_ context.Context, i int) (int, error) {
				if i == 5 {
					return 0, bad
				}
				return i, nil
			}, pl.Name("stage "+name))(pl.Range(10).With(pl.Name("source " + name))).With(pl.Name("run " + name))
			require.ErrorIs(t, s.Run(ctx), bad)
			for view, text := range v.texts(t) {
				has(t, text, "onerror=alert(1)") // it is shown
				if view == "metrics" {
					continue // for which labels are the names as they are
				}
				hasNot(t, forPrograms.ReplaceAllString(text, ""), "\x1b")
				hasNot(t, forPrograms.ReplaceAllString(text, ""), "\x07")
				if view == "page" || view == "list" || view == "report" {
					hasNot(t, text, "<img")
				}
				if view == "page" || view == "report" || view == "JSON" {
					has(t, text, "value \\u003cimg")
				}
			}
		})
	}
}

// forPrograms are the places of a page where names stand as they are.
var forPrograms = regexp.MustCompile(`data-stage="[^"]*"`)

// An observer that panics fails the run, and every view shows that, whether it is asked before or
// after.
func TestAnObserverThatPanicsBesideTheViews(t *testing.T) {
	panics := func(*pl.RunInfo) func(error) { return func(error) { panic("no observer") } }
	before, ctx := allViews(t, t.Context())
	after, ctx := allViews(t, pl.Observe(ctx, panics))
	err := named("crawl", 10).Run(ctx)
	require.ErrorContains(t, err, "no observer")
	for _, v := range []*views{before, after} {
		for view, text := range v.texts(t) {
			has(t, text, "crawl")
			assert.NotEmpty(t, text, view)
		}
		assert.Equal(t, pl.Done, v.Stats()[0].State, "the run itself was well")
	}

	panicsAtOnce := func(*pl.RunInfo) func(error) { panic("no start") }
	before, ctx = allViews(t, t.Context())
	after, ctx = allViews(t, pl.Observe(ctx, panicsAtOnce))
	require.ErrorContains(t, named("crawl", 10).Run(ctx), "no start")
	for _, v := range []*views{before, after} {
		assert.Equal(t, pl.Failed, v.Stats()[0].State)
		texts := v.texts(t)
		for _, view := range []string{"page", "report", "terminal", "log"} {
			has(t, texts[view], "no start")
		}
	}
}
