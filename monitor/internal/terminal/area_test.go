package terminal

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/gopeln/pl/monitor/internal/screen"
)

// What is drawn in place of something leaves no remains of it: fewer lines, shorter ones, a text
// above them, a window that has become narrower and in which the terminal has broken or cut them.
func TestWhatIsDrawnAgainLeavesNoRemains(t *testing.T) {
	for name, rewraps := range map[string]bool{"cuts": false, "rewraps": true} {
		t.Run(name, func(t *testing.T) {
			s := screen.New(60, 30)
			s.Rewraps = rewraps
			_, _ = s.Write([]byte("above\r\n"))
			var a area
			draw := func(columns int, text string, lines ...string) []string {
				_, _ = s.Write(a.redraw([]byte(text), lines, window{columns, 30}, rewraps))
				return s.Lines()
			}
			long := slices.Repeat([]string{strings.Repeat("long ", 11)}, 4)
			draw(60, "", long...)
			assert.Equal(t, []string{"above", "short", "shorter"}, draw(60, "", "short", "shorter"))
			draw(60, "", long...)
			assert.Equal(t, []string{"above", "said", "one"}, draw(60, "said\r\n", "one"))
			draw(60, "", long...)
			s.Resize(20, 30)
			assert.Equal(t, []string{"above", "said", "one", "two"}, draw(20, "", "one", "two"))
			s.Resize(60, 30)
			assert.Equal(t, []string{"above", "said", "one", "two", "three"}, draw(60, "", "one", "two", "three"))
			assert.Equal(t, []string{"above", "said", "the end"}, draw(60, "the end\r\n"))
			assert.Empty(t, s.Strange)
		})
	}
}
