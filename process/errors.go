package process

import (
	"errors"
	"fmt"
	"strings"

	"github.com/gopeln/pl/internal/crossing"
)

// CrashError is the death of a worker: an exit, a signal, a fatal error of the runtime. It is the
// error of the value that the worker was running.
type CrashError struct {
	PID   int
	State string // "exit status 3", "signal: killed"
	// Trace is what the Go runtime said last: the reason first, such as "fatal error: stack
	// overflow", then stacks, up to 64 KB. It is empty if the process had no time for last words,
	// as with os.Exit and SIGKILL.
	Trace string

	memory bool // the reason is the worker's MemoryLimit
}

// ErrMemory is, in the sense of errors.Is, a *[CrashError] of a worker that died of its
// [MemoryLimit].
var ErrMemory = errors.New("the worker needed more memory than its MemoryLimit allows")

// Error gives the reason, the state and the trace.
func (e *CrashError) Error() string {
	if e.Trace == "" {
		return fmt.Sprintf("worker process %d ended: %s", e.PID, e.State)
	}
	reason, stacks, _ := strings.Cut(e.Trace, "\n")
	text := fmt.Sprintf("worker process %d ended: %s (%s)", e.PID, reason, e.State)
	if e.memory {
		text += ": " + ErrMemory.Error()
	}
	return text + "\n\n" + strings.TrimLeft(stacks, "\n")
}

// Is reports whether target is [ErrMemory] and e is such a death.
func (e *CrashError) Is(target error) bool { return e.memory && target == ErrMemory }

// afterwards is the error of a value whose result was lost in the crash.
func (e *CrashError) afterwards() *CrashError {
	lost := *e
	lost.State += " (after the function had returned; its result is lost)"
	return &lost
}

// RemoteError is an error that a function returned in a worker. Of the original, its text is left:
// errors.As does not find it, and errors.Is finds only context.Canceled, context.DeadlineExceeded,
// io.EOF, and what was given to [RegisterError].
type RemoteError struct {
	Type    string // of the original, as %T prints it
	Message string
	Stack   string // of a panic in the values' own encoding; else empty

	sentinels []error
}

// Error gives the message.
func (e *RemoteError) Error() string { return e.Message }

// Unwrap returns the sentinels that the original was, in the sense of errors.Is.
func (e *RemoteError) Unwrap() []error { return e.sentinels }

// RegisterError makes errors.Is find err in an error that came from a worker. Call it where stages
// are made: in a package-level variable or an init function, or in main before [Main]. It is safe
// for concurrent use.
func RegisterError(err error) { crossing.RegisterError(err) }

func init() {
	crossing.Arrived = func(typ, message, stack string, sentinels []error) error {
		return &RemoteError{Type: typ, Message: message, Stack: stack, sentinels: sentinels}
	}
}
