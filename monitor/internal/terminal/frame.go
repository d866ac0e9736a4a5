package terminal

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/internal/cells"
	"github.com/gopeln/pl/internal/observe"
)

// Frame is what a terminal shows of one run at one moment.
type Frame struct {
	Now     pl.Stats // the figures since the start
	Lately  pl.Stats // those of the last seconds; of a run that has ended, the same
	Verdict pl.Verdict
	Number  int // among the runs of its name that are shown at the same time

	Within, WithinEnded int // runs that the stages' functions have started; under way, and no longer
}

const (
	mostColumns      = 110 // wider lines would only move what belongs together apart
	mostVerdictLines = 3
	mostErrorLines   = 3
	leastBar         = 10
)

// size is how many lines the frame would like to have in a window of that width.
func (f *Frame) size(columns int) int {
	return 1 + len(f.stages()) + len(f.remarks(lineWidth(columns), mostVerdictLines, Palette(false)))
}

// Lines draws the frame, in at most rows lines, in a window of that many columns.
func (f *Frame) Lines(columns, rows int, p Palette) []string {
	width := lineWidth(columns)
	if rows < 1 || width < 1 {
		return nil
	}
	stages := f.stages()
	remarks := f.remarks(width, mostVerdictLines, p)
	if 1+len(stages)+len(remarks) > rows {
		remarks = f.remarks(width, 1, p)
	}
	if room := rows - 4; len(remarks) > max(room, 0) && 1+len(stages)+len(remarks) > rows {
		remarks = remarks[:max(room, 0)]
	}
	lines := []string{f.head(width, p)}
	lines = append(lines, stageLines(stages, width, rows-1-len(remarks), p)...)
	return append(lines, remarks...)
}

// lineWidth leaves the last column free: a character in it would put the cursor where terminals
// differ.
func lineWidth(columns int) int { return min(columns-1, mostColumns) }

// stages are the lines about the stages and the consumer.
func (f *Frame) stages() (lines []stageLine) {
	inner := inputs(&f.Now)
	for i := range f.Lately.Stages {
		lines = append(lines, newStageLine(&f.Lately.Stages[i], &f.Now.Stages[i], f.Lately.Elapsed, !inner[f.Now.Stages[i].ID]))
	}
	if f.Now.Consumer.Name != "" {
		line := newStageLine(&f.Lately.Consumer, &f.Now.Consumer, f.Lately.Elapsed, false)
		line.kind, line.consumer = "consumer", true
		lines = append(lines, line)
	}
	if i := f.bottleneck(lines); i >= 0 {
		lines[i].marked = true
	}
	return lines
}

// bottleneck finds the line that the verdict is about; -1: there is none. Of several of one name it
// is the busiest.
func (f *Frame) bottleneck(lines []stageLine) (found int) {
	found = -1
	if v := f.Verdict; v.Kind != pl.Balanced && v.Kind != pl.WarmingUp && v.Stage != "" {
		for i, l := range lines {
			its := l.stage == v.Stage && l.consumer == (v.Kind == pl.ConsumerBound)
			if its && (found < 0 || l.working > lines[found].working) {
				found = i
			}
		}
	}
	return found
}

// remarks are what is said below the stages: why the run failed, and the verdict.
func (f *Frame) remarks(width, most int, p Palette) (lines []string) {
	if f.Now.Err != "" {
		for _, line := range cells.Wrap(f.Now.Err, width, min(most, mostErrorLines)) {
			lines = append(lines, p.paint(red, line))
		}
	}
	for _, line := range cells.Wrap(f.Verdict.String(), width, most) {
		lines = append(lines, p.paint(bold, line))
	}
	for _, text := range append(f.remoteTexts(), f.withinText()) {
		if text != "" {
			lines = append(lines, p.paint(grey, cells.Fit(text, width)))
		}
	}
	return lines
}

// remoteTexts say of each stage whose workers are processes elsewhere where these are.
func (f *Frame) remoteTexts() (texts []string) {
	for i := range f.Now.Stages {
		if s := &f.Now.Stages[i]; s.Remote != nil {
			texts = append(texts, cells.Fit(s.Name, mostNameCells)+": "+s.Remote.String())
		}
	}
	return texts
}

func (f *Frame) withinText() string {
	if f.Within+f.WithinEnded == 0 {
		return ""
	}
	return fmt.Sprintf("runs within its stages: %d under way, %d ended", f.Within, f.WithinEnded)
}

// head is the line about the whole run: name, bar, state, figures. In a narrow window the less
// important ones are left out, and the name is cut.
func (f *Frame) head(width int, p Palette) string {
	state := f.state()
	figures := f.figures()
	const leastName = 8
	for len(figures) > 0 && leastName+1+cells.Width(state+"  "+strings.Join(figures, "  ")) > width {
		figures = leaveOut(figures)
	}
	text := "  " + strings.Join(append([]string{state}, figures...), "  ")
	name := f.name(max(width-cells.Width(text), leastName/2))
	bar := width - cells.Width(name) - 1 - cells.Width(text)
	progress := f.progress()
	if progress < 0 || bar < leastBar {
		return cells.Fit(name+text, width)
	}
	return p.paint(bold, name) + " " + progressBar(progress, bar, p) + p.paint(f.stateColour(), text)
}

// leaveOut drops the figure that is the easiest to do without: time left, rate, count, failures,
// time.
func leaveOut(figures []string) []string {
	for _, word := range []string{" left", "/", " out", " in", " failed"} {
		if i := slices.IndexFunc(figures, func(s string) bool { return strings.Contains(s, word) }); i >= 0 {
			return slices.Delete(figures, i, i+1)
		}
	}
	return figures[:0]
}

// state is how the run stands, in a few words or as a percentage.
func (f *Frame) state() string {
	if cut := observe.CutOf(&f.Now); cut.How != "" {
		return cut.String()
	}
	if f.Now.State == pl.Running && f.Now.Progress >= 0 {
		return fmt.Sprintf("%3d %%", int(100*f.Now.Progress))
	}
	return strings.ToLower(f.Now.State.String())
}

// name is the name of the run in at most so many cells, with its number, if it needs one.
func (f *Frame) name(most int) string {
	number := ""
	if f.Number > 1 {
		number = fmt.Sprintf(" #%d", f.Number)
	}
	return cells.Fit(f.Now.Name, max(most-cells.Width(number), 1)) + number
}

// progress is how far the run is, or where it was cut short; negative: not known.
func (f *Frame) progress() float64 {
	if cut := observe.CutOf(&f.Now); cut.How != "" {
		return cut.At
	}
	return f.Now.Progress
}

// ended reports whether the run has.
func (f *Frame) ended() bool { return f.Now.State != pl.Running && f.Now.State != pl.Draining }

// figures are those of the whole run.
func (f *Frame) figures() []string {
	count, unit := Outcome(&f.Now)
	lately, _ := Outcome(&f.Lately)
	all := []string{fmt.Sprintf("%d %s", count, unit), rate(lately, f.Lately.Elapsed), clock(f.Now.Elapsed)}
	if left := f.Now.Left; left > 0 && !f.ended() {
		all = append(all, aboutLeft(left)+" left")
	}
	if failed := Failures(&f.Now); failed > 0 {
		all = append(all, fmt.Sprintf("%d failed", failed))
	}
	return all
}

// Outcome is how much a run has made: what its consumer has got, or, where there is none, what the
// last stages have handed on; of stages that hand on nothing, what they have taken.
func Outcome(s *pl.Stats) (count uint64, unit string) {
	if s.Consumer.In > 0 {
		return s.Consumer.In, "out"
	}
	inner := map[int]bool{}
	for _, e := range s.Edges {
		inner[e.From] = true
	}
	var in, out uint64
	for _, st := range s.Stages {
		if !inner[st.ID] {
			in += st.In
			out += st.Out
		}
	}
	if out == 0 && in > 0 {
		return in, "in"
	}
	return out, "out"
}

// Failures is how many values have failed.
func Failures(s *pl.Stats) (n uint64) {
	for _, st := range s.Stages {
		n += st.Failed
	}
	return n
}

// inputs are the stages that have an input.
func inputs(s *pl.Stats) map[int]bool {
	have := map[int]bool{}
	for _, e := range s.Edges {
		have[e.To] = true
	}
	return have
}

func progressBar(done float64, width int, p Palette) string {
	n := int(min(max(done, 0), 1) * float64(width))
	return p.paint(blue, strings.Repeat("━", n)) + p.paint(grey, strings.Repeat("─", width-n))
}

func (f *Frame) stateColour() colour {
	switch f.Now.State {
	case pl.Done:
		if observe.CutOf(&f.Now).How != "" {
			return yellow
		}
		return green
	case pl.Failed:
		return red
	case pl.Cancelled, pl.Draining:
		return yellow
	}
	return plainText
}

// busiest returns the n lines whose stages work most, the marked one among them, in their order.
func busiest(lines []stageLine, n int) (chosen []stageLine) {
	order := make([]int, len(lines))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(lines[j].importance(), lines[i].importance()) })
	order = order[:min(max(n, 0), len(order))]
	slices.Sort(order)
	for _, i := range order {
		chosen = append(chosen, lines[i])
	}
	return chosen
}
