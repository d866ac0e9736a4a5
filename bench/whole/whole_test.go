package whole

import (
	"io"
	"testing"

	"github.com/gopeln/pl/bench/measure"
)

func TestEveryContenderDoesTheWork(t *testing.T) {
	if err := Run(measure.Effort{Values: 200, Reps: 1}, io.Discard); err != nil {
		t.Fatal(err)
	}
}
