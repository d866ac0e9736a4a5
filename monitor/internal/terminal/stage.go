package terminal

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/internal/cells"
)

// stageLine is what is to be told about one stage, or about the consumer. Its texts can be printed.
type stageLine struct {
	stage    string // the name as it is
	name     string
	kind     string // backend and workers
	rate     string
	queue    string // empty: it has none
	parts    []part
	working  float64  // the share of the time with work under way
	trouble  []string // failures, drops
	consumer bool
	marked   bool // it is the bottleneck
}

const (
	mostNameCells = 28
	mostKindCells = 12
)

func newStageLine(lately, now *pl.StageStats, elapsed time.Duration, isSource bool) stageLine {
	l := stageLine{
		stage: now.Name, name: cells.Fit(now.Name, mostNameCells), kind: cells.Fit(now.Backend, mostKindCells),
		trouble: troubleOf(now),
	}
	if now.Workers > 1 {
		l.kind += " ×" + strconv.Itoa(now.Workers)
	}
	if isSource {
		l.rate = rate(lately.Out, elapsed)
	} else {
		l.rate = rate(lately.In, elapsed)
		l.queue = queueText(now.Queued, now.MaxSize)
	}
	l.parts, l.working = partsOf(lately, elapsed)
	return l
}

func queueText(n, limit int) string {
	if limit > 0 {
		bound := strconv.Itoa(limit)
		return fmt.Sprintf("%*d/%s", len(bound), n, bound) // of a width that does not change
	}
	return strconv.Itoa(n)
}

// troubleOf tells what became of values that have no results, the worst first.
func troubleOf(s *pl.StageStats) (all []string) {
	handled := s.Dropped - min(s.Filtered, s.Dropped)
	if handled == s.Failed {
		handled = 0 // it would say the same again
	}
	for _, t := range []struct {
		n    uint64
		what string
	}{{s.Failed, "failed"}, {handled, "dropped"}, {s.Retried, "retried"}, {s.Filtered, "filtered"}} {
		if t.n > 0 {
			all = append(all, fmt.Sprintf("%d %s", t.n, t.what))
		}
	}
	return all
}

// importance orders lines by how much their stages work, roughly, so that lines do not come and go.
func (l *stageLine) importance() float64 {
	if l.marked {
		return math.Inf(1)
	}
	return math.Round(10 * l.working)
}

// stageLines draws the lines, in at most rows of them. If there is no room for all, the busiest are
// drawn, and the rest is counted.
func stageLines(all []stageLine, width, rows int, p Palette) (lines []string) {
	if rows < 1 {
		return nil
	}
	shown := all
	if len(all) > rows {
		shown = busiest(all, max(rows-1, 1))
	}
	l := fittingLayout(shown, width)
	for i := range shown {
		lines = append(lines, l.line(&shown[i], p))
	}
	if hidden := len(all) - len(shown); hidden > 0 {
		more := fmt.Sprintf("… %d more", hidden)
		if rows > 1 {
			return append(lines, p.paint(grey, cells.Fit("  "+more, width)))
		}
		l := lineLayout{name: max(width-2-1-cells.Width(more), 1), width: width}
		return []string{cells.Fit(l.line(&shown[0], false)+" "+more, width)}
	}
	return lines
}

// lineLayout is which columns the lines have, and how wide these are; one of width 0 is left out.
type lineLayout struct {
	name, kind, rate, queue, bar, state int
	width                               int // of the whole line
}

const (
	markWidth  = 2
	wideBar    = 20
	narrowBar  = 10
	stateWidth = len("retrying 100 %")
	leastName  = 12
	leastRate  = len("9.9k/s") // so that the columns stay where they are
)

// fittingLayout is the richest layout that the width has room for.
func fittingLayout(lines []stageLine, width int) (l lineLayout) {
	whole := lineLayout{width: width, rate: leastRate, bar: wideBar, state: stateWidth}
	for i := range lines {
		s := &lines[i]
		whole.name = max(whole.name, cells.Width(s.name))
		whole.kind = max(whole.kind, cells.Width(s.kind))
		whole.rate = max(whole.rate, cells.Width(s.rate))
		whole.queue = max(whole.queue, cells.Width(s.queue))
	}
	for _, leave := range []func(l *lineLayout){
		func(*lineLayout) {},
		func(l *lineLayout) { l.kind = 0 },
		func(l *lineLayout) { l.bar = narrowBar },
		func(l *lineLayout) { l.bar = 0 },
		func(l *lineLayout) { l.queue = 0 },
		func(l *lineLayout) { l.state = 0 },
	} {
		leave(&whole)
		l = whole
		spare := width - l.total()
		if l.name = min(l.name, max(leastName, l.name+spare)); l.total() <= width {
			return l
		}
	}
	l.name = max(width-(l.total()-l.name), 1)
	return l
}

// total is how wide the columns are together.
func (l *lineLayout) total() int {
	n := markWidth + l.name
	for _, column := range []int{l.kind, l.rate, l.queue, l.bar, l.state} {
		if column > 0 {
			n += column + 1
		}
	}
	return n
}

func (l *lineLayout) line(s *stageLine, p Palette) string {
	mark, look := "  ", plainText
	if s.marked {
		mark, look = "▶ ", yellow
	}
	name := cells.Fit(s.name, l.name)
	if l.kind+l.rate+l.queue+l.bar+l.state > 0 {
		name = cells.Pad(name, l.name)
	}
	b := lineBuilder{width: l.width, palette: p}
	b.add(mark, look)
	b.add(name, look)
	if l.kind > 0 {
		b.add(" "+cells.Pad(s.kind, l.kind), grey)
	}
	if l.rate > 0 {
		b.add(" "+cells.PadLeft(s.rate, l.rate), look)
	}
	if l.queue > 0 {
		b.add(" "+cells.PadLeft(s.queue, l.queue), plainText)
	}
	if l.bar > 0 {
		b.add(" ", plainText)
		drawBar(s.parts, l.bar, &b)
	}
	if most, known := largest(s.parts); known && l.state > 0 {
		b.add(" "+cells.Pad(fmt.Sprintf("%-8s %3.0f %%", most.state, 100*most.share), l.state), look)
	}
	for i, text := range s.trouble {
		if text = " " + text; i > 0 {
			text = "," + text
		}
		if !b.addWhole(text, red) {
			break
		}
	}
	return b.String()
}
