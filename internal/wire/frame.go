// Package wire carries batches of typed values over a byte stream: frames with a limited length,
// and codecs whose streams survive values that cannot be encoded or decoded. It knows nothing of
// stages.
package wire

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
)

// MaxFrame is the usual limit of a frame's length.
const MaxFrame = 256 << 20

const (
	headerSize = 5        // the payload's length, 4 bytes, and the kind
	bufferSize = 64 << 10 // of a Reader; a frame that fits is not copied
	growStep   = 1 << 20  // memory is taken in such steps, not on the word of a header
	keptBuffer = 4 << 20  // a larger buffer is given back after the frame
)

// TooLargeError is the failure to write or read a frame over the limit.
type TooLargeError struct{ Size, Limit int }

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("a frame of %d bytes is over the limit of %d", e.Size, e.Limit)
}

// Writer collects frames and writes them together when it is flushed. It is not safe for concurrent
// use.
type Writer struct {
	w     io.Writer
	limit int
	buf   []byte
	tail  []byte // of the last frame, written after buf
	arena *Arena
	lent  int // bytes in the arena of which the stream does not tell yet
}

// NewWriter returns a Writer of frames whose payload has at most limit bytes.
func NewWriter(w io.Writer, limit int) *Writer { return &Writer{w: w, limit: limit} }

// Share lets values that Encode encodes go through an arena, whose other end the Reader has.
func (w *Writer) Share(a *Arena) { w.arena = a }

// Append adds a frame whose payload fill appends to the slice it gets. Where fill fails, panics or
// exceeds the limit, nothing is added.
func (w *Writer) Append(kind byte, fill func(payload []byte) ([]byte, error)) error {
	if len(w.tail) > 0 {
		_ = w.Flush() // a writer that has failed once does so again
	}
	start := len(w.buf)
	w.buf = append(w.buf, 0, 0, 0, 0, kind)
	added := false
	defer func() {
		if !added {
			w.buf, w.tail = w.buf[:start], nil
		}
	}()
	filled, err := fill(w.buf)
	if err != nil {
		return err
	}
	size := len(filled) - start - headerSize + len(w.tail)
	if size > w.limit {
		return &TooLargeError{size, w.limit}
	}
	w.buf = filled
	binary.LittleEndian.PutUint32(w.buf[start:], uint32(size))
	added = true
	return nil
}

// Buffered is how many bytes wait for Flush, with those in the arena.
func (w *Writer) Buffered() int { return len(w.buf) + len(w.tail) + w.lent }

// Tailed reports whether the next Append would flush.
func (w *Writer) Tailed() bool { return len(w.tail) > 0 }

// Flush writes what was appended. It blocks as long as the underlying writer does.
func (w *Writer) Flush() error {
	if len(w.buf) == 0 {
		return nil
	}
	_, err := w.w.Write(w.buf)
	if err == nil && len(w.tail) > 0 {
		_, err = w.w.Write(w.tail)
	}
	w.buf, w.tail, w.lent = w.buf[:0], nil, 0
	if cap(w.buf) > keptBuffer {
		w.buf = nil
	}
	return err
}

// Reader reads what a Writer wrote. It is not safe for concurrent use.
type Reader struct {
	r     *bufio.Reader
	limit int
	used  int    // of the last frame, still in r's buffer
	large []byte // the last frame that did not fit there
	fresh bool   // large is the last frame
	arena *Arena
}

// NewReader returns a Reader of frames whose payload has at most limit bytes.
func NewReader(r io.Reader, limit int) *Reader {
	return &Reader{r: bufio.NewReaderSize(r, bufferSize), limit: limit}
}

// Share gives the Reader the other end of its Writer's arena.
func (r *Reader) Share(a *Arena) { r.arena = a }

// Next waits for the next frame. The payload is valid until the next call. The error is io.EOF at
// the end of the stream, io.ErrUnexpectedEOF where it ends inside a frame, and a *TooLargeError for
// a header over the limit.
func (r *Reader) Next() (kind byte, payload []byte, err error) {
	r.release()
	header, err := r.r.Peek(headerSize)
	if err != nil {
		if len(header) > 0 {
			err = noEOF(err)
		}
		return 0, nil, err
	}
	kind = header[4]
	size := int(binary.LittleEndian.Uint32(header))
	if size > r.limit {
		return 0, nil, &TooLargeError{size, r.limit}
	}
	if headerSize+size <= bufferSize {
		frame, err := r.r.Peek(headerSize + size)
		if err != nil {
			return 0, nil, noEOF(err)
		}
		r.used = len(frame)
		return kind, frame[headerSize:], nil
	}
	r.r.Discard(headerSize)
	r.fresh = true
	payload, err = r.readLarge(size)
	return kind, payload, err
}

// Ready reports whether Next would return without reading from the underlying reader.
func (r *Reader) Ready() bool {
	r.release()
	n := r.r.Buffered()
	if n < headerSize {
		return false
	}
	header, _ := r.r.Peek(headerSize)
	return n-headerSize >= int(binary.LittleEndian.Uint32(header))
}

func (r *Reader) release() {
	r.r.Discard(r.used)
	r.used, r.fresh = 0, false
	if cap(r.large) > keptBuffer {
		r.large = nil
	}
}

func (r *Reader) readLarge(size int) ([]byte, error) {
	r.large = r.large[:0]
	for len(r.large) < size {
		n := min(size-len(r.large), max(growStep, len(r.large)))
		r.large = slices.Grow(r.large, n)
		part := r.large[len(r.large) : len(r.large)+n]
		if _, err := io.ReadFull(r.r, part); err != nil {
			return nil, noEOF(err)
		}
		r.large = r.large[:len(r.large)+n]
	}
	return r.large, nil
}

// giveAway leaves the last payload's memory to the caller, and reports whether it does: not where
// others need it, or much of it would be kept for nothing.
func (r *Reader) giveAway() bool {
	if !r.fresh || cap(r.large)-len(r.large) > len(r.large)/4 {
		return false
	}
	r.large, r.fresh = nil, false
	return true
}

func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
