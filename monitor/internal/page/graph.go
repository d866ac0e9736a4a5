package page

import (
	"fmt"
	"html/template"
	"math"
	"strings"
)

// Places within a box, in pixels.
const (
	innerX     = 21
	innerWidth = 134
	nameY      = 24
	rateY      = 43
	sparkY     = 52
	sparkHigh  = 22
	barY       = 82
	barHigh    = 10
	tankHigh   = boxHeight - 16
	leastWidth = 880 // of a graph, unless it is smaller by itself; in a narrower window it scrolls
)

// graph draws a pipeline as SVG. Each box is a group with the name of its stage, in which all its
// texts lie; the queues' numbers stand on the edges.
func graph(l *Layout, places []place) template.HTML {
	var b strings.Builder
	b.Grow(len(places) * usualBox)
	class := "graph"
	if l.width > leastWidth {
		class += " wide"
	}
	fmt.Fprintf(&b, `<svg class="%s" width="%d" height="%d" viewBox="0 0 %d %d" role="group" aria-label="Graph of the stages. The table below it has all figures.">`,
		class, l.width, l.height, l.width, l.height)
	b.WriteString(`<g class="edges">`)
	turns := 0
	for _, e := range l.edges {
		writeEdge(&b, l, e, &places[e.to], &turns)
	}
	b.WriteString(`</g>`)
	for i := range l.boxes {
		writeBox(&b, l.boxes[i], i, &places[i])
	}
	b.WriteString(`<g class="notes">`)
	for i := range l.boxes {
		writeNotes(&b, l.boxes[i], &places[i])
	}
	b.WriteString(`</g></svg>`)
	return template.HTML(b.String())
}

const usualBox = 2000 // bytes

// writeEdge draws an edge, which shows the pressure in its consumer's queue.
func writeEdge(b *strings.Builder, l *Layout, e edge, to *place, turns *int) {
	class := ""
	if to.pressed {
		class = ` class="full"`
	}
	fmt.Fprintf(b, `<path%s d="M%d %d`, class, e.stops[0].x, e.stops[0].y)
	for i := 1; i < len(e.stops); i++ {
		from, to := e.stops[i-1], e.stops[i]
		switch {
		case from.line != to.line:
			writeTurn(b, l, from, to, *turns)
			*turns++
		case from.y == to.y:
			fmt.Fprintf(b, "H%d", to.x)
		default:
			middle := (from.x + to.x) / 2
			fmt.Fprintf(b, "C%d %d %d %d %d %d", middle, from.y, middle, to.y, to.x, to.y)
		}
	}
	b.WriteString(`"/>`)
}

// writeTurn leads an edge to the next line: out at the right, back between the lines, in at the
// left. Several of them run beside each other.
func writeTurn(b *strings.Builder, l *Layout, from, to stop, n int) {
	const r = 8
	shift := n % 5 * 4
	right, left := l.width-turnMargin+16+shift, turnMargin-16-shift
	y := l.gaps[to.line] - 8 + shift
	fmt.Fprintf(b, "H%dq%d 0 %d %dV%dq0 %d -%d %dH%dq-%d 0 -%d %dV%dq0 %d %d %dH%d",
		right-r, r, r, r, y-r, r, r, r, left+r, r, r, r, to.y-r, r, r, r, to.x)
}

func writeBox(b *strings.Builder, at box, i int, p *place) {
	class := "box"
	if p.flag != "" {
		class += " marked"
	}
	fmt.Fprintf(b, `<g class="%s" %s tabindex="0" role="button" aria-label="%s" data-card="c%d" transform="translate(%d %d)"`,
		class, p.attr, esc(p.Label+", "+p.Sub), i, at.x, at.y)
	if p.named {
		b.WriteString(` data-bottleneck=""`)
	}
	fmt.Fprintf(b, `><title>%s</title><rect class="frame" width="%d" height="%d" rx="7"/>`, esc(p.tooltip()), boxWidth, boxHeight)
	if p.hasQueue {
		high := int(math.Round(p.fill * tankHigh))
		fmt.Fprintf(b, `<rect class="track" x="7" y="8" width="7" height="%d" rx="2"/>`, tankHigh)
		fmt.Fprintf(b, `<rect class="%s" x="7" y="%d" width="7" height="%d" rx="2"/>`, p.tankClass(), 8+tankHigh-high, high)
	}
	room := float64(innerWidth)
	if p.Failed > 0 {
		text := compact(int(p.Failed)) + " ✕"
		fmt.Fprintf(b, `<text class="failed" x="%d" y="%d" text-anchor="end">%s</text>`, innerX+innerWidth, nameY, text)
		room -= float64(8*len(text) + 2)
	}
	writeText(b, "name", p.Label, innerX, nameY, 13.5, room)
	fmt.Fprintf(b, `<text class="rate" x="%d" y="%d" text-anchor="end">%s</text>`, innerX+innerWidth, rateY, p.Rate)
	writeText(b, "sub", p.Sub, innerX, rateY, 11.5, innerWidth-8*float64(len(p.Rate))-8)
	heights := rates(p.columns)
	writeSteps(b, "spark", heights, innerX, sparkY, innerWidth, sparkHigh)
	writeBar(b, p.shares, innerX, barY, innerWidth, barHigh)
	b.WriteString(`</g>`)
}

// writeText draws a text that must not be wider than its room, whatever the font. One that nearly
// fills it is told how wide to be.
func writeText(b *strings.Builder, class, text string, x, y int, size, room float64) {
	cut, ems := fitting(text, room/size)
	length := ""
	if width := ems * size; width > 0.7*room {
		length = fmt.Sprintf(` textLength="%.0f" lengthAdjust="spacingAndGlyphs"`, math.Min(width*0.92, room))
	}
	fmt.Fprintf(b, `<text class="%s" x="%d" y="%d"%s>%s</text>`, class, x, y, length, esc(cut))
}

// writeNotes writes what belongs to a box and stands beside it: what is in its queue, and a flag on
// the bottleneck.
func writeNotes(b *strings.Builder, at box, p *place) {
	if p.hasQueue {
		class := "queue"
		if p.pressed {
			class += " full"
		}
		x, y := at.x-6, at.y+boxHeight/2
		fmt.Fprintf(b, `<text class="%s" x="%d" y="%d" text-anchor="end">%s</text>`, class, x, y-7, p.waiting)
		if p.MaxSize > 0 {
			fmt.Fprintf(b, `<text class="queue" x="%d" y="%d" text-anchor="end">/%s</text>`, x, y+15, compact(p.MaxSize))
		}
	}
	if p.flag != "" {
		width := 8*len(p.flag) + 14
		fmt.Fprintf(b, `<rect class="flag" x="%d" y="%d" width="%d" height="17" rx="3"/><text class="flag" x="%d" y="%d" text-anchor="middle">%s</text>`,
			at.x+12, at.y-12, width, at.x+12+width/2, at.y, p.flag)
	}
}
