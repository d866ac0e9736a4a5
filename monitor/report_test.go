package monitor_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/monitor"
	"github.com/gopeln/pl/thread"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func contents(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	return string(text)
}

func TestReportAsJSON(t *testing.T) {
	file := filepath.Join(t.TempDir(), "run.json")
	m := monitor.New()
	require.NoError(t, named("crawl", 10).Run(monitor.Report(m.Watch(t.Context()), file)))
	var got, want any
	require.NoError(t, json.Unmarshal([]byte(contents(t, file)), &got))
	var all []any
	require.NoError(t, json.Unmarshal(get(m, "/json").Body.Bytes(), &all))
	want = all[0]
	assert.Equal(t, want, got)
}

func TestReportAsHTML(t *testing.T) {
	file := filepath.Join(t.TempDir(), "run.HTML")
	require.NoError(t, named("crawl", 10).Run(monitor.Report(t.Context(), file)))
	text := contents(t, file)
	has(t, text, `<tr data-stage="crawl"`)
	has(t, text, `data-state="Done"`)
	match := snapshot.FindStringSubmatch(text)
	require.NotNil(t, match)
	var run struct{ Stages []pl.StageStats }
	require.NoError(t, json.Unmarshal([]byte(match[1]), &run))
	assert.EqualValues(t, 10, run.Stages[1].Out)
	for _, not := range []string{"http://", "https://", `id="pause"`, `href="json"`, "refresh\" content"} {
		hasNot(t, text, not)
	}
	left, err := os.ReadDir(filepath.Dir(file))
	require.NoError(t, err)
	assert.Len(t, left, 1, "no temporary file is left")
}

func TestAReportIsWrittenHoweverTheRunEnds(t *testing.T) {
	file := filepath.Join(t.TempDir(), "run.html")
	bad := errors.New("the disk <is> on fire")
	err := thread.Map(func(context.Context, int) (int, error) { return 0, bad })(pl.Range(3)).Run(monitor.Report(t.Context(), file))
	require.ErrorIs(t, err, bad)
	has(t, contents(t, file), `data-state="Failed"`)
	has(t, contents(t, file), "the disk &lt;is&gt; on fire")

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for range named("crawl", 1000).All(monitor.Report(ctx, file)) {
		cancel()
	}
	has(t, contents(t, file), `data-state="Cancelled"`)

	for range named("crawl", 1000).All(monitor.Report(t.Context(), file)) {
		break
	}
	has(t, contents(t, file), `data-state="Done"`)
}

func TestAReportThatCannotBeWrittenChangesNothing(t *testing.T) {
	for name, file := range map[string]string{
		"no such folder": filepath.Join(t.TempDir(), "no", "such", "folder", "run.html"),
		"a folder":       t.TempDir() + string(filepath.Separator) + ".html",
		"another ending": filepath.Join(t.TempDir(), "run.pdf"),
		"no name":        "",
	} {
		t.Run(name, func(t *testing.T) {
			if name == "a folder" {
				require.NoError(t, os.Mkdir(file, 0o700))
			}
			log := monitor.Captured(t)
			ctx := monitor.Report(t.Context(), file)
			for range 3 {
				got, err := named("crawl", 3).Collect(ctx)
				require.NoError(t, err)
				assert.ElementsMatch(t, []int{0, 1, 2}, got)
			}
			assert.Equal(t, 1, strings.Count(log.String(), "a report could not be written"), log.String())
		})
	}
}

// The run that began first is reported, and those within it are not; a later one replaces the
// report.
func TestWhichOfSeveralRunsIsReported(t *testing.T) {
	file := filepath.Join(t.TempDir(), "run.html")
	ctx := monitor.Report(t.Context(), file)
	inner := thread.Map(func(ctx context.Context, v int) (int, error) {
		if err := named("inner", 3).Run(ctx); err != nil {
			return 0, err
		}
		_, err := os.Stat(file)
		assert.ErrorIs(t, err, os.ErrNotExist)
		return v, nil
	}, pl.Name("outer"), pl.Workers(3))
	require.NoError(t, inner(pl.Range(10)).Run(ctx))
	has(t, contents(t, file), `data-stage="outer"`)
	require.NoError(t, named("later", 3).Run(ctx))
	has(t, contents(t, file), `data-stage="later"`)
}
