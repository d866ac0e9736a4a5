package pl_test

import (
	"context"
	"fmt"
	"time"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/thread"
)

// hurry takes the less time the later its value is.
func hurry(_ context.Context, x int) (int, error) {
	time.Sleep(time.Duration(5-x) * time.Millisecond)
	return x, nil
}

// However many workers there are, and whatever order they finish in, the values come out in the
// order of the source.
func ExampleOrdered() {
	values := pl.Ordered(thread.Map(hurry, pl.Workers(5))(pl.Range(5)))
	fmt.Println(values.Collect(context.Background()))
	// Output: [0 1 2 3 4] <nil>
}

// The window bounds what is under way while the order waits for a slow value.
func ExampleOrderedWindow() {
	values := pl.Pipe2(pl.Range(5), thread.Map(hurry, pl.Workers(5)), pl.OrderedWindow[int](2))
	fmt.Println(values.Collect(context.Background()))
	// Output: [0 1 2 3 4] <nil>
}

func ExampleBatch() {
	batches := pl.Batch[int](4, 0)(pl.Range(10))
	fmt.Println(batches.Collect(context.Background()))
	// Output: [[0 1 2 3] [4 5 6 7] [8 9]] <nil>
}

func ExampleFlatten() {
	values := pl.Flatten(pl.From([]int{1, 2}, nil, []int{3}))
	fmt.Println(values.Collect(context.Background()))
	// Output: [1 2 3] <nil>
}

// The source is endless; with the third value it is stopped.
func ExampleTake() {
	naturals := pl.FromFunc(func(_ context.Context, yield func(int) bool) error {
		for n := 1; yield(n); n++ {
		}
		return nil
	})
	fmt.Println(pl.Take[int](3)(naturals).Collect(context.Background()))
	// Output: [1 2 3] <nil>
}

func ExampleEnumerate() {
	lines := pl.Enumerate(pl.From("alpha", "beta"))
	for line, err := range lines.All(context.Background()) {
		fmt.Println(line.Index, line.Value, err)
	}
	// Output:
	// 0 alpha <nil>
	// 1 beta <nil>
}
