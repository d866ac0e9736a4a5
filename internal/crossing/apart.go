package crossing

import (
	"runtime/debug"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/internal/wire"
)

// Apart calls f in a goroutine of its own, which f may end, and returns what became of the call.
func Apart(f func() error) error {
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
	err := Apart(func() error {
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
	err = Apart(func() (err error) {
		batch, err = d.Decoder.Decode(data, n)
		return err
	})
	return batch, err
}
