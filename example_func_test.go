package pl_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/thread"
)

// A service starts its workers once and calls them for each request.
func ExampleFunc() {
	half := func(_ context.Context, x int) (int, error) {
		if x%2 != 0 {
			return 0, errors.New("an odd number")
		}
		return x / 2, nil
	}
	call, stop := pl.Func(context.Background(), thread.Map(half, pl.Workers(4), pl.MaxSize(16)))
	fmt.Println(call(context.Background(), 42))
	_, err := call(context.Background(), 7) // harms no other call
	fmt.Println(err != nil)
	fmt.Println(stop())
	// Output:
	// 21 <nil>
	// true
	// <nil>
}
