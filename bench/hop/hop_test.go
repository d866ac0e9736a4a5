package hop

import (
	"fmt"
	"testing"
	"time"
)

// TestEveryContenderDoesTheWork runs all contenders in the shapes where they could go wrong, and
// adds up their results.
func TestEveryContenderDoesTheWork(t *testing.T) {
	const n = 500
	for _, s := range []shape{{1, 1, 1}, {1, 16, 4}, {3, 2, 64}, {3, 16, 0}, {2, 3, 1024}} {
		for _, c := range contenders(s) {
			t.Run(fmt.Sprintf("%s/%+v", c.Name, s), func(t *testing.T) {
				for _, n := range []int{n, 1, 0} {
					got, err := c.Run(n)
					if want := sum(n, s.stages); err != nil || got != want {
						t.Fatalf("Run(%d) = %d, %v; want %d, nil", n, got, err, want)
					}
				}
			})
		}
	}
}

func TestWatchedRunDoesTheWork(t *testing.T) {
	s := shape{stages: 3, workers: 2, maxsize: 64}
	for _, period := range []time.Duration{0, time.Millisecond} {
		got, err := watched(s, period).Run(1000)
		if want := sum(1000, s.stages); err != nil || got != want {
			t.Fatalf("Run(1000) = %d, %v; want %d, nil", got, err, want)
		}
	}
}

func TestSnapshotIsTaken(t *testing.T) {
	if took, err := snapshot(3, 4, 3); err != nil || took <= 0 {
		t.Fatalf("snapshot = %v, %v", took, err)
	}
}
