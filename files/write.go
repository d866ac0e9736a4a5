package files

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/gopeln/pl"
)

// WriteLines writes each value and a "\n" to w. A value that has a "\n" in it, and so would not be
// one line, is an error. It yields nothing. w is not closed.
func WriteLines(w io.Writer) pl.Partial[string, struct{}] {
	return sink("files.WriteLines", w, func(b *blocks, line string) error {
		if i := strings.IndexByte(line, '\n'); i >= 0 {
			return fmt.Errorf("the value has the end of a line in it, at byte %d", i)
		}
		b.text = append(append(b.text, line...), '\n')
		return nil
	})
}

// WriteJSON writes each value to w as one line of JSON, as encoding/json does, but with <, > and &
// as they are. It yields nothing. w is not closed.
func WriteJSON[T any](w io.Writer) pl.Partial[T, struct{}] {
	return sink("files.WriteJSON", w, func(b *blocks, v T) error {
		if b.json == nil {
			b.json = json.NewEncoder((*appender)(&b.text))
			b.json.SetEscapeHTML(false)
		}
		return b.json.Encode(v)
	})
}

// sink makes the operator that writes values as add appends them. A value that add refuses fails
// alone. A writer that fails has lost values before the one at hand, so it fails the run, whatever
// the stage's OnError says.
func sink[T any](name string, w io.Writer, add func(b *blocks, v T) error) pl.Partial[T, struct{}] {
	op := pl.Operation[T, struct{}]{Verb: name, Results: pl.None, Func: add}
	if w == nil {
		op.Err = errors.New("the writer is nil")
	}
	op.Open = func(ctx context.Context) (pl.Kernel[T, struct{}], func(context.Context) error, error) {
		b := &blocks{to: w, site: pl.SiteFrom(ctx), stage: pl.WorkerFrom(ctx).Stage}
		write := func(_ context.Context, v T, _ func(struct{}) bool) error {
			before := len(b.text)
			if err := add(b, v); err != nil {
				b.text = b.text[:before]
				return err
			}
			if len(b.text) >= blockSize || b.err != nil {
				return b.flush()
			}
			return nil
		}
		return write, func(context.Context) error { return b.end() }, nil
	}
	return pl.NewInline("pl", op, pl.Name(name))
}

// blocks collects whole lines and writes them in blocks.
type blocks struct {
	to    io.Writer
	site  *pl.Site
	stage string
	text  []byte
	json  *json.Encoder // to text
	// err is why a Write has failed. Nothing is written after it, since part of the text may have
	// been.
	err  error
	told bool // the run has failed with err
}

// flush writes what has been collected; if that fails, the run fails.
func (b *blocks) flush() error {
	if b.write(); b.err != nil && !b.site.Stopping() {
		b.told = true
		b.site.Fail(&pl.StageError{Stage: b.stage, Err: b.err})
	}
	return b.err
}

// end writes the rest, and returns the error that the run has not heard of.
func (b *blocks) end() error {
	if b.write(); b.told {
		return nil
	}
	return b.err
}

func (b *blocks) write() {
	if len(b.text) == 0 || b.err != nil {
		return
	}
	b.err = errors.New("write: it did not return") // if it panics
	n, err := b.to.Write(b.text)
	switch {
	case err != nil:
		b.err = fmt.Errorf("write: %w", err)
	case n != len(b.text):
		b.err = fmt.Errorf("write: %w", io.ErrShortWrite)
	default:
		b.err = nil
	}
	b.text = b.text[:0]
	if cap(b.text) > 16*blockSize {
		b.text = nil // a value was very large
	}
}

// appender is a slice as a writer.
type appender []byte

func (a *appender) Write(p []byte) (int, error) {
	*a = append(*a, p...)
	return len(p), nil
}
