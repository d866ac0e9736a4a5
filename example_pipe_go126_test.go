//go:build !go1.27

package pl_test

import (
	"context"
	"fmt"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/thread"
)

// The fluent form reads well where the type of the values stays the same. Since Go 1.27 it may
// change on the way.
func ExampleStage_Pipe() {
	values := pl.Range(8).
		Pipe(thread.Filter(isOdd)).
		Pipe(thread.Map(double)).
		Ordered()
	fmt.Println(values.Collect(context.Background()))
	// Output: [2 6 10 14] <nil>
}

// Then makes one operator of two, for use in several pipelines.
func ExamplePartial_Then() {
	doubleOdd := thread.Filter(isOdd).Then(thread.Map(double))
	fmt.Println(pl.Range(8).Pipe(doubleOdd).Collect(context.Background()))
	// Output: [2 6 10 14] <nil>
}
