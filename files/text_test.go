package files_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl/files"
)

// text is an Opener of a string, which counts how often it was opened and closed.
type text struct {
	content        string
	piece          int   // bytes of one Read at most; 0: no limit
	failure        error // at the end, instead of io.EOF
	opened, closed atomic.Int32
}

func (s *text) open(context.Context) (io.ReadCloser, error) {
	s.opened.Add(1)
	return &textReader{s, s.content}, nil
}

// requireClosed checks that each reader was closed, once.
func (s *text) requireClosed(t *testing.T) {
	t.Helper()
	require.Positive(t, s.opened.Load())
	require.Equal(t, s.opened.Load(), s.closed.Load(), "readers opened, and closed")
}

type textReader struct {
	of   *text
	left string
}

func (r *textReader) Name() string { return "some.txt" }

func (r *textReader) Read(p []byte) (int, error) {
	if r.left == "" {
		if r.of.failure != nil {
			return 0, r.of.failure
		}
		return 0, io.EOF
	}
	if r.of.piece > 0 {
		p = p[:min(len(p), r.of.piece)]
	}
	n := copy(p, r.left)
	r.left = r.left[n:]
	return n, nil
}

func (r *textReader) Close() error {
	r.of.closed.Add(1)
	return nil
}

// of opens a string.
func of(content string) files.Opener { return (&text{content: content}).open }

// pieces opens a string that is read a byte at a time.
func pieces(content string) files.Opener { return (&text{content: content, piece: 1}).open }

// stuck is a reader that waits until it is closed, after a first line.
type stuck struct {
	first   io.Reader
	waits   chan struct{} // closed when a Read waits
	release chan struct{}
	closed  atomic.Int32
}

func newStuck() *stuck {
	return &stuck{first: strings.NewReader("1\n"), waits: make(chan struct{}), release: make(chan struct{})}
}

func (s *stuck) Read(p []byte) (int, error) {
	if n, _ := s.first.Read(p); n > 0 {
		return n, nil
	}
	close(s.waits)
	<-s.release
	return 0, os.ErrClosed
}

func (s *stuck) Close() error {
	if s.closed.Add(1) == 1 {
		close(s.release)
	}
	return nil
}

func (s *stuck) open(context.Context) (io.ReadCloser, error) { return s, nil }

func tempFile(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

func zipped(t *testing.T, content string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write([]byte(content))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.String()
}

// requirePlace checks that err is about a place in a text.
func requirePlace(t *testing.T, err error, name string, line, column int) *files.Error {
	t.Helper()
	at := errorPlace(t, err)
	require.Equal(t, []any{name, line, column}, []any{at.Name, at.Line, at.Column}, "%v", err)
	return at
}

func errorPlace(t *testing.T, err error) *files.Error {
	t.Helper()
	at, ok := errors.AsType[*files.Error](err)
	require.True(t, ok, "no *files.Error: %v", err)
	return at
}
