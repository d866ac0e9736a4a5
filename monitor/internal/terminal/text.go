package terminal

import (
	"fmt"
	"strings"
	"time"

	"github.com/gopeln/pl/internal/cells"
)

// colour is how a terminal is asked to show a text. Only the sixteen colours are used, which people
// choose themselves.
type colour string

const (
	plainText colour = ""
	bold      colour = "1"
	red       colour = "31"
	green     colour = "32"
	yellow    colour = "33"
	magenta   colour = "35"
	cyan      colour = "36"
	blue      colour = "94"
	grey      colour = "90"
)

// Palette is whether there are colours.
type Palette bool

func (p Palette) paint(c colour, text string) string {
	if !p || c == plainText || strings.TrimSpace(text) == "" {
		return text
	}
	return "\x1b[" + string(c) + "m" + text + "\x1b[0m"
}

// lineBuilder puts a line together from printable texts. What is beyond its width is cut.
type lineBuilder struct {
	width   int
	palette Palette

	line   strings.Builder
	used   int
	blanks string // that stand at the end
}

func (b *lineBuilder) add(text string, look colour) {
	if room := b.width - b.used - len(b.blanks); cells.Width(text) > room {
		text = cells.Fit(text, room)
	}
	if strings.TrimSpace(text) == "" {
		b.blanks += text
		return
	}
	text = b.blanks + text
	trimmed := strings.TrimRight(text, " ")
	b.blanks = text[len(trimmed):]
	b.used += cells.Width(trimmed)
	b.line.WriteString(b.palette.paint(look, trimmed))
}

// addWhole adds a text if there is room for all of it, and reports whether there is.
func (b *lineBuilder) addWhole(text string, look colour) bool {
	if b.used+len(b.blanks)+cells.Width(text) > b.width {
		return false
	}
	b.add(text, look)
	return true
}

// String returns the line, without blanks at its end.
func (b *lineBuilder) String() string { return b.line.String() }

// aboutLeft is an estimate as exact as it can be meant.
func aboutLeft(d time.Duration) string {
	switch {
	case d > 24*time.Hour:
		return "> 1 d"
	case d > 10*time.Minute:
		return fmt.Sprintf("%d min", int(d.Round(time.Minute).Minutes()))
	}
	return clock(d.Round(time.Second))
}

// rate is a number per second as people read it: 0.5/s, 640/s, 12.3k/s.
func rate(n uint64, d time.Duration) string {
	if d <= 0 {
		return "0/s"
	}
	switch r := float64(n) / d.Seconds(); {
	case r >= 999_500:
		return fmt.Sprintf("%.1fM/s", r/1e6)
	case r >= 9_999.5:
		return fmt.Sprintf("%.1fk/s", r/1e3)
	case r >= 9.95 || r == 0:
		return fmt.Sprintf("%.0f/s", r)
	case r >= 0.095:
		return fmt.Sprintf("%.1f/s", r)
	default:
		return fmt.Sprintf("%.1f/min", 60*r)
	}
}

// clock is a duration as a clock shows it: 0:07, 12:34, 1:02:03.
func clock(d time.Duration) string {
	s := int(d.Seconds())
	if s < 3600 {
		return fmt.Sprintf("%d:%02d", s/60, s%60)
	}
	return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
}
