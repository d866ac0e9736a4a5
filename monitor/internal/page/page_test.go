package page

import (
	"encoding/xml"
	"errors"
	"fmt"
	"html"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gopeln/pl"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// names of stages that would do harm where they are not escaped.
var hostile = []string{
	`</script><img src=x onerror=alert(1)>`, `" onmouseover="alert(1)`, `'><svg/onload=alert(1)>`, "\x1b[2J\x1b]0;title\x07", "\x00\r\n\t",
	"\xff\xfe", "{{.Name}}", "javascript:alert(1)", strings.Repeat("very long ", 40), "日本語のとても長い名前の段階です", "\u202eright to left",
	"]]>", "<!--", "&lt;&amp;", "e" + strings.Repeat("\u0301", 300),
}

// chain is a look at a run of stages of these names.
func chain(state pl.RunState, names ...string) *Run {
	s := pl.Stats{Name: names[0], State: state, Started: time.Unix(1_800_000_000, 0).UTC(), Elapsed: 10 * time.Second, Err: names[0]}
	for i, name := range names {
		s.Stages = append(s.Stages, pl.StageStats{
			Node: pl.Node{ID: i, Name: name, Backend: "thread", Workers: 3, MaxSize: 8},
			In:   100, Out: 90, Failed: 10, Queued: 8, QueuedMost: 8, Busy: 20 * time.Second, Blocked: 10 * time.Second,
			Slowest: []pl.Call{{Index: 7, Took: time.Second, Value: name}}, Err: name, Waiting: name,
			Active: []pl.Activity{{Worker: 1, State: "busy", For: time.Second}},
		})
		if i > 0 {
			s.Edges = append(s.Edges, pl.Edge{From: i - 1, To: i})
		}
	}
	v := pl.Verdict{Kind: pl.StageBound, Stage: names[len(names)-1], Text: names[0] + " is the bottleneck", Why: names[0]}
	return &Run{ID: "1-x", Stats: s, Lately: s, Verdict: v, Layout: NewLayout(&s)}
}

// whole is the page about a run.
func whole(t *testing.T, r *Run) string {
	t.Helper()
	c, err := OfRun(r, Around{})
	require.NoError(t, err)
	text, err := Page{Refresh: time.Second}.Whole(c)
	require.NoError(t, err)
	return string(text)
}

var (
	element = regexp.MustCompile(`<(tr|g|details) [^>]*data-stage="([^"]*)"[^>]*>`)
	marked  = regexp.MustCompile(`<(tr|g) [^>]*data-stage="([^"]*)"[^>]*data-bottleneck`)
	script  = regexp.MustCompile(`(?s)<script.*?</script>|<style.*?</style>`)
)

func TestNamesOfAnyKindAreText(t *testing.T) {
	r := chain(pl.Running, hostile...)
	text := whole(t, r)
	assert.Len(t, script.FindAllString(text, -1), 3, "style, script and snap")
	visible := script.ReplaceAllString(text, "")
	for _, bad := range []string{"<img", "<svg/", "onerror=alert(1)>", `" onmouseover`, "\x1b", "\x07", "\x00", "\u202e", "<!--"} {
		assert.False(t, strings.Contains(strings.TrimPrefix(stripStageNames(visible), "<!DOCTYPE html>"), bad), "%q", bad)
	}
	found := element.FindAllStringSubmatch(visible, -1)
	require.Len(t, found, 3*len(hostile), "a box, a row and a card for each")
	for i, match := range found[:len(hostile)] {
		want := strings.ReplaceAll(string([]rune(hostile[i])), "\x00", "\ufffd")
		assert.Equal(t, want, html.UnescapeString(match[2]))
	}
}

// stripStageNames takes out what is there for programs: the names as they are, but for what means
// something to HTML.
func stripStageNames(text string) string {
	return regexp.MustCompile(`data-stage="[^"]*"`).ReplaceAllString(text, "")
}

func TestTheBottleneckIsMarkedOnOneRowAndOneBox(t *testing.T) {
	r := chain(pl.Running, "a", "b", "c", "b")
	check := func(want ...string) {
		t.Helper()
		got := []string{}
		for _, match := range marked.FindAllStringSubmatch(whole(t, r), -1) {
			got = append(got, match[1]+" "+match[2])
		}
		assert.Equal(t, want, got)
	}
	r.Verdict.Stage = "c"
	check("g c", "tr c")
	r.Verdict.Stage = "b"
	check("g b", "tr b")
	r.Verdict = pl.Verdict{}
	check([]string{}...)
	r.Consumer = pl.StageStats{Node: pl.Node{Name: "loop", Backend: "pl"}, In: 10}
	r.Lately.Consumer = r.Consumer
	r.Layout = NewLayout(&r.Stats)
	r.Verdict = pl.Verdict{Kind: pl.ConsumerBound, Stage: "loop"}
	check("g loop", "tr loop")
}

func TestFiguresAreWholeNumbers(t *testing.T) {
	r := chain(pl.Running, "a")
	r.Stages[0].In, r.Stages[0].Out, r.Stages[0].Queued = 1_234_567, 0, 3
	cells := map[string]string{}
	for _, match := range regexp.MustCompile(`<td data-figure="(\w+)"[^>]*>(.*?)</td>`).FindAllStringSubmatch(whole(t, r), -1) {
		cells[match[1]] = regexp.MustCompile(`<[^>]*>`).ReplaceAllString(match[2], "")
	}
	assert.Equal(t, map[string]string{"in": "1234567", "out": "0", "dropped": "0", "failed": "10", "queue": "3/8"}, cells)
}

func TestALargePipelineIsATable(t *testing.T) {
	var names []string
	for i := range 1000 {
		names = append(names, fmt.Sprint("stage ", i))
	}
	r := chain(pl.Done, names...)
	r.Verdict.Stage = "stage 500"
	text := whole(t, r)
	assert.Contains(t, script.ReplaceAllString(text, ""), "1000 stages are too many to draw")
	assert.NotContains(t, script.ReplaceAllString(text, ""), `class="graph`)
	first := regexp.MustCompile(`<tr data-stage="([^"]*)"`).FindStringSubmatch(text)
	assert.Equal(t, "stage 500", first[1])
	assert.Less(t, len(text), 6_000_000)
}

func TestManyWorkersAreCountedNotDrawn(t *testing.T) {
	r := chain(pl.Running, "a")
	r.Stages[0].Workers = 10_000
	assert.Contains(t, script.ReplaceAllString(whole(t, r), ""), "and 9936 more")
}

func TestEmptyRunsHavePages(t *testing.T) {
	for _, r := range []*Run{
		{},
		{Stats: pl.Stats{Stages: []pl.StageStats{{}}}, Lately: pl.Stats{Stages: []pl.StageStats{{}}}},
		chain(pl.Failed, ""),
	} {
		text := whole(t, r)
		assert.NotContains(t, text, "NaN")
		assert.NotContains(t, text, "Inf")
	}
}

func TestTheGraphIsXML(t *testing.T) {
	r := chain(pl.Running, "a & b", `"<>'`, "日本語", "]]>")
	d := xml.NewDecoder(strings.NewReader(string(graph(r.Layout, placesOf(r)))))
	for {
		_, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		require.NoError(t, err)
	}
}

func TestAReportIsAPageOfItsOwn(t *testing.T) {
	text, err := Report(chain(pl.Done, "a", "b"), Environment{Program: "crawl", Go: "go1.26", System: "linux/amd64", Processors: 2})
	require.NoError(t, err)
	outside := script.ReplaceAllString(string(text), "")
	for _, want := range []string{"crawl", "go1.26", "linux/amd64", "2 processors", `http-equiv="Content-Security-Policy"`} {
		assert.Contains(t, outside, want)
	}
	assert.Less(t, len(text), 80_000)
}
