package measure

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Table is printed as Markdown, aligned so that it reads well in a terminal too.
type Table struct {
	Title string
	Head  []string
	Rows  [][]string
}

// Add appends a row; missing cells are left empty.
func (t *Table) Add(cells ...string) { t.Rows = append(t.Rows, cells) }

// Write prints the table, its title above it, an empty line around each.
func (t *Table) Write(w io.Writer) error {
	width := make([]int, len(t.Head))
	for _, row := range append([][]string{t.Head}, t.Rows...) {
		for i, cell := range row {
			width[i] = max(width[i], utf8.RuneCountInString(cell), 3)
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\n%s\n\n", t.Title)
	line(&b, width, t.Head)
	rule := make([]string, len(width))
	for i, n := range width {
		rule[i] = strings.Repeat("-", n)
		if i > 0 {
			rule[i] = rule[i][1:] + ":" // figures stand on the right
		}
	}
	line(&b, width, rule)
	for _, row := range t.Rows {
		line(&b, width, row)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func line(b *strings.Builder, width []int, cells []string) {
	b.WriteString("|")
	for i, n := range width {
		cell := ""
		if i < len(cells) {
			cell = cells[i]
		}
		pad := strings.Repeat(" ", n-utf8.RuneCountInString(cell))
		if i == 0 {
			cell += pad
		} else {
			cell = pad + cell
		}
		b.WriteString(" " + cell + " |")
	}
	b.WriteString("\n")
}

// Nanos writes a figure with three significant digits at most.
func Nanos(ns float64) string {
	if ns < 10 {
		return fmt.Sprintf("%.1f", ns)
	}
	return fmt.Sprintf("%.0f", ns)
}

// Times writes a ratio.
func Times(x float64) string { return fmt.Sprintf("%.1f×", x) }

// AddCPU appends a column of the processor time that a value took, which other programs on the
// machine change least.
func (t *Table) AddCPU(results []Result) {
	t.Head = append(t.Head, "ns of CPU")
	for i, r := range results {
		t.Rows[i] = append(t.Rows[i], Nanos(Median(r.CPU)))
	}
}

// Rank makes a table of one comparison: a row for each contender, with the time of each of the
// parts that make a value (stages, calls), how many times that of the first, and the allocations.
func Rank(title string, results []Result, parts int) Table {
	t := Table{Title: title, Head: []string{"", "ns", "times the first", "allocs"}}
	for i, r := range results {
		ratio := ""
		if i > 0 {
			ratio = Times(Ratio(r, results[0]))
		}
		per := float64(parts)
		t.Add(r.Name, Nanos(Median(r.Nanos)/per), ratio, fmt.Sprintf("%.2f", Median(r.Allocs)/per))
	}
	return t
}
