package task

import (
	"log/slog"
	"time"
)

// warn reports a function that holds the loop. Without it, a forgotten Await shows as a program that is slow for no
// reason.
func warn(stage string, held time.Duration, stack string) {
	slog.Warn("task: a function holds its event loop, so all other tasks wait; "+
		"call what blocks with task.Await, use task.Transport for HTTP, "+
		"or give the stage task.Blocking or the thread backend",
		"stage", stage, "held", held, "stack", stack)
}
