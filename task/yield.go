package task

import (
	"context"
	"errors"

	"github.com/gopeln/pl"
)

// yielding is a kernel whose emit only its own task may call. Where there is no room, emit waits in the name of the task;
// a child of Gather, or a function that is awaited, would have a task wait that waits already.
func yielding[A, B any](kernel pl.Kernel[A, B]) pl.Kernel[A, B] {
	return func(ctx context.Context, in A, emit func(B) bool) error {
		c := current(ctx)
		return kernel(ctx, in, func(result B) bool {
			err := c.mine()
			if errors.Is(err, errForeign) {
				panic(errYield)
			}
			return err == nil && emit(result)
		})
	}
}

var errYield = errors.New("task: yield was called by another than the function's own task: let a child of Gather, or a " +
	"function that is awaited, return its results, and yield them in the function itself")
