package files_test

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/files"
)

// tree makes empty files, and folders where the name ends with a slash.
func tree(t *testing.T, names ...string) (root string) {
	t.Helper()
	root = t.TempDir()
	for _, name := range names {
		path := filepath.Join(root, name)
		if strings.HasSuffix(name, "/") {
			require.NoError(t, os.MkdirAll(path, 0o700))
			continue
		}
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, nil, 0o600))
	}
	return root
}

func walked(t *testing.T, root string, want func(string, fs.DirEntry) bool) (names []string) {
	t.Helper()
	paths, err := files.Walk(root, want).Collect(t.Context())
	require.NoError(t, err)
	for _, path := range paths {
		name, err := filepath.Rel(root, path)
		require.NoError(t, err)
		names = append(names, filepath.ToSlash(name))
	}
	return names
}

func TestWalkYieldsRegularFilesInLexicalOrder(t *testing.T) {
	root := tree(t, "b", "a/2", "a/1", "a/deep/er/3", "c/", ".hidden", "z")
	require.Equal(t, []string{".hidden", "a/1", "a/2", "a/deep/er/3", "b", "z"}, walked(t, root, nil))
}

func TestWalkFollowsNoLinks(t *testing.T) {
	root := tree(t, "a/1", "elsewhere/2")
	require.NoError(t, os.Symlink(filepath.Join(root, "a"), filepath.Join(root, "a", "loop")))
	require.NoError(t, os.Symlink(filepath.Join(root, "a", "1"), filepath.Join(root, "link")))
	require.NoError(t, os.Symlink("nowhere", filepath.Join(root, "dangling")))
	require.Equal(t, []string{"a/1", "elsewhere/2"}, walked(t, root, nil))

	linked := filepath.Join(t.TempDir(), "root")
	require.NoError(t, os.Symlink(root, linked))
	require.Equal(t, []string{"a/1", "elsewhere/2"}, walked(t, linked, nil), "root itself may be one")
	require.Equal(t, []string{"."}, walked(t, filepath.Join(root, "link"), nil))
}

func TestWantDecidesOnFilesAndFolders(t *testing.T) {
	root := tree(t, "skipped/1", "entered/2.go", "entered/3.txt", "skipped.go")
	var asked []string
	got := walked(t, root, func(path string, entry fs.DirEntry) bool {
		asked = append(asked, entry.Name())
		if entry.IsDir() {
			return entry.Name() != "skipped"
		}
		return strings.HasSuffix(path, ".go")
	})
	require.Equal(t, []string{"entered/2.go", "skipped.go"}, got)
	require.Equal(t, []string{"entered", "2.go", "3.txt", "skipped", "skipped.go"}, asked, "root is not asked about")
}

func TestWalkOfAFileYieldsIt(t *testing.T) {
	root := tree(t, "a")
	require.Equal(t, []string{"."}, walked(t, filepath.Join(root, "a"), nil))
	require.Empty(t, walked(t, filepath.Join(root, "a"), func(string, fs.DirEntry) bool { return false }))
}

func TestAFolderThatCannotBeReadIsNamed(t *testing.T) {
	root := tree(t, "a/1", "b/2")
	_, err := files.Walk(filepath.Join(root, "nowhere"), nil).Collect(t.Context())
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.ErrorContains(t, err, filepath.Join(root, "nowhere"))
	_, err = files.Walk("", nil).Collect(t.Context())
	require.Error(t, err)

	// A folder that is gone when its turn comes cannot be read either, not even by the superuser.
	gone := filepath.Join(root, "b")
	got, err := files.Walk(root, func(path string, _ fs.DirEntry) bool {
		if path == gone {
			require.NoError(t, os.RemoveAll(gone))
		}
		return true
	}).Collect(t.Context())
	require.ErrorContains(t, err, gone)
	require.Equal(t, []string{filepath.Join(root, "a", "1")}, got)

	if os.Geteuid() > 0 {
		require.NoError(t, os.Chmod(filepath.Join(root, "a"), 0))
		_, err = files.Walk(root, nil).Collect(t.Context())
		require.ErrorIs(t, err, fs.ErrPermission)
		require.ErrorContains(t, err, filepath.Join(root, "a"))
		require.NoError(t, os.Chmod(filepath.Join(root, "a"), 0o700))
	}
}

func TestWalkEndsWithItsRun(t *testing.T) {
	root := tree(t, "a", "b", "c")
	got, err := files.Walk(root, nil).Pipe(pl.Take[string](1)).Collect(t.Context())
	require.NoError(t, err)
	require.Len(t, got, 1)

	ctx, cancel := context.WithCancel(t.Context())
	asked := 0
	err = files.Walk(root, func(string, fs.DirEntry) bool {
		asked++
		cancel()
		return false
	}).Run(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, 1, asked)

	err = files.Walk(root, func(string, fs.DirEntry) bool { panic("boo") }).Run(t.Context())
	require.ErrorContains(t, err, "panic: boo")
}
