package files

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
)

// input is a text while one run reads it. Its Read is called by one goroutine.
type input struct {
	from io.ReadCloser
	name string

	head  []byte // read, but not handed out: the text may begin with a byte order mark
	begun bool   // that is settled
	err   error  // what ended the text

	mu      sync.Mutex
	reading bool // a Read of from is under way
	ended   bool // the run has ended
	closed  bool
}

// consume opens a text, has read read it, and closes it, whatever happens.
func consume(ctx context.Context, open Opener, read func(in *input) error) (err error) {
	from, err := open(ctx)
	if err != nil {
		return err
	}
	if from == nil {
		return errors.New("the Opener returned neither a reader nor an error")
	}
	in := &input{from: from}
	if named, ok := from.(interface{ Name() string }); ok {
		in.name = named.Name()
	}
	interrupted := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(interrupted)
		in.interrupt()
	})
	defer func() {
		if !stop() {
			<-interrupted
		}
		if failure := in.close(); failure != nil {
			err = errors.Join(err, failure)
		}
	}()
	return read(in)
}

// interrupt makes a Read under way return, and further ones fail.
func (in *input) interrupt() {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.ended = true
	if !in.reading || in.closed {
		return
	}
	if own, ok := in.from.(interface{ interrupt() }); ok {
		own.interrupt()
		return
	}
	in.closed = true
	in.from.Close()
}

func (in *input) close() error {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.closed {
		return nil
	}
	in.closed = true
	if err := in.from.Close(); err != nil {
		return fmt.Errorf("close %s: %w", cmp.Or(in.name, "the reader"), err)
	}
	return nil
}

var byteOrderMark = []byte("\ufeff")

// Read returns what comes as soon as it comes, but for a byte order mark.
func (in *input) Read(p []byte) (int, error) {
	for !in.begun {
		n, err := in.read(p)
		in.head, in.err = append(in.head, p[:n]...), err
		rest, marked := bytes.CutPrefix(in.head, byteOrderMark)
		if marked {
			in.head = rest
		}
		in.begun = marked || err != nil || !bytes.HasPrefix(byteOrderMark, in.head)
	}
	if len(in.head) > 0 {
		n := copy(p, in.head)
		in.head = in.head[n:]
		return n, nil
	}
	if in.err != nil {
		return 0, in.err
	}
	n, err := in.read(p)
	in.err = err
	return n, err
}

// read reads at least a byte, or fails.
func (in *input) read(p []byte) (n int, err error) {
	for range 100 {
		if !in.enter() {
			return 0, errEnded
		}
		n, err = in.from.Read(p)
		in.leave()
		if n < 0 || n > len(p) {
			return 0, fmt.Errorf("the reader says it has read %d bytes into %d", n, len(p))
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
	return 0, io.ErrNoProgress
}

var errEnded = errors.New("the run has ended")

func (in *input) enter() bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.reading = !in.ended
	return in.reading
}

func (in *input) leave() {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.reading = false
}

// isEOF reports whether err is the good end of a text. An error that only wraps io.EOF, such as
// that of a lost connection, is none.
func isEOF(err error) bool { return err == io.EOF } //nolint:errorlint // see above

// at is err with its place in the text.
func (in *input) at(line, column int, err error) error {
	return &Error{Name: in.name, Line: line, Column: column, Err: err}
}
