package lines

import (
	"strings"
	"testing"

	"github.com/gopeln/pl/bench/measure"
)

func TestBothReadTheSame(t *testing.T) {
	var b strings.Builder
	if err := Run(measure.Effort{Values: 3000, Reps: 1}, &b); err != nil { // it checks the sums
		t.Fatal(err)
	}
	for _, name := range []string{"bufio.Scanner", "files.Lines"} {
		if !strings.Contains(b.String(), name) {
			t.Errorf("no row for %s in\n%s", name, b.String())
		}
	}
}
