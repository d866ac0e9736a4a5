package pl_test

import (
	"context"
	"fmt"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/thread"
)

// A source of unknown length does not tell how far a run is, unless it is told how much to expect.
func ExampleTotal() {
	lines := pl.FromFunc(func(_ context.Context, yield func(string) bool) error {
		for _, line := range []string{"a", "b", "c", "d"} {
			if !yield(line) {
				break
			}
		}
		return nil
	}).With(pl.Total(4))
	ctx := pl.Observe(context.Background(), func(run *pl.RunInfo) (ended func(error)) {
		return func(error) { fmt.Println(run.Stats().Total, run.Stats().Progress) }
	})
	length := func(_ context.Context, s string) (int, error) { return len(s), nil }
	fmt.Println(thread.Map(length)(lines).Count(ctx))
	// Output:
	// 4 1
	// 4 <nil>
}
