//go:build race

package task_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/gopeln/pl/task"
)

// Without the race detector this would put the goroutine in the task's place, so it is the
// detector's build that tells.
func TestAnAwaitByAnotherGoroutineIsAnErrorWhileTheTaskRuns(t *testing.T) {
	inTask(t, func(ctx context.Context) error {
		answer := make(chan error)
		go func() { answer <- task.Yield(ctx) }()
		assert.ErrorContains(t, <-answer, "a goroutine that is not the task's")
		return nil
	})
}
