package docs_test

import (
	"path"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestLayoutIsAsDrawn compares the drawing in ARCHITECTURE.md with the repository: what is drawn is
// there, every folder of Go code is drawn, or the folder that it is in, and of the folders whose
// files are drawn, every file but the tests.
func TestLayoutIsAsDrawn(t *testing.T) {
	drawn, folders := drawing(t, read(t, "ARCHITECTURE.md"))
	there := newIndex(t)
	for _, pattern := range drawn {
		assert.True(t, there.isFile(pattern), "ARCHITECTURE.md draws %s, which is not there", pattern)
	}
	missing := map[string]bool{}
	for _, file := range there.files {
		if path.Ext(file) != ".go" || strings.HasSuffix(file, "_test.go") {
			continue
		}
		want := file
		if !folders[path.Dir(file)] {
			want = path.Dir(file)
		}
		missing[want] = !isDrawn(drawn, want)
	}
	for what, is := range missing {
		assert.False(t, is, "the layout in ARCHITECTURE.md lacks %s: add it, with a word on what it is", what)
	}
}

// isDrawn reports whether a file or folder is drawn, or a folder that it is in; but the root's own
// files are each drawn.
func isDrawn(drawn []string, file string) bool {
	for ; file != "."; file = path.Dir(file) {
		for _, pattern := range drawn {
			if ok, _ := path.Match(pattern, file); ok {
				return true
			}
		}
	}
	return false
}

// drawing reads the layout: lines of names, which end at two blanks, where the explanation begins.
// A line that begins with a folder may be followed by indented lines with its files. folders are
// those whose files are drawn.
func drawing(t *testing.T, d document) (drawn []string, folders map[string]bool) {
	t.Helper()
	_, after, ok := strings.Cut(d.text, "\n## Layout\n")
	require.True(t, ok, "ARCHITECTURE.md has no layout")
	_, after, ok = strings.Cut(after, "```text\n")
	require.True(t, ok)
	lines, _, _ := strings.Cut(after, "```")
	folders = map[string]bool{".": true}
	folder := "."
	for line := range strings.Lines(lines) {
		names := strings.Fields(regexp.MustCompile(`\S {2,}.*`).ReplaceAllStringFunc(strings.TrimRight(line, "\n"), func(s string) string { return s[:1] }))
		if len(names) == 0 {
			continue
		}
		if indented := line[0] == ' '; indented {
			folders[folder] = true
		} else {
			folder = "."
			if strings.HasSuffix(names[0], "/") {
				folder = path.Clean(names[0])
			}
		}
		for _, name := range names {
			if line[0] == ' ' {
				name = path.Join(folder, name)
			}
			drawn = append(drawn, path.Clean(name))
		}
	}
	return drawn, folders
}
