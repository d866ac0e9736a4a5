package command

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
)

// Protocol is how values and answers travel. [Lines], [JSONLines] and [Frames] make one. The zero
// Protocol is not valid: runs of its stages fail.
type Protocol[A, B any] struct {
	// request appends a value as it is sent.
	request func(to []byte, in A) ([]byte, error)
	// receive reads an answer, which is valid until it is called again.
	receive func(r *bufio.Reader) ([]byte, error)
	// answer decodes it.
	answer func(text []byte) (B, error)
}

// mostAnswer is the longest answer in bytes: what is longer is none.
const mostAnswer = 1 << 30

// Lines sends each value as a line, and takes a line as its answer, without the "\n". A "\n" in a
// value is an error.
func Lines() Protocol[string, string] {
	return Protocol[string, string]{
		request: func(to []byte, in string) ([]byte, error) {
			if i := strings.IndexByte(in, '\n'); i >= 0 {
				return to, fmt.Errorf("the value has the end of a line in it, at byte %d", i)
			}
			return append(append(to, in...), '\n'), nil
		},
		receive: receiveLine,
		answer:  func(text []byte) (string, error) { return string(text), nil },
	}
}

// JSONLines sends each value as JSON in a line of its own, and takes a line of JSON as its answer.
func JSONLines[A, B any]() Protocol[A, B] {
	return Protocol[A, B]{
		request: func(to []byte, in A) ([]byte, error) {
			text, err := json.Marshal(in)
			return append(append(to, text...), '\n'), err
		},
		receive: receiveLine,
		answer: func(text []byte) (out B, err error) {
			if err = json.Unmarshal(text, &out); err != nil {
				err = fmt.Errorf("the answer %.80q is not what was expected: %w", text, err)
			}
			return out, err
		},
	}
}

// Frames sends each value as its length in 4 bytes, big endian, and then its bytes, and takes the
// same as its answer.
func Frames() Protocol[[]byte, []byte] {
	return Protocol[[]byte, []byte]{
		request: func(to []byte, in []byte) ([]byte, error) {
			if uint64(len(in)) > math.MaxUint32 {
				return to, fmt.Errorf("the value has %d bytes, which is more than 4 bytes of length can say", len(in))
			}
			return append(binary.BigEndian.AppendUint32(to, uint32(len(in))), in...), nil
		},
		receive: receiveFrame,
		answer:  func(text []byte) ([]byte, error) { return bytes.Clone(text), nil },
	}
}

var errTooLong = fmt.Errorf("the answer is longer than %d bytes", mostAnswer)

// receiveLine reads a line without its "\n".
func receiveLine(r *bufio.Reader) ([]byte, error) {
	line, err := r.ReadSlice('\n')
	if err == nil {
		return line[:len(line)-1], nil
	}
	var long []byte
	for errors.Is(err, bufio.ErrBufferFull) {
		if long = append(long, line...); len(long) > mostAnswer {
			return nil, errTooLong
		}
		line, err = r.ReadSlice('\n')
	}
	if err != nil {
		return nil, err
	}
	return append(long, line[:len(line)-1]...), nil
}

// receiveFrame reads a length and as many bytes. It believes in the length as far as the bytes
// come.
func receiveFrame(r *bufio.Reader) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	n := int64(binary.BigEndian.Uint32(head[:]))
	if n > mostAnswer {
		return nil, errTooLong
	}
	var body bytes.Buffer
	body.Grow(int(min(n, 64<<10)))
	_, err := io.CopyN(&body, r, n)
	return body.Bytes(), err
}
