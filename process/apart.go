package process

import (
	"runtime/debug"
	"strings"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/internal/guard"
	"github.com/gopeln/pl/internal/wire"
)

// apart calls f in a goroutine of its own, which f may end, and returns what became of the call.
func apart(f func() error) error {
	done := make(chan error, 1)
	go func() {
		returned := false
		defer func() {
			if r := recover(); r != nil {
				done <- &pl.PanicError{Value: r, Stack: debug.Stack()}
			} else if !returned {
				done <- pl.ErrGoexit
			}
		}()
		err := f()
		returned = true
		done <- err
	}()
	return <-done
}

// apartEncoder is an encoder that runs code of the user's, which may panic and end its goroutine.
type apartEncoder[T any] struct{ wire.Encoder[T] }

func (e apartEncoder[T]) Append(buf []byte, batch []T) ([]byte, error) {
	out := buf
	err := apart(func() error {
		longer, err := e.Encoder.Append(buf, batch)
		if err == nil {
			out = longer
		}
		return err
	})
	return out, err
}

// apartDecoder is the other end of an [apartEncoder].
type apartDecoder[T any] struct{ wire.Decoder[T] }

func (d apartDecoder[T]) Decode(data []byte, n int) (batch []T, err error) {
	err = apart(func() (err error) {
		batch, err = d.Decoder.Decode(data, n)
		return err
	})
	return batch, err
}

// codecError is why a value could not be encoded or decoded. Its cause may be an error of the
// user's, so its text is asked for with care.
type codecError struct {
	before string
	err    error
	after  string
}

func (e *codecError) Error() string { return e.before + guard.Text(e.err) + e.after }
func (e *codecError) Unwrap() error { return e.err }

// explained says of an error of encoding or decoding, which what names, what the user knows about:
// a panic, or what gob lacks.
func explained(what string, err error) error {
	if p, ok := guard.As[*wire.PanicError](err); ok {
		err = &pl.PanicError{Value: p.Value, Stack: p.Stack}
	}
	e := &codecError{before: what + ": ", err: err}
	const unregistered = "type not registered for interface: "
	const cure = "call gob.Register"
	if _, name, ok := strings.Cut(guard.Text(err), unregistered); ok && !strings.Contains(name, cure) {
		e.after = ": " + cure + " with a value of type " + name + " in an init function, so that program and worker both know it"
	}
	return e
}
