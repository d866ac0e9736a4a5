//go:build go1.27

package pl_test

import (
	"context"
	"fmt"
	"strconv"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/thread"
)

// A pipeline reads from left to right, and its type may change on the way. Before Go 1.27 a method
// cannot do that; there, Pipe2 to Pipe9 do it.
func ExampleStage_Pipe() {
	halves := pl.From("4", "7", "12").
		Pipe(thread.Map(pl.Try(strconv.Atoi), pl.Workers(3))).
		Pipe(thread.Filter(pl.Try(func(x int) (bool, error) { return x%2 == 0, nil }))).
		Ordered().
		Pipe(thread.Map(pl.Lift(func(x int) float64 { return float64(x) / 8 })))
	fmt.Println(halves.Collect(context.Background()))
	// Output: [0.5 1.5] <nil>
}

// Then makes one operator of two, for use in several pipelines.
func ExamplePartial_Then() {
	digits := thread.Map(pl.Lift(strconv.Itoa)).Then(thread.Map(pl.Lift(func(s string) int { return len(s) })))
	fmt.Println(pl.From(7, 1234).Pipe(digits).Collect(context.Background()))
	// Output: [1 4] <nil>
}
