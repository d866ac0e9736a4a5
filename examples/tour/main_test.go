package main

import (
	"bytes"
	"log"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// tree makes a folder with these files.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	folder := t.TempDir()
	for name, text := range files {
		path := filepath.Join(folder, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	}
	return folder
}

// messages collects what the program says to the user besides its result.
func messages(t *testing.T) *bytes.Buffer {
	t.Helper()
	var said bytes.Buffer
	log.SetOutput(&said)
	t.Cleanup(func() { log.SetOutput(os.Stderr) })
	return &said
}

func TestIdentifiersAreCountedAlikeByEveryBackend(t *testing.T) {
	folder := tree(t, map[string]string{
		"a.go":      "package a\nvar x = y + y",
		"deep/b.go": "package b\nfunc y() { y() }",
		"c.txt":     "not Go",
	})
	for backend := range parsers {
		t.Run(backend, func(t *testing.T) {
			said := messages(t)
			found, err := tour(t.Context(), backend, folder)
			require.NoError(t, err)
			assert.Equal(t, map[string]int{"a": 1, "b": 1, "x": 1, "y": 4}, found.names)
			assert.Equal(t, 2, found.files)
			assert.Equal(t, len("package a\nvar x = y + y")+len("package b\nfunc y() { y() }"), found.bytes)
			assert.Equal(t, []string{"y", "a", "b", "x"}, found.top(20))
			assert.Zero(t, found.skipped())
			assert.Empty(t, said.String())
		})
	}
}

func TestBadFilesAreNamedAndCountedAndDoNotStopTheJob(t *testing.T) {
	folder := tree(t, map[string]string{
		"good.go":      "package good",
		"broken.go":    "package broken\nfunc {",
		"folder.go/.k": "", // a folder with the name of a file is no file
	})
	missing := filepath.Join(folder, "missing.go")
	require.NoError(t, os.Symlink("nowhere", missing))
	for backend := range parsers {
		t.Run(backend, func(t *testing.T) {
			said := messages(t)
			found, err := tour(t.Context(), backend, folder)
			require.NoError(t, err)
			assert.Equal(t, map[string]int{"good": 1}, found.names)
			assert.Equal(t, 1, found.files)
			assert.EqualValues(t, 2, found.skipped())
			assert.Contains(t, said.String(), filepath.Join(folder, "broken.go")+":2:6: ")
			assert.Contains(t, said.String(), missing)
			assert.Equal(t, 2, strings.Count(said.String(), "skipped: "))
		})
	}
}

func TestFolderThatDoesNotExistIsNamed(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "nowhere")
	_, err := tour(t.Context(), "thread", folder)
	assert.ErrorIs(t, err, os.ErrNotExist)
	assert.ErrorContains(t, err, folder)
}

func TestUnknownBackendIsRefused(t *testing.T) {
	_, err := tour(t.Context(), "tread", t.TempDir())
	assert.ErrorContains(t, err, `"tread"`)
}

func TestSummaryShowsFilesAndStages(t *testing.T) {
	messages(t)
	found, err := tour(t.Context(), "thread", tree(t, map[string]string{"a.go": "package a\nvar x = x", "b.go": "?"}))
	require.NoError(t, err)
	var out strings.Builder
	found.print(&out)
	lines := strings.Split(out.String(), "\n")
	assert.Equal(t, []string{"2", "x"}, strings.Fields(lines[0]))
	assert.Equal(t, []string{"1", "a"}, strings.Fields(lines[1]))
	assert.Regexp(t, `^1 files, 0\.0 MB in \d+\.\d\d s; 1 skipped$`, lines[3])
	assert.Regexp(t, `(?m)^ *read +thread +4 +2 +2 +0$`, out.String())
	assert.Regexp(t, `(?m)^ *parse +thread +\d+ +2 +1 +1$`, out.String())
}

func TestOwnSourceOfGoIsFound(t *testing.T) {
	folder, err := root(t.Context(), "")
	require.NoError(t, err)
	assert.FileExists(t, filepath.Join(folder, "go", "parser", "parser.go"))
}
