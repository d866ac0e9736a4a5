package files

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/gopeln/pl"
)

// JSON yields the JSON values of a text, one after another: JSON Lines, or values with any white
// space, or none, between them. They are decoded as encoding/json does.
func JSON[T any](open Opener, opts ...Option) pl.Stage[T] {
	return source("files.JSON", open, 0, opts, func(in *input, _ settings, yield func(T) bool) error {
		p := &place{from: in, line: 1}
		d := json.NewDecoder(p)
		for {
			var v T
			err := d.Decode(&v)
			switch {
			case isEOF(err) && p.atEnd():
				return nil
			case err != nil:
				return in.at(p.locate(d.InputOffset(), err, &v))
			case !yield(v):
				return nil
			}
			p.pass(d.InputOffset())
		}
	})
}

// place knows lines and columns in a text while it is decoded: it keeps what the decoder has read
// ahead.
type place struct {
	from         io.Reader
	ahead        bytes.Buffer // read, but not passed
	offset       int64        // where ahead begins in the text
	line, column int          // there; column counts from 0
	err          error        // of from
}

func (p *place) Read(b []byte) (int, error) {
	n, err := p.from.Read(b)
	p.ahead.Write(b[:n])
	p.err = err
	return n, err
}

// pass goes on to an offset in the text.
func (p *place) pass(offset int64) {
	passed := p.ahead.Next(p.until(offset))
	p.offset += int64(len(passed))
	p.column += len(passed)
	if i := bytes.LastIndexByte(passed, '\n'); i >= 0 {
		p.line += bytes.Count(passed, []byte("\n"))
		p.column = len(passed) - i - 1
	}
}

// until is how much of ahead lies before an offset in the text.
func (p *place) until(offset int64) int {
	return int(min(max(offset-p.offset, 0), int64(p.ahead.Len())))
}

// passSpace goes on to the beginning of the next value.
func (p *place) passSpace() {
	ahead := p.ahead.Bytes()
	p.pass(p.offset + int64(len(ahead)-len(bytes.TrimLeft(ahead, " \t\r\n"))))
}

// atEnd reports whether no value is left.
func (p *place) atEnd() bool {
	p.passSpace()
	return p.ahead.Len() == 0
}

// locate finds where err has its reason, from the value that the decoder was to decode into v.
// offset is the decoder's: behind that value, if its syntax was right.
func (p *place) locate(offset int64, err error, v any) (line, column int, _ error) {
	p.passSpace()
	var syntax *json.SyntaxError
	var mismatch *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		p.pass(syntax.Offset - 1)
	case errors.As(err, &mismatch):
		// Go's versions count from different places; in the value alone, all count the same.
		if errors.As(json.Unmarshal(p.ahead.Bytes()[:p.until(offset)], v), &mismatch) {
			p.pass(p.offset + mismatch.Offset - 1)
		}
	case errors.Is(err, io.ErrUnexpectedEOF) && isEOF(p.err):
		err = fmt.Errorf("the value that begins here has no end: %w", err)
	case p.err != nil && !isEOF(p.err) && errors.Is(err, p.err):
		p.pass(p.offset + int64(p.ahead.Len()))
	}
	return p.line, p.column + 1, err
}
