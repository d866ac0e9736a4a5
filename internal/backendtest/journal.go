package backendtest

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// journalVariable names the file of the journal to the workers of a run, which inherit the
// environment.
const journalVariable = "BACKENDTEST_JOURNAL"

// Journal is what functions under test note while they run, in the order of the notes. It is a
// file, so that it works the same from a subprocess, and from one that dies.
type Journal struct {
	t    *testing.T
	path string
}

// Keep starts a journal for the rest of the test.
func Keep(t *testing.T) Journal {
	t.Helper()
	path := filepath.Join(t.TempDir(), "journal")
	t.Setenv(journalVariable, path)
	return Journal{t, path}
}

// Entries returns the notes that begin with the words, in order.
func (j Journal) Entries(words string) []string {
	j.t.Helper()
	all, err := read(j.path)
	require.NoError(j.t, err)
	return slices.DeleteFunc(all, func(entry string) bool { return !strings.HasPrefix(entry+" ", words+" ") })
}

// Count returns how many notes begin with the words.
func (j Journal) Count(words string) int {
	j.t.Helper()
	return len(j.Entries(words))
}

// note adds a line where a journal is kept. One write to a file opened for appending is not torn by
// another's.
func note(format string, args ...any) {
	path := os.Getenv(journalVariable)
	if path == "" {
		return
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return // the test is over, and this is a late function
	}
	defer file.Close()
	fmt.Fprintf(file, format+"\n", args...)
}

// noted counts the lines that are exactly this one.
func noted(format string, args ...any) int {
	all, err := read(os.Getenv(journalVariable))
	if err != nil {
		return 0
	}
	line := fmt.Sprintf(format, args...)
	return len(slices.DeleteFunc(all, func(entry string) bool { return entry != line }))
}

// begun counts the values that have begun.
func begun() (n int) {
	all, err := read(os.Getenv(journalVariable))
	if err != nil {
		return 0
	}
	for _, entry := range all {
		if strings.HasPrefix(entry, "begin ") {
			n++
		}
	}
	return n
}

// read returns the lines of a journal; one that nobody wrote to has none.
func read(path string) ([]string, error) {
	text, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return nil, nil
	}
	return strings.FieldsFunc(string(text), func(r rune) bool { return r == '\n' }), err
}
