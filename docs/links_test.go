package docs_test

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	inlineLink  = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	linkTarget  = regexp.MustCompile(`^\[[^\]]+\]:\s+(\S+)`)
	headingLine = regexp.MustCompile(`^#+ +(.*)$`)
)

// ours are the addresses that show what is in this repository.
var ours = []string{"https://pkg.go.dev/github.com/gopeln/pl", "https://github.com/gopeln/pl/blob/main", "https://github.com/gopeln/pl/tree/main"}

// TestLinksLeadSomewhere looks at every link in the documents: to a file or folder of the
// repository, to a heading in one of its documents, or to a page about one of its packages.
func TestLinksLeadSomewhere(t *testing.T) {
	count := 0
	for _, d := range documents(t) {
		for i, line := range d.prose() {
			for _, pattern := range []*regexp.Regexp{inlineLink, linkTarget} {
				for _, match := range pattern.FindAllStringSubmatch(line, -1) {
					count++
					if reason := broken(t, d, match[1]); reason != "" {
						t.Errorf("%s:%d: the link to %s: %s", d.path, i+1, match[1], reason)
					}
				}
			}
		}
	}
	require.NotZero(t, count)
}

// broken says what is wrong with a link in d, or nothing.
func broken(t *testing.T, d document, link string) string {
	t.Helper()
	link, heading, _ := strings.Cut(link, "#")
	target := path.Join(path.Dir(d.path), link)
	if strings.Contains(link, "://") || strings.HasPrefix(link, "mailto:") {
		ourPath, ok := inRepository(link)
		if !ok {
			return "" // somebody else's page
		}
		target, heading = ourPath, ""
	}
	if link == "" {
		target = d.path
	}
	if _, err := os.Stat(filepath.Join(root, target)); err != nil {
		return "there is no such file or folder"
	}
	if heading != "" && !hasHeading(read(t, target), heading) {
		return "there is no such heading"
	}
	return ""
}

// inRepository gives the path of what an address of ours shows.
func inRepository(link string) (target string, ok bool) {
	for _, base := range ours {
		if rest, ok := strings.CutPrefix(link, base); ok && (rest == "" || rest[0] == '/') {
			return "." + rest, true
		}
	}
	return "", false
}

func hasHeading(d document, anchor string) bool {
	for _, line := range d.prose() {
		if match := headingLine.FindStringSubmatch(line); match != nil && anchorOf(match[1]) == anchor {
			return true
		}
	}
	return false
}

// anchorOf is how GitHub names a heading in a link: lower case, hyphens for spaces, no punctuation.
func anchorOf(heading string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-', r == '_', unicode.IsLetter(r), unicode.IsDigit(r):
			return unicode.ToLower(r)
		}
		return -1
	}, heading)
}

func TestBrokenLinksAreFound(t *testing.T) {
	here := document{path: "docs/page.md", text: "## Which `backend`, then?\n"}
	readme := read(t, "README.md")
	for link, want := range map[string]string{
		"../README.md": "", "../thread": "", "https://example.org/x": "",
		"https://pkg.go.dev/github.com/gopeln/pl/thread": "", "https://pkg.go.dev/github.com/gopeln/pl": "",
		"https://pkg.go.dev/github.com/gopeln/pl/thred": "there is no such file or folder",
		"README.md":             "there is no such file or folder",
		"../README.md#nowhere":  "there is no such heading",
		"../README.md#licence":  "",
		"../README.md#":         "",
		"../no/such/folder/#at": "there is no such file or folder",
	} {
		assert.Equal(t, want, broken(t, here, link), link)
	}
	assert.Empty(t, broken(t, readme, "#licence"))
	assert.True(t, hasHeading(here, "which-backend-then"))
}
