package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"runtime/debug"
)

// Encoder is the sending end of one direction of values of type T.
type Encoder[T any] interface {
	// Append encodes batch, which is not empty, after buf. Where it fails, no byte of the batch is
	// in the result, the stream goes on with the next call, and a shorter batch may do. It does not
	// panic.
	Append(buf []byte, batch []T) ([]byte, error)
}

// Decoder is the receiving end. It must get what the encoder appended, batch by batch, in the same
// order.
type Decoder[T any] interface {
	// Decode decodes a batch of n values. The slice is valid until the next call, the values in it
	// for ever. Where it fails the stream goes on with the next batch. It does not panic.
	Decode(data []byte, n int) ([]T, error)
}

// PanicError is a panic in a method that a value's type uses to encode or decode itself.
type PanicError struct {
	Value any
	Stack []byte
}

func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v", e.Value) }

// guard makes an error of a panic in the function that defers it.
func guard(err *error) {
	if r := recover(); r != nil {
		*err = &PanicError{r, debug.Stack()}
	}
}

var errCorrupt = errors.New("corrupt data")

// Raw carries []byte and string as they are: the length plus inline, and the bytes, or where in an
// [Arena] they are.
type Raw[T []byte | string] struct{ batch []T }

// What stands for the length of a value, if it is less than inline.
const (
	rawNil   = iota // a nil slice stays apart from an empty one
	rawArena        // the place and the length in the arena follow
	inline
)

// Append implements [Encoder].
func (r *Raw[T]) Append(buf []byte, batch []T) ([]byte, error) {
	buf, _ = r.append(nil, buf, batch)
	return buf, nil
}

// append also returns how many bytes it has put in the arena instead.
func (r *Raw[T]) append(a *Arena, buf []byte, batch []T) (_ []byte, lent int) {
	slices, _ := any(batch).([][]byte)
	for i, v := range batch {
		if slices != nil && slices[i] == nil {
			buf = append(buf, rawNil)
		} else if at, ok := a.put(r.bytes(v)); ok {
			buf = binary.AppendUvarint(append(buf, rawArena), at)
			buf = binary.AppendUvarint(buf, uint64(len(v)))
			lent += len(v)
		} else {
			buf = binary.AppendUvarint(buf, uint64(len(v))+inline)
			buf = append(buf, v...)
		}
	}
	return buf, lent
}

// Decode implements [Decoder]. Each value has memory of its own.
func (r *Raw[T]) Decode(data []byte, n int) ([]T, error) { return r.decode(nil, data, n) }

func (r *Raw[T]) decode(a *Arena, data []byte, n int) ([]T, error) {
	clear(r.batch)
	r.batch = r.batch[:0]
	for range n {
		var v T
		var err error
		if data, err = r.decodeOne(a, data, &v); err != nil {
			return nil, err
		}
		r.batch = append(r.batch, v)
	}
	if len(data) > 0 {
		return nil, errCorrupt
	}
	return r.batch, nil
}

func (*Raw[T]) decodeOne(a *Arena, data []byte, v *T) (rest []byte, err error) {
	number := func() uint64 {
		n, width := binary.Uvarint(data)
		if width <= 0 {
			err, width = errCorrupt, 0
		}
		data = data[width:]
		return n
	}
	size := number()
	switch {
	case err != nil || size == rawNil:
	case size == rawArena:
		at, n := number(), number()
		if err != nil {
			break
		}
		value, ok := a.at(at, n)
		if !ok {
			return nil, errCorrupt
		}
		setRaw(v, value)
		a.free(at, n)
	case size-inline > uint64(len(data)):
		err = errCorrupt
	default:
		setRaw(v, data[:size-inline])
		data = data[size-inline:]
	}
	return data, err
}

func setRaw[T []byte | string](v *T, data []byte) {
	switch v := any(v).(type) {
	case *string:
		*v = string(data)
	case *[]byte:
		*v = append([]byte{}, data...)
	}
}

// Empty carries values of a type of size zero: only their number.
type Empty[T any] struct{}

// Append implements [Encoder].
func (Empty[T]) Append(buf []byte, _ []T) ([]byte, error) { return buf, nil }

// Decode implements [Decoder].
func (Empty[T]) Decode(data []byte, n int) ([]T, error) {
	if len(data) > 0 {
		return nil, errCorrupt
	}
	return make([]T, n), nil
}
