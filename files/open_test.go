package files_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl/files"
	"github.com/gopeln/pl/internal/leak"
)

func TestOpenReadsAFile(t *testing.T) {
	held := leak.Hold()
	path := tempFile(t, "a.txt", "1\n2")
	lines := files.Lines(files.Open(path))
	got, err := lines.Collect(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"1", "2"}, got)
	for range lines.All(t.Context()) {
		break
	}
	held.Check(t)
}

func TestAFileThatCannotBeReadIsNamed(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{folder + "/nowhere.csv", folder + "/nowhere.gz", folder} {
		for _, err := range []error{
			files.Lines(files.Open(name)).Run(t.Context()),
			files.JSON[int](files.Open(name)).Run(t.Context()),
			files.CSV(files.Open(name)).Run(t.Context()),
		} {
			require.ErrorContains(t, err, name)
		}
	}
	require.ErrorIs(t, files.Lines(files.Open(folder+"/nowhere")).Run(t.Context()), fs.ErrNotExist)
}

func TestOpenReadsThroughGzip(t *testing.T) {
	held := leak.Hold()
	for _, name := range []string{"a.txt.gz", "A.GZ"} {
		path := tempFile(t, name, zipped(t, "\ufeff1\r\n2\n")+zipped(t, "3"))
		got, err := files.Lines(files.Open(path)).Collect(t.Context())
		require.NoError(t, err)
		require.Equal(t, []string{"1", "2", "3"}, got)
	}
	path := tempFile(t, "big.gz", zipped(t, strings.Repeat("line\n", 100_000)))
	for range files.Lines(files.Open(path)).All(t.Context()) {
		break
	}
	rc, err := files.Open(path)(t.Context())
	require.NoError(t, err)
	var copied strings.Builder
	_, err = io.Copy(&copied, rc)
	require.NoError(t, err)
	require.Equal(t, 500_000, copied.Len())
	require.NoError(t, rc.Close())
	held.Check(t)
}

func TestABrokenGzipIsNamed(t *testing.T) {
	whole := zipped(t, strings.Repeat("line\n", 1000))
	for name, content := range map[string]string{
		"no.gz": "plain text\n", "empty.gz": "", "torn.gz": whole[:len(whole)-3], "head.gz": whole[:5],
		"tail.gz": whole + "rubbish", "sum.gz": whole[:len(whole)-8] + "12345678",
	} {
		path := tempFile(t, name, content)
		err := files.Lines(files.Open(path)).Run(t.Context())
		require.ErrorContains(t, err, path)
		require.ErrorContains(t, err, "read through gzip")
	}
}

// swapStdin makes another file standard input, for the time of the test.
func swapStdin(t *testing.T, f *os.File) {
	t.Helper()
	before := os.Stdin
	t.Cleanup(func() { os.Stdin = before })
	os.Stdin = f
}

func TestADashIsStandardInput(t *testing.T) {
	path := tempFile(t, "in", "1\n2\n")
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	swapStdin(t, f)
	got, err := files.Lines(files.Open("-")).Collect(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"1", "2"}, got)
	_, err = f.Stat()
	require.NoError(t, err, "it stays open")

	_, err = f.Seek(0, io.SeekStart)
	require.NoError(t, err)
	_, err = files.JSON[string](files.Open("-")).Collect(t.Context())
	require.ErrorContains(t, err, "standard input:1:1")

	swapStdin(t, nil)
	require.ErrorContains(t, files.Lines(files.Open("-")).Run(t.Context()), "standard input")
}

func TestStandardInputThatIsSilentDoesNotHoldUpTheEnd(t *testing.T) {
	for name, as := range map[string]func(*testing.T, *os.File) *os.File{
		"as opened": func(_ *testing.T, r *os.File) *os.File { return r }, "inherited": inherited,
	} {
		t.Run(name, func(t *testing.T) {
			r, w, err := os.Pipe()
			require.NoError(t, err)
			defer r.Close()
			defer w.Close()
			swapStdin(t, as(t, r))
			held := leak.Hold()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			_, err = w.WriteString("1\n")
			require.NoError(t, err)
			for line, err := range files.Lines(files.Open("-")).All(ctx) {
				if err != nil {
					require.ErrorIs(t, err, context.Canceled)
					break
				}
				require.Equal(t, "1", line)
				time.AfterFunc(10*time.Millisecond, cancel) // most likely while a Read waits
			}
			held.Check(t)

			_, err = w.WriteString("2\n")
			require.NoError(t, err)
			for line, err := range files.Lines(files.Open("-")).All(t.Context()) {
				require.NoError(t, err)
				require.Equal(t, "2", line, "standard input can still be read")
				break
			}
		})
	}
}

func TestAnErrorOfCloseAfterTheWholeTextFailsTheRun(t *testing.T) {
	open := func(context.Context) (io.ReadCloser, error) { return unclosable{strings.NewReader("a\nb\n")}, nil }
	got, err := files.Lines(open).Collect(t.Context())
	require.ErrorContains(t, err, "close the reader: not closed")
	require.Equal(t, []string{"a", "b"}, got)
	for range files.Lines(open).All(t.Context()) {
		break
	}
}

func TestOpenersGetTheRunsContext(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	gone := errors.New("gone")
	err := files.Lines(func(ctx context.Context) (io.ReadCloser, error) {
		cancel(gone)
		<-ctx.Done()
		return nil, ctx.Err()
	}).Run(ctx)
	require.ErrorIs(t, err, gone)
}
