package files

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Opener opens a text for one run of a source, which closes what it returns. ctx ends with the run.
//
// Close is called once, after the last Read; only when the run ends while a Read waits, it is
// called beside that Read and must end it, as Close of an *os.File or a net.Conn does. If the
// reader has a method Name() string, errors name the text so. An error of Close after the whole
// text was read fails the run.
type Opener func(ctx context.Context) (io.ReadCloser, error)

// Open opens the file called name. A name that ends in ".gz" is read through gzip. "-" is standard
// input, which stays open for the program; what a run has read from it ahead is gone for the next.
// On systems other than Linux a Read of standard input may hold up the end of a run, if it is a
// terminal or a pipe that the program inherited.
func Open(name string) Opener {
	return func(ctx context.Context) (io.ReadCloser, error) {
		if name == "-" {
			return openStdin()
		}
		f, err := openFile(ctx, name)
		if err != nil {
			return nil, err
		}
		if strings.EqualFold(filepath.Ext(name), ".gz") {
			return &unzipped{file: f}, nil
		}
		return f, nil
	}
}

// openFile is os.Open, which the end of ctx interrupts: opening a named pipe waits for a process
// that writes to it.
func openFile(ctx context.Context, name string) (*os.File, error) {
	info, err := os.Stat(name)
	if err != nil || info.Mode()&fs.ModeNamedPipe == 0 {
		return os.Open(name)
	}
	opened := make(chan struct{})
	released := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(released)
		releaseReader(name, opened)
	})
	f, err := os.Open(name)
	close(opened)
	if !stop() {
		<-released
	}
	return f, err
}

// releaseReader opens the named pipe for writing, as often as it takes: that ends an Open for
// reading, but one that has not begun to wait yet misses it.
func releaseReader(name string, opened <-chan struct{}) {
	for {
		if w, err := os.OpenFile(name, os.O_WRONLY|nonblock, 0); err == nil {
			w.Close()
		}
		select {
		case <-opened:
			return
		case <-time.After(time.Millisecond):
		}
	}
}

// unzipped is a file read through gzip, whose header is read by the first Read. Close closes the
// file only, since it may be called beside a Read, which gzip's own Close must not be.
type unzipped struct {
	file *os.File
	text *gzip.Reader
}

func (z *unzipped) Name() string { return z.file.Name() }
func (z *unzipped) Close() error { return z.file.Close() }

func (z *unzipped) Read(p []byte) (n int, err error) {
	if z.text == nil {
		z.text, err = gzip.NewReader(z.file)
		if isEOF(err) { // an empty file is none of gzip's
			err = io.ErrUnexpectedEOF
		}
	}
	if err == nil {
		n, err = z.text.Read(p)
	}
	if err != nil && !isEOF(err) {
		err = fmt.Errorf("read through gzip: %w", err)
	}
	return n, err
}
