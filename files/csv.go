package files

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"

	"github.com/gopeln/pl"
)

// CSV yields the records of a text in the format that encoding/csv reads. Without [Header], records
// may have different numbers of fields. Empty lines are skipped.
func CSV(open Opener, opts ...Option) pl.Stage[[]string] {
	return source("files.CSV", open, optComma|optHeader, opts, func(in *input, set settings, yield func([]string) bool) error {
		lines := &lineCounter{from: in, line: 1}
		r := csv.NewReader(lines)
		r.Comma = set.comma
		r.FieldsPerRecord = -1
		if set.header {
			r.FieldsPerRecord = 0 // as many as the first record has
		}
		for header := set.header; ; header = false {
			record, err := r.Read()
			switch {
			case isEOF(err):
				return nil
			case err != nil:
				return badRecord(in, lines.line, err, len(record), r.FieldsPerRecord)
			case !header && !yield(record):
				return nil
			}
		}
	})
}

// badRecord is an error of the CSV reader, which has read that number of fields, with its place.
func badRecord(in *input, line int, err error, fields, want int) error {
	var bad *csv.ParseError
	if !errors.As(err, &bad) { // the text could not be read
		return in.at(line, 0, err)
	}
	what := bad.Err.Error()
	switch {
	case errors.Is(err, csv.ErrFieldCount):
		what = fmt.Sprintf("%s: the record has %d, the header has %d", what, fields, want)
	case bad.StartLine != bad.Line:
		what = fmt.Sprintf("%s, in the record that begins in line %d", what, bad.StartLine)
	}
	return in.at(bad.Line, bad.Column, &recordError{what, bad})
}

// recordError is a csv.ParseError whose text does not say the place again.
type recordError struct {
	what string
	bad  *csv.ParseError
}

func (e *recordError) Error() string { return e.what }
func (e *recordError) Unwrap() error { return e.bad }

// lineCounter counts lines as they are read.
type lineCounter struct {
	from io.Reader
	line int
}

func (c *lineCounter) Read(p []byte) (int, error) {
	n, err := c.from.Read(p)
	c.line += bytes.Count(p[:n], []byte("\n"))
	return n, err
}
