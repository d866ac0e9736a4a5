package terminal

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gopeln/pl/internal/cells"
)

const mostTextCells = 500

// Text is the frame as a line of text, such as
//
//	crawl 58 % 3156 out 631/s elapsed 0:05 left 0:04 | score is the bottleneck: …
func (f *Frame) Text() string {
	count, unit := Outcome(&f.Now)
	lately, _ := Outcome(&f.Lately)
	text := fmt.Sprintf("%s %s %d %s %s elapsed %s", f.name(mostNameCells), strings.TrimSpace(f.state()),
		count, unit, rate(lately, f.Lately.Elapsed), clock(f.Now.Elapsed))
	if left := f.Now.Left; left > 0 && !f.ended() {
		text += " left " + aboutLeft(left)
	}
	if failed := Failures(&f.Now); failed > 0 {
		text += fmt.Sprintf(" %d failed", failed)
	}
	parts := append([]string{text, f.Now.Err, f.Verdict.String()}, append(f.remoteTexts(), f.withinText())...)
	parts = slices.DeleteFunc(parts, func(s string) bool { return s == "" })
	return cells.Fit(strings.Join(parts, " | "), mostTextCells)
}
