package terminal

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
)

// crawl is a run with a bottleneck.
func crawl() *Frame {
	stage := func(id int, name, backend string, workers, limit int, busy, starved, blocked float64) pl.StageStats {
		s := pl.StageStats{Node: pl.Node{ID: id, Name: name, Backend: backend, Workers: workers, MaxSize: limit}}
		s.In, s.Out = 1700, 1700
		life := 5 * time.Second * time.Duration(workers)
		s.Busy = time.Duration(busy * float64(life))
		s.Starved = time.Duration(starved * float64(life))
		s.Blocked = time.Duration(blocked * float64(life))
		return s
	}
	s := pl.Stats{
		Name: "crawl", Elapsed: 5 * time.Second, Total: 2180, Progress: 0.78, Left: 2 * time.Second,
		Stages: []pl.StageStats{
			stage(0, "read lines", "source", 1, 0, 0.02, 0, 0.98), stage(1, "fetch", "thread", 64, 128, 0.33, 0, 0.67),
			stage(2, "parse", "thread", 4, 64, 0.23, 0, 0.77), stage(3, "score", "process", 4, 32, 1, 0, 0),
			stage(4, "index", "thread", 2, 64, 0.44, 0.56, 0),
		},
		Consumer: stage(5, "loop", "pl", 1, 0, 0.73, 0.27, 0),
	}
	for i := range 4 {
		s.Edges = append(s.Edges, pl.Edge{From: i, To: i + 1})
	}
	s.Stages[1].Failed, s.Stages[1].Dropped, s.Stages[1].Queued = 3, 3, 128
	s.Stages[0].In = 0
	return &Frame{Now: s, Lately: s, Verdict: s.Verdict()}
}

func TestFrameHasALineForEachStage(t *testing.T) {
	lines := crawl().Lines(100, 24, false)
	require.Len(t, lines, 9)
	assert.Regexp(t, `^crawl ━+─+   78 %  1700 out  340/s  0:05  0:02 left  3 failed$`, lines[0])
	assert.Regexp(t, `^  read lines source +340/s +▒+ blocked   98 %$`, lines[1])
	assert.Regexp(t, `^  fetch      thread ×64 +340/s 128/128 █{7}▒{13} blocked   67 % 3 failed$`, lines[2])
	assert.Regexp(t, `^▶ score      process ×4 +340/s    0/32 █{20} busy     100 %$`, lines[4])
	assert.Regexp(t, `^  loop       consumer +340/s +0 █{15}·{5} busy      73 %$`, lines[6])
	assert.Regexp(t, `^score is the bottleneck: `, lines[7])
}

func TestFrameFitsAnyWindow(t *testing.T) {
	f := crawl()
	f.Now.Stages[2].Name = strings.Repeat("取得", 50)
	f.Now.Stages[1].Err = "x"
	for columns := range 130 {
		for rows := range 14 {
			lines := f.Lines(columns, rows, true)
			assert.LessOrEqual(t, len(lines), rows)
			for _, line := range lines {
				assert.Less(t, visibleWidth(line), max(columns, 1), "%d columns, %d rows:\n%s", columns, rows, line)
			}
			if rows > 1 && columns >= 20 {
				text := strings.Join(f.Lines(columns, rows, false), "\n")
				assert.Contains(t, text, "▶ score", "the bottleneck is shown as long as there is room for a stage")
				assert.Equal(t, rows < 8, strings.Contains(text, " more"), "%d rows:\n%s", rows, text)
			}
		}
	}
}

func TestNarrowWindowKeepsWhatMatters(t *testing.T) {
	f := crawl()
	narrow := f.Lines(20, 24, false)
	assert.Contains(t, narrow[0], "crawl")
	assert.Contains(t, narrow[0], "78 %")
	assert.Regexp(t, "^▶ score", narrow[4])
}

func TestLastFrameSaysHowItEnded(t *testing.T) {
	for state, word := range map[pl.RunState]string{pl.Done: "done", pl.Failed: "failed", pl.Cancelled: "cancelled", pl.Draining: "draining"} {
		f := crawl()
		f.Now.State = state
		f.Now.Err = "context canceled"
		for _, columns := range []int{20, 40, 80, 120} {
			lines := f.Lines(columns, 24, false)
			assert.Contains(t, lines[0], word, "%d columns", columns)
			assert.Contains(t, strings.Join(lines, " "), "context canceled")
		}
		assert.Contains(t, f.Text(), " "+word+" ")
	}
}

func TestHostileNamesAreShownHarmless(t *testing.T) {
	f := crawl()
	f.Now.Name = "crawl\x1b]0;title\x07"
	f.Now.Stages[3].Name = "score\x1b[2J\n\u202e"
	f.Lately.Stages = f.Now.Stages
	f.Now.Err = "dial\x1b[31m\r\nhttp"
	f.Verdict = pl.Verdict{Kind: pl.StageBound, Stage: f.Now.Stages[3].Name, Text: f.Now.Stages[3].Name + " is the bottleneck"}
	for _, columns := range []int{20, 40, 80, 120} {
		for _, line := range append(f.Lines(columns, 24, false), f.Text()) {
			assert.NotContains(t, line, "\x1b")
			assert.NotContains(t, line, "\n")
			assert.NotContains(t, line, "\r")
			assert.NotContains(t, line, "\u202e")
		}
	}
	assert.Contains(t, strings.Join(f.Lines(100, 24, false), "\n"), `▶ score\x1b[2J\n`)
}

func TestFrameTellsWhereWorkersAre(t *testing.T) {
	f := crawl()
	f.Now.Stages[3].Remote = &pl.Remote{Redelivered: 14, Workers: []pl.RemoteWorker{
		{Host: "alpha", State: "serving"}, {Host: "alpha", State: "serving"}, {Host: "be\x1bta", State: "serving"},
	}}
	const want = `score: 3 workers on 2 machines (alpha 2, be\x1bta 1), 14 values redelivered`
	lines := f.Lines(100, 24, false)
	assert.Equal(t, want, lines[len(lines)-1])
	assert.Contains(t, f.Text(), " | "+want)
	for rows := range 14 {
		assert.LessOrEqual(t, len(f.Lines(40, rows, false)), rows)
	}
}

func TestEmptyFrameIsDrawn(t *testing.T) {
	f := &Frame{Now: pl.Stats{Progress: -1}}
	f.Lately = f.Now
	assert.NotEmpty(t, f.Lines(80, 24, true))
	assert.NotContains(t, f.Text()+strings.Join(f.Lines(80, 24, false), ""), "NaN")
}

func BenchmarkFrame(b *testing.B) {
	f := crawl()
	for len(f.Now.Stages) < 30 {
		f.Now.Stages = append(f.Now.Stages, f.Now.Stages[2])
	}
	f.Lately = f.Now
	for b.Loop() {
		f.Lines(100, 50, true)
	}
}
