package crossing

import (
	"strings"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/internal/guard"
	"github.com/gopeln/pl/internal/wire"
)

// framed is an error with words around its text. It may be of the user's, so its text is asked for
// with care.
type framed struct {
	before string
	err    error
	after  string
}

func (e *framed) Error() string { return e.before + guard.Text(e.err) + e.after }
func (e *framed) Unwrap() error { return e.err }

// Framed returns err with words before its text.
func Framed(before string, err error) error { return &framed{before: before, err: err} }

// Explained says of an error of encoding or decoding, which what names, what the user knows about:
// a panic, or what gob lacks.
func Explained(what string, err error) error {
	if p, ok := guard.As[*wire.PanicError](err); ok {
		err = &pl.PanicError{Value: p.Value, Stack: p.Stack}
	}
	e := &framed{before: what + ": ", err: err}
	const unregistered = "type not registered for interface: "
	const cure = "call gob.Register"
	if _, name, ok := strings.Cut(guard.Text(err), unregistered); ok && !strings.Contains(name, cure) {
		e.after = ": " + cure + " with a value of type " + name + " in an init function, so that program and worker both know it"
	}
	return e
}
