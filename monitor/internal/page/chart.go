package page

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/gopeln/pl"
)

// Charts are SVG. Nothing in them comes from users; what stands in a chart as a colour stands
// beside it as a number.

// writeTimeBar draws what workers do with their time.
func writeTimeBar(b *strings.Builder, s shares) {
	writeChart(b, "bar", timeBarWidth, barHigh)
	writeBar(b, s, 0, 0, timeBarWidth, barHigh)
	b.WriteString(`</svg>`)
}

// writeChart begins a chart of a size, in pixels.
func writeChart(b *strings.Builder, class string, width, height int) {
	write(b, `<svg class="`, class)
	writeInt(b, `" width="`, width)
	writeInt(b, `" height="`, height)
	writeInt(b, `" viewBox="0 0 `, width)
	writeInt(b, ` `, height)
	b.WriteString(`" aria-hidden="true">`)
}

// writeBar draws a bar of the shares at a place.
func writeBar(b *strings.Builder, s shares, x, y, width, height int) {
	writeRect(b, "track", 10*x, y, 10*width, height)
	at := 10 * float64(x)
	for _, part := range [...]struct {
		class string
		share float64
	}{
		{"busy", s.busy}, {"awaiting", s.awaiting}, {"starved", s.starved}, {"blocked", s.blocked}, {"held", s.held},
	} {
		w := 10 * part.share * float64(width)
		if w < 5 {
			continue
		}
		writeRect(b, part.class, tenths(at), y, tenths(w), height)
		at += w
	}
}

// writeRect draws a rectangle. x and width are in tenths of a pixel.
func writeRect(b *strings.Builder, class string, x, y, width, height int) {
	write(b, `<rect class="`, class)
	writeTenths(b, `" x="`, x)
	writeInt(b, `" y="`, y)
	writeTenths(b, `" width="`, width)
	writeInt(b, `" height="`, height)
	b.WriteString(`"/>`)
}

func tenths(f float64) int { return int(math.Round(f)) }

const (
	timeBarWidth = 128
	stripColumns = 48
	stripWidth   = 2 * stripColumns
	stripHeight  = 18
)

// writeStrip draws what workers have done over time: from below busy, then blocked.
func writeStrip(b *strings.Builder, columns []column) {
	writeChart(b, "strip", stripWidth, stripHeight)
	heights := make([]float64, len(columns))
	for i, c := range columns {
		heights[i] = c.busy + c.blocked
	}
	writeSteps(b, "blocked", heights, 0, 0, stripWidth, stripHeight)
	for i, c := range columns {
		heights[i] = c.busy
	}
	writeSteps(b, "busy", heights, 0, 0, stripWidth, stripHeight)
	b.WriteString(`</svg>`)
}

// writeSteps draws an area below columns of heights between 0 and 1.
func writeSteps(b *strings.Builder, class string, heights []float64, x, y, width, height int) {
	if !visible(heights, height) {
		return
	}
	write(b, `<path class="`, class)
	writeInt(b, `" d="M`, x)
	writeInt(b, " ", y+height)
	step := float64(width) / float64(len(heights))
	last := -1
	for i, h := range heights {
		if top := tenths(10 * float64(height) * (1 - h)); top != last {
			if i > 0 {
				writeTenths(b, "H", tenths(10*(float64(x)+float64(i)*step)))
			}
			writeTenths(b, "V", 10*y+top)
			last = top
		}
	}
	writeInt(b, "H", x+width)
	writeInt(b, "V", y+height)
	b.WriteString(`z"/>`)
}

func visible(heights []float64, height int) bool {
	for _, h := range heights {
		if h*float64(height) >= 0.05 {
			return true
		}
	}
	return false
}

// rates are the columns' rates, relative to the highest.
func rates(columns []column) []float64 {
	most := 0.0
	for _, c := range columns {
		most = max(most, c.perSecond)
	}
	all := make([]float64, len(columns))
	for i, c := range columns {
		if most > 0 {
			all[i] = c.perSecond / most
		}
	}
	return all
}

const (
	mostCells   = 64 // as many workers as a stage's Active has
	cellsInRow  = 32
	cellSpacing = 13
	cellShape   = "h10v10h-10z"
)

// writeCells draws each worker's state.
func writeCells(b *strings.Builder, s *pl.StageStats) {
	n := min(s.Workers, mostCells)
	states := make([]string, n)
	for _, a := range s.Active {
		if a.Worker >= 0 && a.Worker < n {
			states[a.Worker] = a.State
		}
	}
	rows := (n + cellsInRow - 1) / cellsInRow
	width, height := min(n, cellsInRow)*cellSpacing, rows*cellSpacing
	writeChart(b, "cells", width, height)
	for _, state := range [...]string{"", "busy", "awaiting", "starved", "blocked", "limited", "retrying"} {
		if !slices.Contains(states, state) {
			continue
		}
		write(b, `<path class="`, stateClass(state), `" d="`)
		for i, is := range states {
			if is == state {
				writeInt(b, "M", i%cellsInRow*cellSpacing+1)
				writeInt(b, " ", i/cellsInRow*cellSpacing+1)
				b.WriteString(cellShape)
			}
		}
		b.WriteString(`"/>`)
	}
	b.WriteString(`</svg>`)
}

// stateClass is the class of a worker's state in the style sheet.
func stateClass(state string) string {
	switch state {
	case "":
		return "idle"
	case "limited", "retrying":
		return "held"
	}
	return state
}

const (
	histogramWidth  = 320
	histogramHeight = 56
)

// writeHistogram draws how long calls take: a column for each bucket of a histogram, its height by
// the square root, so that rare ones are seen.
func writeHistogram(b *strings.Builder, h pl.Histogram) {
	first, last, most := bounds(h)
	n := last - first + 1
	heights := make([]float64, n)
	for k, count := range h.Buckets() {
		heights[k-first] = math.Max(math.Sqrt(float64(count)/float64(most)), 0.03)
	}
	fmt.Fprintf(b, `<svg class="histogram" viewBox="0 0 %d %d" preserveAspectRatio="none" aria-hidden="true">`, histogramWidth, histogramHeight)
	writeSteps(b, "busy", heights, 0, 0, histogramWidth, histogramHeight)
	b.WriteString(`</svg>`)
}

// bounds are the outermost buckets of a histogram that is not empty, and the largest count of one.
func bounds(h pl.Histogram) (first, last int, most uint64) {
	first = math.MaxInt
	for k, count := range h.Buckets() {
		first, last, most = min(first, k), k, max(most, count)
	}
	return first, last, most
}

// bound is the lower bound of a histogram's bucket.
func bound(bucket int) time.Duration {
	return time.Duration(math.Exp2(float64(bucket)/8) * float64(time.Second))
}
