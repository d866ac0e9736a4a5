package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// run gives what the tour prints.
func run(t *testing.T, ctx context.Context, backend, folder string, list bool) (out string, err error) {
	t.Helper()
	var printed bytes.Buffer
	err = tour(ctx, &printed, backend, folder, list)
	return printed.String(), err
}

// tree makes a folder with these files.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	folder, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	for name, text := range files {
		path := filepath.Join(folder, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	}
	return folder
}

func TestIdentifiersAreCountedAlikeByEveryBackend(t *testing.T) {
	folder := tree(t, map[string]string{
		"a.go":      "package a\nvar x = y + y",
		"deep/b.go": "package b\nfunc y() { y() }",
		"c.txt":     "not Go",
	})
	for backend := range parsers {
		t.Run(backend, func(t *testing.T) {
			out, err := run(t, t.Context(), backend, folder, true)
			require.NoError(t, err)
			assert.NotContains(t, out, "skipped")
			assert.Regexp(t, `^ +4  y\n +1  a\n +1  b\n +1  x\n\n2 files, 49 bytes, \d+\.\d\d seconds\n\n`, out)
			assert.Regexp(t, `(?m)^walk +source +1 +0 +2 +0$`, out)
			assert.Regexp(t, `(?m)^read +thread +4 +2 +2 +0$`, out)
			assert.Regexp(t, `(?m)^parse +`+backend+` +\d+ +2 +2 +0$`, out)
		})
	}
}

func TestBadFilesAreCountedAndListedOnDemandAndDoNotStopTheJob(t *testing.T) {
	folder := tree(t, map[string]string{
		"good.go":     "package good",
		"broken.go":   "package broken\nfunc {",
		"folder.go/k": "a folder whose name ends like a file's is no file",
	})
	unreadable := filepath.Join(folder, "unreadable.go")
	require.NoError(t, os.Symlink("nowhere", unreadable))
	for backend := range parsers {
		t.Run(backend, func(t *testing.T) {
			out, err := run(t, t.Context(), backend, folder, false)
			require.NoError(t, err)
			assert.True(t, strings.HasPrefix(out, "       1  good\n\n1 files, "), out)
			assert.Regexp(t, `(?m)^read .* 3 +2 +1$`, out)
			assert.Regexp(t, `(?m)^parse .* 2 +1 +1$`, out)
			assert.True(t, strings.HasSuffix(out, "1\n\n2 files skipped; -skipped lists them\n"), out)

			out, err = run(t, t.Context(), backend, folder, true)
			require.NoError(t, err)
			_, skipped, _ := strings.Cut(out, "\n\n2 files skipped:\n")
			assert.Regexp(t, `^  .*broken.go:2:6: .*\n  .*unreadable.go: .*\n$`, skipped)
		})
	}
}

func TestFolderThatDoesNotExistIsNamed(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "nowhere")
	out, err := run(t, t.Context(), "thread", folder, false)
	assert.ErrorIs(t, err, os.ErrNotExist)
	assert.ErrorContains(t, err, folder)
	assert.Empty(t, out)
}

func TestUnknownBackendIsRefused(t *testing.T) {
	_, err := run(t, t.Context(), "tread", t.TempDir(), false)
	assert.ErrorContains(t, err, `"tread"`)
	assert.ErrorContains(t, err, `"thread"`)
}

func TestCancelledTourEndsWithTheCause(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := run(t, ctx, "thread", tree(t, map[string]string{"a.go": "package a"}), false)
	assert.ErrorIs(t, err, context.Canceled)
}

func TestSourceOfGoIsFound(t *testing.T) {
	folder, err := root(t.Context(), "")
	require.NoError(t, err)
	assert.FileExists(t, filepath.Join(folder, "go", "parser", "parser.go"))
}
