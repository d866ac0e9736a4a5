// Package cells measures and cuts text as a terminal shows it, in cells: most characters take one,
// those of East Asian scripts two, combining marks none. Texts may be anybody's: what is no
// printable character is shown escaped.
package cells

import (
	"strconv"
	"strings"
	"unicode"
)

// mark stands for what was cut off.
const mark = "…"

// mostMarks is how many combining marks a character may carry; a text of nothing else would have no
// end.
const mostMarks = 4

// Width returns how many cells a printable text takes.
func Width(text string) (n int) {
	for _, r := range text {
		n += widthOf(r)
	}
	return n
}

func widthOf(r rune) int {
	switch {
	case r < 0x300, r >= 0x2500 && r < 0x25fd: // the latter draw boxes and bars
		return 1
	case unicode.In(r, unicode.Mn, unicode.Me) || r >= 0x1160 && r <= 0x11ff: // the latter are parts of Korean syllables
		return 0
	case unicode.Is(wide, r):
		return 2
	}
	return 1
}

// Fit returns a text as a line of at most n cells: escaped where it cannot be printed, and cut.
func Fit(text string, n int) string {
	var b strings.Builder
	used, marks := 0, 0
	uncut := 0 // how much of b leaves a cell for the mark
	for _, r := range text {
		part := printable(r)
		width := Width(part)
		if width == 0 {
			if marks++; marks > mostMarks {
				continue
			}
		} else {
			marks = 0
		}
		if used+width > n {
			if n < 1 {
				return ""
			}
			return b.String()[:uncut] + mark
		}
		b.WriteString(part)
		if used += width; used < n {
			uncut = b.Len()
		}
	}
	return b.String()
}

// printable is how a terminal can show r without doing anything else.
func printable(r rune) string {
	switch {
	case r >= ' ' && r <= '~':
		return string(r)
	case r >= 0xfe00 && r <= 0xfe0f: // they ask for another look of the character before, of another width
		return ""
	case unicode.IsPrint(r):
		return string(r)
	case unicode.Is(unicode.Zs, r):
		return " "
	}
	return strings.Trim(strconv.QuoteRune(r), "'")
}

// Pad fills a printable text with blanks to n cells.
func Pad(text string, n int) string { return text + strings.Repeat(" ", max(n-Width(text), 0)) }

// PadLeft is Pad with the blanks before the text.
func PadLeft(text string, n int) string { return strings.Repeat(" ", max(n-Width(text), 0)) + text }

// Wrap breaks a text between words into at most lines lines of at most n cells each. What does not
// fit is cut.
func Wrap(text string, n, lines int) (wrapped []string) {
	if n < 1 || lines < 1 {
		return nil
	}
	line := ""
	for _, word := range words(Fit(text, n*lines), n) {
		switch {
		case line == "":
			line = word
		case Width(line)+1+Width(word) <= n:
			line += " " + word
		case len(wrapped)+1 == lines:
			return append(wrapped, Fit(line+" "+word, n))
		default:
			wrapped, line = append(wrapped, Fit(line, n)), word
		}
	}
	if line == "" {
		return wrapped
	}
	return append(wrapped, Fit(line, n))
}

// words are the words of a text, those that are too long for a line in pieces.
func words(text string, n int) (all []string) {
	for word := range strings.FieldsSeq(text) {
		start, used := 0, 0
		for i, r := range word {
			width := widthOf(r)
			if used += width; used > n && i > start {
				all = append(all, word[start:i])
				start, used = i, width
			}
		}
		all = append(all, word[start:])
	}
	return all
}
