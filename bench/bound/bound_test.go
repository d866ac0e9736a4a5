package bound

import (
	"io"
	"testing"

	"github.com/gopeln/pl/bench/measure"
)

func TestEveryContenderDoesTheWork(t *testing.T) {
	if err := Run(measure.Effort{Values: 1000, Reps: 1}, io.Discard); err != nil {
		t.Fatal(err)
	}
}

func TestTheBoundKeepsTheMemory(t *testing.T) {
	const n = 200_000 // 51 MB
	free, _, err := peak(func() error { return check(contenders[0], n) })
	if err != nil {
		t.Fatal(err)
	}
	bounded, _, err := peak(func() error { return check(contenders[1], n) })
	if err != nil {
		t.Fatal(err)
	}
	if bounded > free/2 {
		t.Errorf("%.0f MB with MaxSize(64), %.0f MB without", bounded/1e6, free/1e6)
	}
}
