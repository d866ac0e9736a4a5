package files_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/files"
	"github.com/gopeln/pl/internal/leak"
)

// requireFolder checks what is in a folder: names, and nothing else.
func requireFolder(t *testing.T, folder string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	require.Equal(t, want, names)
}

func requireContent(t *testing.T, path, want string) {
	t.Helper()
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, want, string(got))
}

func TestAFileAppearsWhenItIsWhole(t *testing.T) {
	held := leak.Hold()
	path := filepath.Join(t.TempDir(), "out.txt")
	f := files.Create(path)
	requireFolder(t, filepath.Dir(path))
	require.Equal(t, path, f.Name())
	require.NoError(t, files.WriteLines(f)(pl.From("a", "b")).Run(t.Context()))
	require.NoFileExists(t, path)
	require.NoError(t, f.Commit())
	requireContent(t, path, "a\nb\n")
	require.NoError(t, f.Commit())
	require.NoError(t, f.Close())
	require.NoError(t, f.Close())
	_, err := f.Write([]byte("late"))
	require.ErrorIs(t, err, os.ErrClosed)
	require.NoError(t, f.Commit())
	requireContent(t, path, "a\nb\n")
	requireFolder(t, filepath.Dir(path), "out.txt")
	held.Check(t)
}

func TestCloseWithoutCommitLeavesNothing(t *testing.T) {
	held := leak.Hold()
	path := filepath.Join(t.TempDir(), "out.txt")
	require.NoError(t, files.Create(path).Close())

	require.NoError(t, os.WriteFile(path, []byte("old"), 0o600))
	f := files.Create(path)
	_, err := f.Write([]byte("new"))
	require.NoError(t, err)
	requireContent(t, path, "old")
	require.NoError(t, f.Close())
	require.NoError(t, f.Close())
	require.ErrorIs(t, f.Commit(), os.ErrClosed)
	_, err = f.Write([]byte("new"))
	require.ErrorIs(t, err, os.ErrClosed)
	requireContent(t, path, "old")
	requireFolder(t, filepath.Dir(path), "out.txt")
	held.Check(t)
}

func TestCommitOfNothingMakesAnEmptyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.txt")
	f := files.Create(path)
	defer f.Close()
	require.NoError(t, f.Commit())
	requireContent(t, path, "")
}

func TestAFileHasThePermissionsOfTheOneItReplaces(t *testing.T) {
	folder := t.TempDir()
	write := func(path string) fs.FileMode {
		f := files.Create(path)
		defer f.Close()
		_, err := f.Write([]byte("new"))
		require.NoError(t, err)
		require.NoError(t, f.Commit())
		requireContent(t, path, "new")
		info, err := os.Stat(path)
		require.NoError(t, err)
		return info.Mode()
	}
	usual, err := os.Create(filepath.Join(folder, "usual"))
	require.NoError(t, err)
	defer usual.Close()
	info, err := usual.Stat()
	require.NoError(t, err)
	require.Equal(t, info.Mode(), write(filepath.Join(folder, "new")))

	for _, mode := range []fs.FileMode{0o640, 0o755, 0o666} {
		path := filepath.Join(folder, "old")
		require.NoError(t, os.WriteFile(path, nil, 0o600))
		require.NoError(t, os.Chmod(path, mode))
		info, err := os.Stat(path)
		require.NoError(t, err)
		require.Equal(t, info.Mode(), write(path))
	}
}

func TestALinkToTheFileStaysALink(t *testing.T) {
	folder := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(folder, "elsewhere"), 0o700))
	target, link := filepath.Join(folder, "elsewhere", "target"), filepath.Join(folder, "link")
	require.NoError(t, os.WriteFile(target, []byte("old"), 0o600))
	require.NoError(t, os.Symlink(target, link))
	f := files.Create(link)
	defer f.Close()
	_, err := f.Write([]byte("new"))
	require.NoError(t, err)
	require.NoError(t, f.Commit())
	requireContent(t, target, "new")
	info, err := os.Lstat(link)
	require.NoError(t, err)
	require.NotZero(t, info.Mode()&fs.ModeSymlink)
}

func TestAFileThatCannotBeMadeIsNamed(t *testing.T) {
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "file"), nil, 0o600))
	for _, name := range []string{
		"", folder, folder + "/nowhere/x", folder + "/file/x", folder + "/nowhere/", os.DevNull,
		folder + "/" + strings.Repeat("x", 300), folder + "/nul\x00",
	} {
		f := files.Create(name)
		_, err := f.Write([]byte("x"))
		require.ErrorContains(t, err, fmt.Sprintf("files.Create(%q): ", name))
		require.Error(t, f.Commit())
		require.Error(t, files.WriteLines(f)(pl.From("a")).Run(t.Context()))
		require.NoError(t, f.Close())
	}
	requireFolder(t, folder, "file")
}

func TestANameThatIsTakenMeanwhileFailsCommit(t *testing.T) {
	held := leak.Hold()
	path := filepath.Join(t.TempDir(), "out")
	f := files.Create(path)
	_, err := f.Write([]byte("x"))
	require.NoError(t, err)
	require.NoError(t, os.MkdirAll(filepath.Join(path, "full"), 0o700))
	require.ErrorContains(t, f.Commit(), path)
	require.Error(t, f.Commit())
	require.NoError(t, f.Close())
	requireFolder(t, filepath.Dir(path), "out")
	held.Check(t)
}

func TestANameMayBeAsLongAsTheSystemAllows(t *testing.T) {
	path := filepath.Join(t.TempDir(), strings.Repeat("x", 255))
	f := files.Create(path)
	defer f.Close()
	require.NoError(t, f.Commit())
	requireFolder(t, filepath.Dir(path), filepath.Base(path))
}

func TestANilFileIsAnError(t *testing.T) {
	var f *files.File
	_, err := f.Write(nil)
	require.ErrorIs(t, err, os.ErrInvalid)
	require.Error(t, errors.Join(f.Commit()))
	require.Error(t, errors.Join(f.Close()))
	require.Error(t, new(files.File).Commit())
}

func TestAFileMayBeWrittenByManyGoroutines(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	f := files.Create(path)
	defer f.Close()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 100 {
				_, err := f.Write([]byte("line\n"))
				require.NoError(t, err)
			}
		})
	}
	all.Wait()
	require.NoError(t, f.Commit())
	requireContent(t, path, strings.Repeat("line\n", 800))
}
