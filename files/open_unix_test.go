//go:build unix

package files_test

import (
	"context"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl/files"
	"github.com/gopeln/pl/internal/leak"
)

// inherited is a pipe as a program finds it in its standard input: reads of it cannot be
// interrupted.
func inherited(t *testing.T, r *os.File) *os.File {
	t.Helper()
	fd, err := syscall.Dup(int(r.Fd()))
	require.NoError(t, err)
	require.NoError(t, syscall.SetNonblock(fd, false))
	f := os.NewFile(uintptr(fd), "inherited")
	t.Cleanup(func() { f.Close() })
	require.ErrorIs(t, f.SetReadDeadline(time.Time{}), os.ErrNoDeadline)
	return f
}

func TestANamedPipeThatNobodyWritesToDoesNotHoldUpTheEnd(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	require.NoError(t, syscall.Mkfifo(path, 0o600))
	held := leak.Hold()
	for _, wait := range []time.Duration{0, time.Microsecond, time.Millisecond, 20 * time.Millisecond} {
		ctx, cancel := context.WithTimeout(t.Context(), wait)
		require.ErrorIs(t, files.Lines(files.Open(path)).Run(ctx), context.DeadlineExceeded)
		cancel()
	}
	held.Check(t)

	go func() { _ = os.WriteFile(path, []byte("1\n2"), 0) }()
	got, err := files.Lines(files.Open(path)).Collect(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"1", "2"}, got)
}
