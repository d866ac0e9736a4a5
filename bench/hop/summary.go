package hop

import (
	"io"
	"regexp"

	"github.com/gopeln/pl/bench/measure"
)

// Summary prints the table of the README: three stages of two workers, and the contenders that
// readers know.
func Summary(e measure.Effort, w io.Writer) error {
	if e.Only == nil {
		e.Only = regexp.MustCompile(`^(gopeln thread|bare channels|errgroup, select to send|conc/pool|serial loop)$`)
	}
	return Shapes{MaxSizes: []int{4, 64, 1024, 0}}.table(e, w, 3, 2)
}
