package main

import (
	"bytes"
	"context"
	"log"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// run gives what the tour prints, and what it says about files it skips.
func run(t *testing.T, ctx context.Context, backend, folder string) (out, said string, err error) {
	t.Helper()
	var printed, logged bytes.Buffer
	log.SetOutput(&logged)
	defer log.SetOutput(os.Stderr)
	err = tour(ctx, &printed, backend, folder)
	return printed.String(), logged.String(), err
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
			out, said, err := run(t, t.Context(), backend, folder)
			require.NoError(t, err)
			assert.Empty(t, said)
			assert.Regexp(t, `^ +4  y\n +1  a\n +1  b\n +1  x\n\n2 files, 49 bytes, \d+\.\d\d seconds\n\n`, out)
			assert.Regexp(t, `(?m)^walk +source +1 +0 +2 +0$`, out)
			assert.Regexp(t, `(?m)^read +thread +4 +2 +2 +0$`, out)
			assert.Regexp(t, `(?m)^parse +`+backend+` +\d+ +2 +2 +0$`, out)
		})
	}
}

func TestBadFilesAreNamedAndCountedAndDoNotStopTheJob(t *testing.T) {
	folder := tree(t, map[string]string{
		"good.go":     "package good",
		"broken.go":   "package broken\nfunc {",
		"folder.go/k": "a folder whose name ends like a file's is no file",
	})
	unreadable := filepath.Join(folder, "unreadable.go")
	require.NoError(t, os.Symlink("nowhere", unreadable))
	for backend := range parsers {
		t.Run(backend, func(t *testing.T) {
			out, said, err := run(t, t.Context(), backend, folder)
			require.NoError(t, err)
			assert.Equal(t, 2, strings.Count(said, "skipped: "), said)
			assert.Contains(t, said, filepath.Join(folder, "broken.go")+":2:6: ")
			assert.Contains(t, said, unreadable)
			assert.Contains(t, out, "1  good\n\n1 files, ")
			assert.Regexp(t, `(?m)^read .* 3 +2 +1$`, out)
			assert.Regexp(t, `(?m)^parse .* 2 +1 +1$`, out)
		})
	}
}

func TestFolderThatDoesNotExistIsNamed(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "nowhere")
	out, _, err := run(t, t.Context(), "thread", folder)
	assert.ErrorIs(t, err, os.ErrNotExist)
	assert.ErrorContains(t, err, folder)
	assert.Empty(t, out)
}

func TestUnknownBackendIsRefused(t *testing.T) {
	_, _, err := run(t, t.Context(), "tread", t.TempDir())
	assert.ErrorContains(t, err, `"tread"`)
	assert.ErrorContains(t, err, `"thread"`)
}

func TestCancelledTourEndsWithTheCause(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, err := run(t, ctx, "thread", tree(t, map[string]string{"a.go": "package a"}))
	assert.ErrorIs(t, err, context.Canceled)
}

func TestSourceOfGoIsFound(t *testing.T) {
	folder, err := root(t.Context(), "")
	require.NoError(t, err)
	assert.FileExists(t, filepath.Join(folder, "go", "parser", "parser.go"))
}

// TestReadmeShowsThisProgram keeps the README's first code from drifting away from what is tested here: its lines are
// the program's, in the same order within each piece.
func TestReadmeShowsThisProgram(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	_, code, ok := strings.Cut(string(readme), "```go\n")
	require.True(t, ok, "README.md has no Go code")
	code, _, _ = strings.Cut(code, "```")
	var program string
	for _, path := range []string{"main.go", "files.go"} {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		program += unindented(string(text))
	}
	for piece := range strings.SplitSeq(strings.TrimSpace(code), "\n\n") {
		assert.True(t, strings.Contains(program, unindented(piece)), "README.md shows what is not in the program:\n%s", piece)
	}
}

func unindented(code string) string {
	var b strings.Builder
	for line := range strings.Lines(code) {
		b.WriteString(strings.TrimSpace(line) + "\n")
	}
	return b.String()
}
