package resume

import (
	"strings"
	"testing"

	"github.com/gopeln/pl/bench/measure"
)

func TestAllCountTheSame(t *testing.T) {
	var b strings.Builder
	if err := Run(measure.Effort{Values: 2000, Reps: 1}, &b); err != nil { // it checks the counts
		t.Fatal(err)
	}
	for _, name := range []string{"journal.Done", "journal.Open", "a journal of 20000 keys"} {
		if !strings.Contains(b.String(), name) {
			t.Errorf("no row for %s in\n%s", name, b.String())
		}
	}
}
