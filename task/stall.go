package task

import (
	"log/slog"
	"time"
)

// warn logs that a function holds the loop. Without it, a forgotten Await would only show as a
// program that is slow. The log's handler is the user's code: if it panics, the run fails. The
// watchdog's goroutine calls warn.
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
