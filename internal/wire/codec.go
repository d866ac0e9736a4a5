package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"runtime/debug"
)

// Encoder is the sending end of one direction of values of type T.
type Encoder[T any] interface {
	// Append encodes batch, which is not empty, after buf. Where it fails, no byte of the batch is in the result, the
	// stream goes on with the next call, and a shorter batch may do. It does not panic.
	Append(buf []byte, batch []T) ([]byte, error)
}

// Decoder is the receiving end. It must get what the encoder appended, batch by batch, in the same order.
type Decoder[T any] interface {
	// Decode decodes a batch of n values. The slice is valid until the next call, the values in it for ever. Where it
	// fails the stream goes on with the next batch. It does not panic.
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

// Raw carries []byte and string as they are.
type Raw[T []byte | string] struct{ batch []T }

// Append implements [Encoder].
func (*Raw[T]) Append(buf []byte, batch []T) ([]byte, error) {
	slices, _ := any(batch).([][]byte)
	for i, v := range batch {
		size := uint64(len(v)) + 1
		if slices != nil && slices[i] == nil {
			size = 0 // a nil slice stays apart from an empty one
		}
		buf = binary.AppendUvarint(buf, size)
		buf = append(buf, v...)
	}
	return buf, nil
}

// Decode implements [Decoder]. Each value has memory of its own.
func (r *Raw[T]) Decode(data []byte, n int) ([]T, error) {
	clear(r.batch)
	r.batch = r.batch[:0]
	for range n {
		size, width := binary.Uvarint(data)
		if width <= 0 || size > uint64(len(data)-width)+1 {
			return nil, errCorrupt
		}
		data = data[width:]
		var v T
		if size > 0 {
			setRaw(&v, data[:size-1])
			data = data[size-1:]
		}
		r.batch = append(r.batch, v)
	}
	if len(data) > 0 {
		return nil, errCorrupt
	}
	return r.batch, nil
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
