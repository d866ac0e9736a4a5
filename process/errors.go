package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/internal/advice"
	"github.com/gopeln/pl/internal/guard"
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
func RegisterError(err error) {
	sentinels.Lock()
	defer sentinels.Unlock()
	if err != nil {
		sentinels.all = append(sentinels.all, err)
	}
}

// sentinels are in the same order in program and worker, since both run the same initialisation;
// the program may have more.
var sentinels = registeredErrors{all: []error{context.Canceled, context.DeadlineExceeded, io.EOF, pl.ErrDrain}}

// sentinelDeadline is the index of context.DeadlineExceeded.
const sentinelDeadline = 1

type registeredErrors struct {
	sync.Mutex
	all []error
}

// list returns the sentinels of now.
func (r *registeredErrors) list() []error {
	r.Lock()
	defer r.Unlock()
	return slices.Clip(r.all)
}

// failure is an error on its way.
type failure struct {
	Type, Message, Stack string
	Before               string      `json:",omitempty"` // the text that wraps a panic
	Kind                 failureKind `json:",omitempty"`
	Sentinels            []int       `json:",omitempty"`
	// What the marks in it come to, of pl.Permanent and pl.RetryAfter.
	Permanent bool          `json:",omitempty"`
	After     time.Duration `json:",omitempty"`
}

type failureKind int

const (
	failureError failureKind = iota
	failurePanic
	failureGoexit
)

func newFailure(err error) *failure {
	f := &failure{Type: fmt.Sprintf("%T", advice.Strip(err)), Message: guard.Text(err)}
	f.Permanent, f.After = advice.Of(err)
	if guard.Is(err, pl.ErrGoexit) {
		f.Kind = failureGoexit
		if before, wraps := strings.CutSuffix(f.Message, pl.ErrGoexit.Error()); wraps {
			f.Before = before
		}
	}
	if p, ok := guard.As[*pl.PanicError](err); ok {
		if before, wraps := strings.CutSuffix(f.Message, guard.Text(p)); wraps {
			f.Before = before
		}
		f.Kind, f.Message, f.Stack = failurePanic, valueText(p.Value), string(p.Stack)
	}
	for i, s := range sentinels.list() {
		if guard.Is(err, s) {
			f.Sentinels = append(f.Sentinels, i)
		}
	}
	return f
}

// valueText shows what panic was called with, whose methods may be the user's.
func valueText(v any) (text string) {
	if trouble := guard.Call(func() { text = fmt.Sprint(v) }); trouble != nil {
		return fmt.Sprintf("a value of type %T, whose method %v", v, trouble)
	}
	return text
}

func wrapped(before string, err error) error {
	if before == "" {
		return err
	}
	return fmt.Errorf("%s%w", before, err)
}

// err is the failure as the other end sees it, with the marks that it had.
func (f *failure) err() error {
	if f.Permanent || f.After > 0 {
		return &advice.Error{Err: f.unmarked(), Permanent: f.Permanent, After: f.After}
	}
	return f.unmarked()
}

func (f *failure) unmarked() error {
	switch f.Kind {
	case failurePanic:
		return wrapped(f.Before, &pl.PanicError{Value: f.Message, Stack: []byte(f.Stack)})
	case failureGoexit:
		return wrapped(f.Before, pl.ErrGoexit)
	}
	e := &RemoteError{Type: f.Type, Message: f.Message, Stack: f.Stack}
	all := sentinels.list()
	for _, i := range f.Sentinels {
		if i >= 0 && i < len(all) {
			e.sentinels = append(e.sentinels, all[i])
		}
	}
	return e
}
