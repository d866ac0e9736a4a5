package page

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// mostMarks is how many combining marks a character may carry; they would pile up over what stands
// above.
const mostMarks = 3

// printable is a text as people can read it, cut to n characters: what cannot be printed is
// escaped.
func printable(text string, n int) string {
	var b strings.Builder
	marks := 0
	for _, r := range text {
		if marks++; !unicode.In(r, unicode.Mn, unicode.Me) {
			marks = 0
		} else if marks > mostMarks {
			continue
		}
		if n--; n < 0 {
			return b.String() + "…"
		}
		if unicode.IsPrint(r) {
			b.WriteRune(r)
		} else {
			b.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
		}
	}
	return b.String()
}

// attribute is an attribute of HTML with any text as its value. Every character of it can be read
// back but NUL, which HTML has not.
func attribute(name, value string) string {
	valid := string([]rune(value)) // as JSON has it: what is no UTF-8 becomes U+FFFD, byte by byte
	return name + `="` + controls.Replace(esc(valid)) + `"`
}

var controls = strings.NewReplacer("\x00", "\ufffd", "\r", "&#13;", "\n", "&#10;", "\t", "&#9;")

// fitting cuts a text to a width, in ems of its font, and tells about how wide it then is.
func fitting(text string, most float64) (cut string, width float64) {
	const mark = 0.9
	end, atEnd := 0, 0.0 // up to where it can be cut
	for i, r := range text {
		if width+mark <= most {
			end, atEnd = i, width
		}
		if width += ems(r); width > most {
			return text[:end] + "…", atEnd + mark
		}
	}
	return text, width
}

// ems is about how wide a character is, rather more than less.
func ems(r rune) float64 {
	switch {
	case unicode.In(r, unicode.Mn, unicode.Me):
		return 0
	case r > 0x2e7f:
		return 1.1
	case r > 0x24f:
		return 0.8
	case strings.ContainsRune("fijlrtI.,:;'|!()[]{}/ -", r):
		return 0.42
	case strings.ContainsRune("mwMW@%", r):
		return 0.98
	case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
		return 0.61
	}
	return 0.75
}

// digits is a whole number whose digits are in groups, which the style sheet sets apart. Its text
// is the number.
func digits(n uint64) string {
	s := strconv.FormatUint(n, 10)
	if len(s) < 5 {
		return s
	}
	var b strings.Builder
	first := (len(s)-1)%3 + 1
	b.WriteString(s[:first])
	for s = s[first:]; s != ""; s = s[3:] {
		b.WriteString("<i>" + s[:3] + "</i>")
	}
	return b.String()
}

// compact is a number in at most four characters.
func compact(n int) string {
	switch {
	case n < 10_000:
		return strconv.Itoa(n)
	case n < 1_000_000:
		return fmt.Sprintf("%dk", n/1000)
	case n < 10_000_000:
		return fmt.Sprintf("%.1fM", float64(n)/1e6)
	case n < 1_000_000_000:
		return fmt.Sprintf("%dM", n/1_000_000)
	}
	return fmt.Sprintf("%dG", n/1_000_000_000)
}

// perSecond is a rate.
func perSecond(n uint64, in time.Duration) string {
	if in <= 0 {
		return "0/s"
	}
	switch r := float64(n) / in.Seconds(); {
	case r == 0:
		return "0/s"
	case r < 0.995:
		return fmt.Sprintf("%.2f/s", r)
	case r < 9.95:
		return fmt.Sprintf("%.1f/s", r)
	case r < 99_999.5:
		return fmt.Sprintf("%.0f/s", r)
	case r < 999_500:
		return fmt.Sprintf("%.0fk/s", r/1e3)
	default:
		return fmt.Sprintf("%.2fM/s", r/1e6)
	}
}

// percent is a share in whole percents.
func percent(share float64) string {
	if share > 0 && share < 0.005 {
		return "<1 %"
	}
	return fmt.Sprintf("%.0f %%", 100*share)
}

// brief is a duration in three digits.
func brief(d time.Duration) string {
	for _, unit := range []struct {
		size time.Duration
		name string
	}{{time.Second, "s"}, {time.Millisecond, "ms"}, {time.Microsecond, "µs"}} {
		if d < unit.size {
			continue
		}
		n := float64(d) / float64(unit.size)
		switch {
		case n >= 120 && unit.size == time.Second:
			return clock(d)
		case n >= 99.95:
			return fmt.Sprintf("%.0f %s", n, unit.name)
		case n >= 9.995:
			return fmt.Sprintf("%.1f %s", n, unit.name)
		}
		return fmt.Sprintf("%.2f %s", n, unit.name)
	}
	return fmt.Sprintf("%d ns", d)
}

// clock is a duration as a clock shows it, such as 1:05; a short one in more detail.
func clock(d time.Duration) string {
	if d < time.Second {
		return brief(d)
	}
	if d < 10*time.Second {
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	s := int(d.Seconds())
	if s < 3600 {
		return fmt.Sprintf("%d:%02d", s/60, s%60)
	}
	text := fmt.Sprintf("%d:%02d:%02d", s/3600%24, s/60%60, s%60)
	if days := s / 86400; days > 0 {
		return fmt.Sprintf("%d d %s", days, text)
	}
	return text
}

// grouped is a whole number with its digits in groups.
func grouped(n uint64) string {
	s := strconv.FormatUint(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "\u202f" + s[i:]
	}
	return s
}
