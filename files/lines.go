package files

import (
	"bytes"
	"fmt"
	"io"

	"github.com/gopeln/pl"
)

// Lines yields the lines of a text, without their endings, "\n" or "\r\n". The last line may lack
// its own. A line may be of any length, unless [MaxLine] bounds it. A line is yielded as soon as
// its end has been read.
func Lines(open Opener, opts ...Option) pl.Stage[string] {
	return source("files.Lines", open, optMaxLine, opts, func(in *input, set settings, yield func(string) bool) error {
		r := lineReader{from: in, most: set.maxLine, buf: make([]byte, blockSize)}
		for {
			line, err := r.next()
			switch {
			case isEOF(err):
				return nil
			case err != nil:
				return in.at(r.number, 0, err)
			case !yield(string(line)):
				return nil
			}
		}
	})
}

// blockSize is how much is read, or written, at a time.
const blockSize = 64 << 10

// lineReader cuts a text into lines.
type lineReader struct {
	from   io.Reader
	most   int // bytes in a line; 0: any number
	number int // of the line that next has returned, or failed in

	buf        []byte
	start, end int    // what has been read and not returned
	seen       int    // where the search for an end goes on
	begin      []byte // of a line that is longer than buf
	err        error  // of from
}

// next returns a line, which is valid until it is called again; io.EOF after the last.
func (r *lineReader) next() ([]byte, error) {
	r.number++
	r.begin = nil
	for {
		if i := bytes.IndexByte(r.buf[r.seen:r.end], '\n'); i >= 0 {
			i += r.seen
			line := r.whole(r.buf[r.start:i])
			r.start, r.seen = i+1, i+1
			return line, r.check(len(line))
		}
		r.seen = r.end
		switch pending := len(r.begin) + r.end - r.start; {
		case isEOF(r.err) && pending > 0:
			line := r.whole(r.buf[r.start:r.end])
			r.start = r.end
			return line, r.check(len(line))
		case r.err != nil:
			return nil, r.err
		case r.most > 0 && pending > r.most+1: // + 1: it may be the "\r" of an ending
			return nil, r.check(pending)
		}
		r.fill()
	}
}

// whole is the line that ends with tail, without a "\r" at its end.
func (r *lineReader) whole(tail []byte) []byte {
	if r.begin != nil {
		tail = append(r.begin, tail...)
	}
	if n := len(tail); n > 0 && tail[n-1] == '\r' {
		return tail[:n-1]
	}
	return tail
}

func (r *lineReader) check(length int) error {
	if r.most > 0 && length > r.most {
		return fmt.Errorf("the line is longer than MaxLine(%d)", r.most)
	}
	return nil
}

// fill reads on, behind what is left in the buffer.
func (r *lineReader) fill() {
	switch {
	case r.start == 0 && r.end == len(r.buf):
		r.begin = append(r.begin, r.buf...)
		r.end, r.seen = 0, 0
	case r.start > 0:
		copy(r.buf, r.buf[r.start:r.end])
		r.start, r.end, r.seen = 0, r.end-r.start, r.seen-r.start
	}
	n, err := r.from.Read(r.buf[r.end:])
	r.end, r.err = r.end+n, err
}
