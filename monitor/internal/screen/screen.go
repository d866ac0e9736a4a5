// Package screen is a terminal without glass: it keeps what a person would see of what was written
// to it. It knows what a view of runs may write, and remarks on all else. It is for tests, and for
// the picture in docs/.
package screen

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/gopeln/pl/internal/cells"
)

// Screen is a terminal. It is not safe for concurrent use.
type Screen struct {
	// Rewraps is whether lines that a narrower window has no room for are broken, as most terminals
	// do it, rather than cut.
	Rewraps bool
	// Strange are the escape codes and control characters that no view should write.
	Strange []string

	columns, rows int
	gone          []row // that have left the window at its top
	window        []row
	x, y          int
	look          string
	rest          []byte // of a write that ended within a character or an escape code
}

type row []Cell

// Cell is a place for a character. The second one of a wide character has none.
type Cell struct {
	Text string
	Look string // what the escape code for colours said last, such as "1;33"
}

// New makes a screen.
func New(columns, rows int) *Screen {
	return &Screen{columns: columns, rows: rows, window: make([]row, rows)}
}

// Write writes to the screen. It never fails.
func (s *Screen) Write(p []byte) (int, error) {
	text := append(s.rest, p...)
	for len(text) > 0 {
		n := s.next(text)
		if n == 0 {
			break
		}
		text = text[n:]
	}
	s.rest = append([]byte(nil), text...)
	return len(p), nil
}

// next does what the text begins with, and returns its length; 0: it has not been written whole.
func (s *Screen) next(text []byte) int {
	switch text[0] {
	case '\r':
		s.x = 0
		return 1
	case '\n':
		s.down()
		return 1
	case '\x1b':
		return s.escape(text)
	}
	if !utf8.FullRune(text) {
		return 0
	}
	r, n := utf8.DecodeRune(text)
	if r < ' ' || r >= 0x7f && r < 0xa0 {
		s.Strange = append(s.Strange, fmt.Sprintf("%q", r))
		return n
	}
	s.put(string(r))
	return n
}

func (s *Screen) down() {
	if s.y++; s.y == s.rows {
		s.y--
		s.gone = append(s.gone, s.window[0])
		s.window = append(s.window[1:], nil)
	}
}

func (s *Screen) put(text string) {
	width := cells.Width(text)
	line := &s.window[s.y]
	if width == 0 {
		if s.x > 0 {
			(*line)[s.x-1].Text += text
		}
		return
	}
	if s.x+width > s.columns {
		s.x = 0
		s.down()
		line = &s.window[s.y]
	}
	for len(*line) < s.x+width {
		*line = append(*line, Cell{Text: " "})
	}
	(*line)[s.x] = Cell{text, s.look}
	for i := 1; i < width; i++ {
		(*line)[s.x+i] = Cell{"", s.look}
	}
	s.x += width
}

// escape does an escape code.
func (s *Screen) escape(text []byte) int {
	if len(text) < 2 {
		return 0
	}
	if text[1] != '[' {
		s.Strange = append(s.Strange, fmt.Sprintf("%q", text[:2]))
		return 2
	}
	end := 2
	for end < len(text) && (text[end] < '@' || text[end] > '~') {
		end++
	}
	if end == len(text) {
		return 0
	}
	argument := string(text[2:end])
	switch n, err := strconv.Atoi(argument); {
	case text[end] == 'm':
		if s.look = argument; s.look == "0" {
			s.look = ""
		}
	case text[end] == 'A' && err == nil && n > 0:
		s.y = max(s.y-n, 0)
	case text[end] == 'K' && argument == "":
		s.window[s.y] = s.window[s.y][:min(s.x, len(s.window[s.y]))]
	case text[end] == 'J' && argument == "":
		s.window[s.y] = s.window[s.y][:min(s.x, len(s.window[s.y]))]
		clear(s.window[s.y+1:])
	case argument == "?2026" && (text[end] == 'h' || text[end] == 'l'):
	default:
		s.Strange = append(s.Strange, fmt.Sprintf("%q", text[:end+1]))
	}
	return end + 1
}

// Resize changes the size of the window.
func (s *Screen) Resize(columns, rows int) {
	var lines []row
	y := s.y
	for i, line := range s.window {
		for s.Rewraps && len(line) > columns {
			lines = append(lines, line[:columns])
			line = line[columns:]
			if i < s.y {
				y++
			}
		}
		lines = append(lines, line[:min(len(line), columns)])
	}
	for len(lines) < rows {
		lines = append(lines, nil)
	}
	if up := max(y-rows+1, 0); up > 0 {
		s.gone = append(s.gone, lines[:up]...)
		lines = lines[up:]
		y -= up
	}
	for len(lines) < rows {
		lines = append(lines, nil)
	}
	s.window = lines[:rows]
	s.columns, s.rows, s.y, s.x = columns, rows, y, min(s.x, columns-1)
}

// Lines are what can be seen, and what could before it left the window, without blanks at the ends,
// and without the empty lines at the end.
func (s *Screen) Lines() (lines []string) {
	for _, line := range s.all() {
		var text strings.Builder
		for _, c := range line {
			text.WriteString(c.Text)
		}
		lines = append(lines, strings.TrimRight(text.String(), " "))
	}
	for len(lines) > 0 && lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	return lines
}

func (s *Screen) all() []row { return slices.Concat(s.gone, s.window) }

// Cells are Lines by cell.
func (s *Screen) Cells() (lines [][]Cell) {
	for _, line := range s.all()[:len(s.Lines())] {
		lines = append(lines, line)
	}
	return lines
}

// Scrolled is how many lines have left the window.
func (s *Screen) Scrolled() int { return len(s.gone) }

// String returns Lines as a text.
func (s *Screen) String() string { return strings.Join(s.Lines(), "\n") }

// Cursor returns where the next character would stand, counted from the left upper corner of the
// window.
func (s *Screen) Cursor() (x, y int) { return s.x, s.y }
