package wire

import (
	"encoding/binary"
	"unsafe"
)

// largeValue is the size from which a value that travels as it is, alone in its frame and not
// through the arena, is not copied: it is written from where it is, and what was read becomes the
// value.
const largeValue = 32 << 10

// asItIs is implemented by [Raw].
type asItIs[T any] interface {
	bytes(v T) []byte
	append(a *Arena, buf []byte, batch []T) (_ []byte, lent int)
	decode(a *Arena, data []byte, n int) ([]T, error)
	adopt(data []byte) ([]T, error)
}

// Encode is e.Append inside the fill of w.Append. It returns the size of the encoding too, of which
// values in w's arena are no part of the frame, and a large value is not in the buffer: it must not
// change until w is flushed.
func Encode[T any](w *Writer, e Encoder[T], buf []byte, batch []T) (_ []byte, size int, err error) {
	start := len(buf)
	raw, ok := e.(asItIs[T])
	if !ok {
		buf, err = e.Append(buf, batch)
		return buf, len(buf) - start, err
	}
	if len(batch) == 1 {
		if value := raw.bytes(batch[0]); len(value) >= largeValue && !w.arena.hasRoom(value) {
			w.tail = value
			return binary.AppendUvarint(buf, uint64(len(value))+inline), len(value), nil
		}
	}
	buf, lent := raw.append(w.arena, buf, batch)
	w.lent += lent
	return buf, len(buf) - start + lent, nil
}

// Decode is d.Decode of data at the end of the payload that r returned last, with r's arena. A
// large value may take the payload's memory over.
func Decode[T any](r *Reader, d Decoder[T], data []byte, n int) ([]T, error) {
	raw, ok := d.(asItIs[T])
	if !ok {
		return d.Decode(data, n)
	}
	if n == 1 && len(data) >= largeValue && r.giveAway() {
		return raw.adopt(data)
	}
	return raw.decode(r.arena, data, n)
}

func (*Raw[T]) bytes(v T) []byte {
	switch v := any(v).(type) {
	case string:
		return unsafe.Slice(unsafe.StringData(v), len(v)) // only to be written
	case []byte:
		return v
	}
	return nil
}

// adopt is Decode of one value whose memory has no other user.
func (r *Raw[T]) adopt(data []byte) ([]T, error) {
	size, width := binary.Uvarint(data)
	if width <= 0 || size != uint64(len(data)-width)+inline {
		return nil, errCorrupt
	}
	data = data[width:len(data):len(data)]
	clear(r.batch)
	r.batch = append(r.batch[:0], *new(T))
	switch v := any(&r.batch[0]).(type) {
	case *string:
		*v = unsafe.String(unsafe.SliceData(data), len(data))
	case *[]byte:
		*v = data
	}
	return r.batch, nil
}
