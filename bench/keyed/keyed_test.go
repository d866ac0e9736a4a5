package keyed

import (
	"strings"
	"testing"

	"github.com/gopeln/pl/bench/measure"
)

func TestAllAddUpToTheSame(t *testing.T) {
	var b strings.Builder
	if err := Run(measure.Effort{Values: 3000, Reps: 1}, &b); err != nil { // it checks the sums
		t.Fatal(err)
	}
	for _, name := range []string{"ByKey", "a map of channels", "1000 keys"} {
		if !strings.Contains(b.String(), name) {
			t.Errorf("no %s in\n%s", name, b.String())
		}
	}
}
