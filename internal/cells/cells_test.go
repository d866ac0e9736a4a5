package cells_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"

	"github.com/gopeln/pl/internal/cells"
)

func TestWidthIsThatOfATerminal(t *testing.T) {
	for text, want := range map[string]int{
		"": 0, "fetch": 5, "größe": 5, "取得": 4, "カタカナ": 8, "한국어": 6, "✅": 2, "…▶█·×": 5, "e\u0301": 1, "🚀": 2, "한": 2,
	} {
		assert.Equal(t, want, cells.Width(text), text)
	}
}

func TestFitCutsByCells(t *testing.T) {
	for _, c := range []struct {
		text string
		n    int
		want string
	}{
		{"fetch", 5, "fetch"}, {"fetch", 6, "fetch"}, {"fetch", 4, "fet…"}, {"fetch", 1, "…"}, {"fetch", 0, ""}, {"fetch", -3, ""},
		{"", 0, ""}, {"取得", 4, "取得"}, {"取得", 3, "取…"}, {"取得", 2, "…"}, {"取得", 1, "…"},
		{"e\u0301e\u0301e\u0301", 2, "e\u0301…"},
	} {
		assert.Equal(t, c.want, cells.Fit(c.text, c.n), "%q in %d cells", c.text, c.n)
	}
}

func TestWhatCannotBePrintedIsEscaped(t *testing.T) {
	for text, want := range map[string]string{
		"a\x1b[2Jb":   `a\x1b[2Jb`,
		"a\nb\tc\rd":  `a\nb\tc\rd`,
		"a\u202eb":    `a\u202eb`,
		"a\u009b31mb": `a\u009b31mb`,
		"a\u00a0b":    "a b",
		"a\xffb":      "a\ufffdb",
		"❤\ufe0f":     "❤",
		"</script>":   "</script>",
		"nul\x00":     `nul\x00`,
		"👩\u200d🚀":    `👩\u200d🚀`,
	} {
		assert.Equal(t, want, cells.Fit(text, 100), "%q", text)
	}
	endless := cells.Fit("a"+strings.Repeat("\u0301", 1000), 10)
	assert.Less(t, len(endless), 20, "a character may not carry any number of marks")
}

func TestPadFillsToAWidth(t *testing.T) {
	assert.Equal(t, "取得 ", cells.Pad("取得", 5))
	assert.Equal(t, " 取得", cells.PadLeft("取得", 5))
	assert.Equal(t, "取得", cells.Pad("取得", 3))
}

func TestWrapBreaksBetweenWords(t *testing.T) {
	text := "score is the bottleneck: its 4 workers are busy"
	assert.Equal(t, []string{"score is the", "bottleneck: its 4", "workers are busy"}, cells.Wrap(text, 17, 5))
	assert.Equal(t, []string{"score is the", "bottleneck: its…"}, cells.Wrap(text, 16, 2))
	assert.Equal(t, []string{"score is …"}, cells.Wrap(text, 10, 1))
	assert.Equal(t, []string{text}, cells.Wrap(text, 100, 1))
	assert.Equal(t, []string{"aaaa", "aaaa", "aa b"}, cells.Wrap("aaaaaaaaaa b", 4, 5))
	assert.Equal(t, []string{"取", "得", "a"}, cells.Wrap("取得 a", 3, 5))
	assert.Empty(t, cells.Wrap(text, 0, 3))
	assert.Empty(t, cells.Wrap(text, 10, 0))
	assert.Empty(t, cells.Wrap("", 10, 3))
	assert.NotPanics(t, func() { cells.Wrap("取得", 1, 3) })
}

func FuzzFit(f *testing.F) {
	f.Add("fetch", 4)
	f.Add("取得\x1b\u0301", 3)
	f.Fuzz(func(t *testing.T, text string, n int) {
		n %= 200
		fitted := cells.Fit(text, n)
		if w := cells.Width(fitted); w > max(n, 0) {
			t.Errorf("Fit(%q, %d) is %q, %d cells", text, n, fitted, w)
		}
		if !utf8.ValidString(fitted) || strings.ContainsFunc(fitted, func(r rune) bool { return r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 }) {
			t.Errorf("Fit(%q, %d) is %q", text, n, fitted)
		}
		for _, line := range cells.Wrap(text, n, 3) {
			if w := cells.Width(line); w > max(n, 1) {
				t.Errorf("a line of Wrap(%q, %d, 3) is %q, %d cells", text, n, line, w)
			}
		}
	})
}
