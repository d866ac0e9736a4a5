package task

import (
	"log/slog"
	"time"
)

// warn reports a function that holds the loop. Without it, a forgotten Await shows as a program
// that is slow for no reason. The log's handler is the user's: if it panics, the run fails.
func (e *executor) warn(held time.Duration, stack string) {
	returned := false
	defer func() {
		if !returned {
			e.broke(recover())
		}
	}()
	slog.Warn("task: a function holds its event loop, so all other tasks wait; "+
		"call what blocks with task.Await, use task.Transport for HTTP, "+
		"or give the stage task.Blocking or the thread backend",
		"stage", e.site.Name(), "held", held, "stack", stack)
	returned = true
}
