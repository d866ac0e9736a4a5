package docs_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// root is the folder of the repository.
const root = ".."

// document is one of the repository's Markdown files.
type document struct {
	path string // from the root, with slashes
	text string
}

// documents finds all Markdown files of the repository.
func documents(t *testing.T) (all []document) {
	t.Helper()
	walk(t, func(path string) {
		if filepath.Ext(path) == ".md" {
			all = append(all, read(t, path))
		}
	})
	require.True(t, slices.ContainsFunc(all, func(d document) bool { return d.path == "README.md" }))
	return all
}

func read(t *testing.T, path string) document {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, path))
	require.NoError(t, err)
	return document{path, strings.ReplaceAll(string(text), "\r\n", "\n")}
}

// walk visits the files of the repository, by their paths from the root, with slashes.
func walk(t *testing.T, visit func(path string)) {
	t.Helper()
	require.NoError(t, fs.WalkDir(os.DirFS(root), ".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == ".git" || entry.Name() == "testdata"):
			return fs.SkipDir
		case !entry.IsDir():
			visit(path)
		}
		return nil
	}))
}

// block is a fenced piece of code.
type block struct {
	info    string // what follows the opening fence: "go"
	line    int    // of the document, where text begins
	text    string
	prelude prelude // in force at this place
}

// prelude is what the fragments of a document take as declared: a comment in the document,
//
//	<!-- go: with
//	func fetch(ctx context.Context, url string) (Page, error)
//	-->
//
// which counts for the fragments below it, up to the next one.
type prelude struct {
	line int
	text string
}

const preludeBegins = "<!-- go: with"

// blocks finds the fenced code of a document.
func (d document) blocks() (all []block) {
	var open *block
	var before prelude
	inPrelude := false
	for i, line := range strings.SplitAfter(d.text, "\n") {
		mark := strings.TrimSpace(line)
		switch {
		case open != nil && mark == "```":
			all, open = append(all, *open), nil
		case open != nil:
			open.text += line
		case inPrelude && mark == "-->":
			inPrelude = false
		case inPrelude:
			before.text += line
		case mark == preludeBegins:
			before, inPrelude = prelude{line: i + 2}, true
		case strings.HasPrefix(mark, "```"):
			open = &block{info: strings.TrimPrefix(mark, "```"), line: i + 2, prelude: before}
		}
	}
	return all
}

// prose is the document with its code blocks and comments emptied, line by line.
func (d document) prose() []string {
	lines := strings.Split(d.text, "\n")
	until := ""
	for i, line := range lines {
		mark := strings.TrimSpace(line)
		switch {
		case until != "":
			if mark == until {
				until = ""
			}
		case strings.HasPrefix(mark, "```"):
			until = "```"
		case strings.HasPrefix(mark, "<!--"):
			if !strings.HasSuffix(mark, "-->") {
				until = "-->"
			}
		default:
			continue
		}
		lines[i] = ""
	}
	return lines
}

func TestEveryBlockNamesItsLanguage(t *testing.T) {
	known := []string{"go", "sh", "text", "text output", "python", "mermaid", "mermaid output"}
	for _, d := range documents(t) {
		for _, b := range d.blocks() {
			if !slices.Contains(known, b.info) {
				t.Errorf("%s:%d: the block is marked %q; it must be one of %q", d.path, b.line-1, b.info, known)
			}
		}
	}
}

func TestProseKeepsItsLines(t *testing.T) {
	d := document{text: "one\n```go\nx\n```\n<!-- go: with\ny\n-->\n<!-- a remark -->\ntwo"}
	require.Equal(t, []string{"one", "", "", "", "", "", "", "", "two"}, d.prose())
	require.Equal(t, []block{{info: "go", line: 3, text: "x\n"}}, d.blocks())
}
