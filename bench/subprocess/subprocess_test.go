package subprocess

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/gopeln/pl/bench/measure"
)

func TestMain(m *testing.M) {
	Serve()
	os.Exit(m.Run())
}

// TestEveryContenderDoesTheWork relies on Compare, which checks the sums.
func TestEveryContenderDoesTheWork(t *testing.T) {
	var out bytes.Buffer
	if err := Run(measure.Effort{Values: 60, Reps: 1}, &out); err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(out.String(), "net/rpc"); got != 5 {
		t.Errorf("net/rpc is in %d tables, want 5:\n%s", got, &out)
	}
}
