package terminal

import (
	"strconv"
	"strings"

	"github.com/gopeln/pl/internal/cells"
)

// area is the part of a terminal that is drawn again and again: the lines above the cursor. The
// cursor stands at the start of the line below them, so that what others write, such as a shell
// after Ctrl-C, begins on a line of its own. It is never hidden, for nobody would show it again
// after a kill.
type area struct {
	widths []int // in cells, of the lines that are there
}

// window is the size of a terminal.
type window struct{ columns, rows int }

const (
	beginUpdate = "\x1b[?2026h" // what comes is to appear at once; terminals that do not know this ignore it
	endUpdate   = "\x1b[?2026l"
	eraseLine   = "\x1b[K" // from the cursor on
	eraseBelow  = "\x1b[J"
)

// redraw returns what draws lines in place of those that are there. What text says is left standing
// above them. Of lines there may be at most one less than the window has.
func (a *area) redraw(text []byte, lines []string, w window, rewraps bool) []byte {
	var b strings.Builder
	b.WriteString(beginUpdate)
	if n := a.height(w, rewraps); n > 0 {
		b.WriteString("\x1b[" + strconv.Itoa(n) + "A")
	}
	b.WriteString("\r")
	if len(text) > 0 {
		b.WriteString(eraseBelow)
		b.Write(text)
	}
	a.widths = a.widths[:0]
	for _, line := range lines {
		b.WriteString(line + eraseLine + "\r\n")
		a.widths = append(a.widths, visibleWidth(line))
	}
	b.WriteString(eraseBelow + endUpdate)
	return []byte(b.String())
}

// height is how many lines the cursor has to go up. If the window has become narrower, most
// terminals have broken lines that were too long for it; those above the window's top are out of
// reach.
func (a *area) height(w window, rewraps bool) (n int) {
	for _, width := range a.widths {
		n++
		if rewraps && width > w.columns {
			n += (width - 1) / w.columns
		}
	}
	return min(n, w.rows-1)
}

// visibleWidth is how many cells a line takes whose only escape codes are colours.
func visibleWidth(line string) int {
	var visible strings.Builder
	for i, part := range strings.Split(line, "\x1b[") {
		if i > 0 {
			_, part, _ = strings.Cut(part, "m")
		}
		visible.WriteString(part)
	}
	return cells.Width(visible.String())
}

// allot divides rows among those who want so many, none of whom gets more than it wants, or more
// than another who could do with more.
func allot(rows int, wants []int) (got []int) {
	got = make([]int, len(wants))
	for progress := true; progress && rows > 0; {
		progress = false
		for i, want := range wants {
			if rows > 0 && got[i] < want {
				got[i]++
				rows--
				progress = true
			}
		}
	}
	return got
}
