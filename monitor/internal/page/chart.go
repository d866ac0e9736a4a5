package page

import (
	"fmt"
	"html/template"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/gopeln/pl"
)

// Charts are SVG. Nothing in them comes from users; what stands in a chart as a colour stands
// beside it as a number.

// timeBar shows what workers do with their time.
func timeBar(s shares) template.HTML {
	var b strings.Builder
	writeChart(&b, "bar", timeBarWidth, barHigh)
	writeBar(&b, s, 0, 0, timeBarWidth, barHigh)
	b.WriteString(`</svg>`)
	return template.HTML(b.String())
}

// writeChart begins a chart of a size, in pixels.
func writeChart(b *strings.Builder, class string, width, height int) {
	fmt.Fprintf(b, `<svg class="%s" width="%d" height="%d" viewBox="0 0 %d %d" aria-hidden="true">`, class, width, height, width, height)
}

// writeBar draws a bar of the shares at a place.
func writeBar(b *strings.Builder, s shares, x, y, width, height int) {
	fmt.Fprintf(b, `<rect class="track" x="%d" y="%d" width="%d" height="%d"/>`, x, y, width, height)
	at := float64(x)
	for _, part := range []struct {
		class string
		share float64
	}{
		{"busy", s.busy}, {"awaiting", s.awaiting}, {"starved", s.starved}, {"blocked", s.blocked}, {"held", s.held},
	} {
		w := part.share * float64(width)
		if w < 0.5 {
			continue
		}
		fmt.Fprintf(b, `<rect class="%s" x="%s" y="%d" width="%s" height="%d"/>`, part.class, short(at), y, short(w), height)
		at += w
	}
}

// short is a coordinate.
func short(f float64) string { return strconv.FormatFloat(math.Round(f*10)/10, 'f', -1, 64) }

const (
	timeBarWidth = 128
	stripColumns = 48
	stripWidth   = 2 * stripColumns
	stripHeight  = 18
)

// strip shows what workers have done over time: from below busy, then blocked.
func strip(columns []column) template.HTML {
	var b strings.Builder
	writeChart(&b, "strip", stripWidth, stripHeight)
	busy, blocked := make([]float64, len(columns)), make([]float64, len(columns))
	for i, c := range columns {
		busy[i], blocked[i] = c.busy, c.busy+c.blocked
	}
	writeSteps(&b, "blocked", blocked, 0, 0, stripWidth, stripHeight)
	writeSteps(&b, "busy", busy, 0, 0, stripWidth, stripHeight)
	b.WriteString(`</svg>`)
	return template.HTML(b.String())
}

// writeSteps draws an area below columns of heights between 0 and 1.
func writeSteps(b *strings.Builder, class string, heights []float64, x, y, width, height int) {
	if !visible(heights, height) {
		return
	}
	fmt.Fprintf(b, `<path class="%s" d="M%d %d`, class, x, y+height)
	step := float64(width) / float64(len(heights))
	last := -1.0
	for i, h := range heights {
		if top := math.Round(10*float64(height)*(1-h)) / 10; top != last {
			if i > 0 {
				b.WriteString("H" + short(float64(x)+float64(i)*step))
			}
			b.WriteString("V" + short(float64(y)+top))
			last = top
		}
	}
	fmt.Fprintf(b, `H%dV%dz"/>`, x+width, y+height)
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
	cellSize    = 10
	cellSpacing = 13
)

// workerCells shows each worker's state.
func workerCells(s *pl.StageStats) template.HTML {
	n := min(s.Workers, mostCells)
	states := make([]string, n)
	for _, a := range s.Active {
		if a.Worker >= 0 && a.Worker < n {
			states[a.Worker] = a.State
		}
	}
	rows := (n + cellsInRow - 1) / cellsInRow
	width, height := min(n, cellsInRow)*cellSpacing, rows*cellSpacing
	var b strings.Builder
	writeChart(&b, "cells", width, height)
	for _, state := range []string{"", "busy", "awaiting", "starved", "blocked", "limited", "retrying"} {
		var d strings.Builder
		for i, is := range states {
			if is == state {
				fmt.Fprintf(&d, "M%d %dh%dv%dh-%dz", i%cellsInRow*cellSpacing+1, i/cellsInRow*cellSpacing+1, cellSize, cellSize, cellSize)
			}
		}
		if d.Len() > 0 {
			fmt.Fprintf(&b, `<path class="%s" d="%s"/>`, stateClass(state), d.String())
		}
	}
	b.WriteString(`</svg>`)
	return template.HTML(b.String())
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

// histogramBars shows how long calls take: a column for each bucket of a histogram, its height by
// the square root, so that rare ones are seen.
func histogramBars(h pl.Histogram) template.HTML {
	first, last, most := bounds(h)
	n := last - first + 1
	heights := make([]float64, n)
	for k, count := range h.Buckets() {
		heights[k-first] = math.Max(math.Sqrt(float64(count)/float64(most)), 0.03)
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="histogram" viewBox="0 0 %d %d" preserveAspectRatio="none" aria-hidden="true">`, histogramWidth, histogramHeight)
	writeSteps(&b, "busy", heights, 0, 0, histogramWidth, histogramHeight)
	b.WriteString(`</svg>`)
	return template.HTML(b.String())
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
