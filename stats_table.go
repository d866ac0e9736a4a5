package pl

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/gopeln/pl/internal/cells"
)

// String returns a table of the stages, and the verdict.
func (s Stats) String() string {
	rows := [][]string{{"stage", "in", "out", "dropped", "failed", "queue", "busy", "starved", "blocked", "p50", "p99"}}
	for _, st := range s.Stages {
		rows = append(rows, st.row(s.Elapsed))
	}
	if s.Consumer.Name != "" {
		rows = append(rows, s.Consumer.row(s.Elapsed))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s, %v", cells.Fit(s.Name, 60), s.standing(), threeDigits(s.Elapsed))
	if s.State == Running && s.Progress >= 0 {
		fmt.Fprintf(&b, ", %s", percent(s.Progress))
		if s.Left > 0 {
			fmt.Fprintf(&b, ", about %v left", s.Left.Round(time.Second))
		}
	}
	b.WriteString("\n")
	if s.Err != "" {
		b.WriteString(cells.Fit(s.Err, 200) + "\n")
	}
	writeTable(&b, rows)
	for _, st := range s.Stages {
		if st.Remote != nil {
			b.WriteString(cells.Fit(cells.Fit(st.Name, 30)+": "+st.Remote.String(), 300) + "\n")
		}
	}
	b.WriteString(cells.Fit(s.Verdict().String(), 1000))
	return b.String()
}

// standing says how the run stands.
func (s *Stats) standing() string {
	if s.cut.How != "" {
		return s.State.String() + ", " + s.cut.String()
	}
	return s.State.String()
}

// row returns the stage's line of the table.
func (s *StageStats) row(elapsed time.Duration) []string {
	queue := strconv.Itoa(s.Queued)
	if s.MaxSize > 0 {
		queue += "/" + strconv.Itoa(s.MaxSize)
	}
	row := []string{cells.Fit(s.Name, 30)}
	for _, n := range []uint64{s.In, s.Out, s.Dropped, s.Failed} {
		row = append(row, strconv.FormatUint(n, 10))
	}
	row = append(row, queue)
	life := max(s.Busy+s.Starved+s.Blocked+s.Limited+s.Retrying, 1)
	for _, d := range []time.Duration{s.Busy, s.Starved, s.Blocked} {
		row = append(row, percent(d.Seconds()/life.Seconds()))
	}
	if s.Calls.Count() == 0 {
		return append(row, "", "")
	}
	return append(row, threeDigits(s.Calls.Quantile(0.5)).String(), threeDigits(s.Calls.Quantile(0.99)).String())
}

// writeTable writes rows in columns, the first to the left, the others to the right.
func writeTable(b *strings.Builder, rows [][]string) {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], cells.Width(cell))
		}
	}
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			blanks := strings.Repeat(" ", widths[i]-cells.Width(cell))
			if i == 0 {
				line.WriteString(cell + blanks)
			} else {
				line.WriteString("  " + blanks + cell)
			}
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
}
