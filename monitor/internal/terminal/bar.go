package terminal

import (
	"strings"
	"time"

	"github.com/gopeln/pl"
)

// part is the share of their time that the workers of a stage spend in one state, with its cell in
// a bar. The cells tell the states apart without colour.
type part struct {
	state string
	share float64
	cell  string
	look  colour
}

// partsOf are the shares of a stage in a time, in the order in which a bar shows them, and the
// share with work under way. Like the verdict's, they are parts of the workers' lives, or where
// values await, of the time of all seats. They add up to at most 1; the rest is that of workers who
// have not been needed.
func partsOf(s *pl.StageStats, elapsed time.Duration) (parts []part, working float64) {
	life := s.Busy + s.Starved + s.Blocked + s.Limited + s.Retrying
	if s.Awaiting > 0 || s.Backend == "serial" || life <= 0 {
		life = max(elapsed*time.Duration(max(s.Workers, 1)), 1)
	}
	held := "limited"
	if s.Retrying > s.Limited {
		held = "retrying"
	}
	left := 1.0
	add := func(state string, d time.Duration, cell string, look colour) {
		share := min(max(d.Seconds()/life.Seconds(), 0), left)
		left -= share
		parts = append(parts, part{state, share, cell, look})
	}
	add("busy", s.Busy, "█", blue)
	add("awaiting", s.Awaiting, "▓", cyan)
	add(held, s.Limited+s.Retrying, "░", magenta)
	add("blocked", s.Blocked, "▒", yellow)
	add("starved", s.Starved, "·", grey)
	return parts, parts[0].share + parts[1].share
}

// largest is the part with the largest share; known is false if the stage has no times.
func largest(parts []part) (most part, known bool) {
	for _, p := range parts {
		if p.share > most.share {
			most = p
		}
	}
	return most, most.share > 0
}

// drawBar adds a bar of that many cells to a line.
func drawBar(parts []part, width int, to *lineBuilder) {
	if _, known := largest(parts); !known {
		to.add(strings.Repeat(" ", width), plainText)
		return
	}
	drawn, sum := 0, 0.0
	for _, p := range parts {
		sum += p.share
		end := min(int(sum*float64(width)+0.5), width)
		to.add(strings.Repeat(p.cell, end-drawn), p.look)
		drawn = end
	}
	to.add(strings.Repeat("·", width-drawn), grey)
}
