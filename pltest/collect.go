package pltest

import (
	"context"
	"testing"

	"github.com/gopeln/pl"
)

// Collect sends the values in through p and returns what comes out, in the order in which it comes.
// An error of the run ends the test as failed. Like t.Fatal it must be called by the test's
// goroutine.
func Collect[A, B any](t testing.TB, p pl.Partial[A, B], in ...A) []B {
	t.Helper()
	out, err := pl.Pipe(pl.FromSlice(in), p).Collect(context.Background())
	if err != nil {
		t.Fatalf("the run of %d values failed after %d results: %v", len(in), len(out), err)
	}
	return out
}
