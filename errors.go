package pl

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime/debug"
	"strings"

	"github.com/gopeln/pl/internal/guard"
)

// StageError is the failure of one stage: the error that the consumer gets, and that an [OnError]
// handler decides about. errors.Is and errors.As look through it.
type StageError struct {
	Stage  string // the name given with Name, else the function's
	Worker int    // the worker's index, from 0; -1 if the error is about the stage as a whole
	Item   any    // the value that failed; nil if the error is about no value
	Err    error  // what the function returned, a *PanicError, or ErrTimeout
	// Attempts is how often the value was tried: once unless the stage has [Retry]; 0 if the error
	// is about no value.
	Attempts int
}

// Error names the stage, the worker, the value, which it shortens if it is long, and the attempts,
// if there were several. It returns even if Err's own method panics or ends its goroutine.
func (e *StageError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "pl: stage %q", e.Stage)
	if e.Worker >= 0 {
		fmt.Fprintf(&b, ", worker %d", e.Worker)
	}
	if e.Item != nil {
		fmt.Fprintf(&b, ", value %s", shown(e.Item))
	}
	if e.Attempts > 1 {
		fmt.Fprintf(&b, ", after %d attempts", e.Attempts)
	}
	return b.String() + ": " + within(e.Err)
}

// Unwrap returns Err.
func (e *StageError) Unwrap() error { return e.Err }

// PanicError is a panic in a user's function, as the error of its value.
type PanicError struct {
	Value any    // what panic was called with
	Stack []byte // the stack of the goroutine that panicked, as runtime/debug.Stack prints it
}

// Error returns a text of the panic's value and the stack.
func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v\n\n%s", e.Value, e.Stack) }

// Unwrap returns Value if it is an error, else nil.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// ErrTimeout is the error of a value whose function took longer than the stage's [Timeout].
// It is a context.DeadlineExceeded too.
var ErrTimeout error = timeoutError{}

type timeoutError struct{}

func (timeoutError) Error() string        { return "the function took longer than the stage's Timeout" }
func (timeoutError) Is(target error) bool { return target == context.DeadlineExceeded }
func (timeoutError) Timeout() bool        { return true }

// ErrGoexit is the error of a function that ended its goroutine.
var ErrGoexit = errors.New("the function ended its goroutine with runtime.Goexit " +
	"(testing's FailNow does; return an error instead)")

var (
	errNilFunction = errors.New("the function is nil")
	errNilPartial  = errors.New("the operator is nil")
	errNoOpen      = errors.New("the Resource has no function to open it; make it with pl.OnStart")
	errZeroStage   = errors.New("the stage is a zero Stage; make it with a source, such as pl.From")
)

// recovered returns the error of a recovered panic. It must be called in the deferred function,
// where the stack still has the frames of the panic.
func recovered(value any) *PanicError { return &PanicError{Value: value, Stack: debug.Stack()} }

// within returns the text of err for a message that begins with this package's prefix: without that
// prefix, which err has if it comes from a run within the function, or from a Func.
func within(err error) string { return strings.TrimPrefix(guard.Text(err), "pl: ") }

// shown formats v for a message, in about 80 bytes at most. It stops when it has these, so that the
// message of a huge value costs little.
func shown(v any) string {
	b := brief{remaining: 80}
	switch s := v.(type) {
	case string:
		_, _ = fmt.Fprintf(&b, "%q", s[:min(len(s), b.remaining)])
		b.cut = b.cut || len(s) > 80
	case []byte:
		_, _ = fmt.Fprintf(&b, "%x", s[:min(len(s), b.remaining)])
	default:
		show(&b, reflect.ValueOf(v))
	}
	if b.cut {
		return strings.ToValidUTF8(b.text.String(), "") + "…"
	}
	return b.text.String()
}

// show formats v. Of a long list it formats only the beginning.
func show(b *brief, v reflect.Value) {
	if (v.Kind() == reflect.Slice || v.Kind() == reflect.String) && v.Len() > b.remaining {
		v, b.cut = v.Slice(0, b.remaining), true
	}
	_, _ = fmt.Fprintf(b, "%+v", v)
}

// brief is a Writer that keeps the first bytes that are written to it.
type brief struct {
	text      strings.Builder
	remaining int
	cut       bool
}

func (b *brief) Write(p []byte) (int, error) {
	kept := p[:min(len(p), b.remaining)]
	b.remaining -= len(kept)
	b.cut = b.cut || len(kept) < len(p)
	b.text.Write(kept)
	return len(p), nil
}
