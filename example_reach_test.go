package pl_test

import (
	"context"
	"fmt"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/thread"
)

func ExampleStage_First() {
	fmt.Println(thread.Filter(isOdd)(pl.Range(1_000_000)).First(context.Background()))
	// Output: 1 true <nil>
}

func ExampleStage_Count() {
	fmt.Println(thread.Filter(isOdd, pl.Workers(4))(pl.Range(10)).Count(context.Background()))
	// Output: 5 <nil>
}

func ExampleStage_Any() {
	isLarge := func(x int) bool { return x > 100 }
	fmt.Println(thread.Map(double)(pl.Range(1_000_000)).Any(context.Background(), isLarge))
	// Output: true <nil>
}

func ExampleStage_Every() {
	isEven := func(x int) bool { return x%2 == 0 }
	fmt.Println(thread.Map(double)(pl.Range(10)).Every(context.Background(), isEven))
	// Output: true <nil>
}

// The channel is for code that selects among several of them.
func ExampleStage_Chan() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel() // which ends the run if the loop is left early
	values, failure := thread.Map(double)(pl.Range(3)).Chan(ctx)
	for x := range values {
		fmt.Println(x)
	}
	fmt.Println(failure())
	// Output:
	// 0
	// 2
	// 4
	// <nil>
}

func ExampleReduce() {
	add := func(sum, x int) (int, error) { return sum + x, nil }
	fmt.Println(pl.Reduce(context.Background(), thread.Map(double, pl.Workers(2))(pl.Range(5)), 0, add))
	// Output: 20 <nil>
}

func ExampleMerge() {
	n, err := pl.Merge(pl.From("a", "b"), pl.From("c")).Count(context.Background())
	fmt.Println(n, err)
	// Output: 3 <nil>
}

// The second part starts when the first has ended.
func ExampleAppend() {
	fmt.Println(pl.Append(pl.From(1, 2), thread.Map(double)(pl.Range(3))).Collect(context.Background()))
	// Output: [1 2 0 2 4] <nil>
}

func ExampleBatchWeight() {
	length := func(s string) int64 { return int64(len(s)) }
	lines := pl.From("to be", "or", "not", "to be, that is")
	fmt.Println(pl.BatchWeight(100, 8, length, 0)(lines).Collect(context.Background()))
	// Output: [[to be or] [not] [to be, that is]] <nil>
}

func ExampleTakeWhile() {
	isSmall := func(x int) bool { return x < 5 }
	fmt.Println(pl.TakeWhile(isSmall)(thread.Map(double)(pl.Range(1_000_000))).Collect(context.Background()))
	// Output: [0 2 4] <nil>
}

func ExampleDistinct() {
	firstLetter := func(s string) byte { return s[0] }
	fmt.Println(pl.Distinct(firstLetter, 0)(pl.From("Ann", "Bob", "Al", "Cy")).Collect(context.Background()))
	// Output: [Ann Bob Cy] <nil>
}
