package monitor_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/monitor"
	"github.com/gopeln/pl/thread"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A run whose loop was left, or that was drained, has ended without an error. No view may make it
// look as if all its values had come through.
func TestARunThatWasCutShortDoesNotLookComplete(t *testing.T) {
	const n = 100
	step := thread.Map(func(_ context.Context, i int) (int, error) { time.Sleep(time.Second); return i, nil }, pl.MaxSize(1))
	unknown := pl.FromFunc(func(_ context.Context, yield func(int) bool) error {
		for i := range n {
			if !yield(i) {
				break
			}
		}
		return nil
	})
	leaves := func(after int) func(context.Context, pl.Stage[int]) {
		return func(ctx context.Context, s pl.Stage[int]) {
			for v := range s.All(ctx) {
				if v+1 == after {
					time.Sleep(time.Millisecond) // the worker has nothing left to do
					break
				}
			}
		}
	}
	drains := func(after time.Duration) func(context.Context, pl.Stage[int]) {
		return func(ctx context.Context, s pl.Stage[int]) {
			stop, cancel := context.WithTimeout(ctx, after)
			defer cancel()
			require.NoError(t, s.Run(pl.Drain(ctx, stop, 0)))
		}
	}
	for name, c := range map[string]struct {
		s       pl.Stage[int]
		consume func(context.Context, pl.Stage[int])
		cut     string // as a line says it; empty: it was not
		pill    string
	}{
		"to the end":            {pl.Pipe(pl.Range(n), step), leaves(0), "", "done"},
		"after the last value":  {pl.Pipe(pl.Range(n), step), leaves(n), "", "done"},
		"by Take":               {pl.Pipe2(pl.Range(n), step, pl.Take[int](37)), leaves(0), "", "done"},
		"before the end":        {pl.Pipe(pl.Range(n), step), leaves(37), "stopped early at 37 %", "stopped early"},
		"read without a bound":  {pl.Pipe2(pl.Range(n), thread.Map(pl.Lift(func(i int) int { return i })), step), leaves(37), "stopped early at 37 %", "stopped early"},
		"of an unknown number":  {pl.Pipe(unknown, step), leaves(37), "stopped early", "stopped early"},
		"drained":               {pl.Pipe(pl.Range(n), step), drains(35500 * time.Millisecond), "drained at 3", "drained"},
		"drained after the end": {pl.Pipe(pl.Range(n), step), drains(99500 * time.Millisecond), "", "done"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var lines buffer
				var log bytes.Buffer
				report := filepath.Join(t.TempDir(), "run.html")
				m := monitor.New()
				ctx := monitor.Progress(m.Watch(t.Context()), monitor.Writer(&lines), monitor.Every(time.Hour))
				ctx = monitor.Report(monitor.Log(ctx, slog.New(slog.NewJSONHandler(&log, nil)), 0), report)
				c.consume(ctx, c.s)

				assert.Equal(t, pl.Done, m.Stats()[0].State)
				file, err := os.ReadFile(report)
				require.NoError(t, err)
				for what, text := range map[string]string{"page": get(m, "/").Body.String(), "list": get(m, "/?list").Body.String(), "report": string(file)} {
					assert.Regexp(t, fmt.Sprintf(`<span class="pill [^>]*>%s</span>`, c.pill), text, what)
				}
				var record map[string]any
				require.NoError(t, json.Unmarshal(log.Bytes(), &record))
				if c.cut == "" {
					assert.Contains(t, lines.String(), " done ")
					assert.Regexp(t, `: Done, \d`, fmt.Sprint(m.Stats()[0]))
					assert.NotContains(t, record, "cut")
					return
				}
				assert.Contains(t, lines.String(), " "+c.cut)
				assert.NotContains(t, lines.String(), "done")
				assert.Contains(t, fmt.Sprint(m.Stats()[0]), ": Done, "+c.cut)
				assert.Contains(t, record["cut"], c.cut)
			})
		})
	}
}
