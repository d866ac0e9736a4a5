package task

import (
	"context"
	"errors"

	"github.com/gopeln/pl"
)

// yielding returns kernel with an emit that only the kernel's own task may call. emit parks that
// task if there is no room; if a child of Gather called it, or a function that is awaited, the task
// would be parked already.
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
