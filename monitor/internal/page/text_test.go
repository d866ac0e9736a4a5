package page

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestDurations(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0 ns", 7: "7 ns", 1500: "1.50 µs", 12_345: "12.3 µs", 123_456: "123 µs", 3 * time.Millisecond: "3.00 ms",
		1234 * time.Millisecond: "1.23 s", 41 * time.Second: "41.0 s", 119 * time.Second: "119 s", 150 * time.Second: "2:30",
	} {
		assert.Equal(t, want, brief(d))
	}
	for d, want := range map[time.Duration]string{
		0: "0 ns", 371_000: "371 µs", 7 * time.Second: "7.0 s", 65 * time.Second: "1:05", 3723 * time.Second: "1:02:03",
		50 * time.Hour: "2 d 2:00:00",
	} {
		assert.Equal(t, want, clock(d))
	}
}

func TestNumbers(t *testing.T) {
	for n, want := range map[uint64]string{0: "0", 999: "999", 9999: "9999", 12345: "12<i>345</i>", 1234567: "1<i>234</i><i>567</i>"} {
		assert.EqualValues(t, want, digits(n))
	}
	assert.Equal(t, "18\u202f446\u202f744\u202f073\u202f709\u202f551\u202f615", grouped(math.MaxUint64))
	for n, want := range map[int]string{0: "0", 9999: "9999", 10_000: "10k", 999_999: "999k", 1_234_567: "1.2M", 45_678_901: "45M", 2_000_000_000: "2G"} {
		assert.Equal(t, want, compact(n))
		assert.LessOrEqual(t, len(want), 4)
	}
	for n, want := range map[uint64]string{0: "0/s", 1: "0.10/s", 25: "2.5/s", 640: "64/s", 1_234_560: "123k/s", 100_000_000: "10.00M/s"} {
		assert.Equal(t, want, perSecond(n, 10*time.Second))
	}
	assert.Equal(t, "0/s", perSecond(7, 0))
	assert.Equal(t, "<1 %", percent(0.001))
	assert.Equal(t, "0 %", percent(0))
	assert.Equal(t, "100 %", percent(1))
}

func TestWhatCannotBePrintedIsEscaped(t *testing.T) {
	assert.Equal(t, `a\x1b[31m\nb\u202e日本`, printable("a\x1b[31m\nb\u202e日本", 100))
	assert.Equal(t, "日本…", printable("日本語", 2))
	assert.Equal(t, "e\u0301\u0301\u0301f\u0301", printable("e"+strings.Repeat("\u0301", 300)+"f\u0301", 100))
}

func TestAttributesCarryAnyText(t *testing.T) {
	assert.EqualValues(t, `data-x="a&#34;&lt;&gt;&#13;&#10;&#9;`+"\ufffd\ufffd"+`"`, attribute("data-x", "a\"<>\r\n\t\x00\xff"))
}

func TestTextsAreCutToTheirRoom(t *testing.T) {
	for _, text := range []string{"", "a", "resize images", "WWWWWWWWWWWWWWWWWWWWWWWW", "日本語日本語日本語日本語日本語", "e\u0301e\u0301"} {
		cut, width := fitting(text, 9)
		assert.LessOrEqual(t, width, 9.0)
		if cut != text {
			assert.Regexp(t, "…$", cut)
		}
	}
	cut, _ := fitting("resize", 9)
	assert.Equal(t, "resize", cut)
}
