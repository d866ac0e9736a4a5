package docs_test

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// pair is a task done twice in a document, in plain Go and in gopeln, as the two blocks of Go after
// a comment
//
//	<!-- pair: NAME -->
//
// Both are declarations. testdata/pairs/NAME has what they take as declared (world.go), the checks
// that both must pass (both_test.go), and those that show what the document says of one of them
// (plain_test.go, gopeln_test.go).
type pair struct {
	name, place   string
	heading       string // that it stands under, as links name it
	plain, gopeln block
}

var (
	pairMark  = regexp.MustCompile(`^<!-- pair: (\w+) -->$`)
	readmeRow = regexp.MustCompile(`^\|[^|]+\| (\d+) lines \| +(\d+) \|`)
	lineRow   = regexp.MustCompile(`^\| \[[^\]]+\]\(#([^)]+)\) +\| +(\d+) \| +(\d+) \|$`)
)

// pairs finds those of a document.
func pairs(t *testing.T, d document) (all []pair) {
	t.Helper()
	heading := ""
	for i, line := range strings.Split(d.text, "\n") {
		if match := headingLine.FindStringSubmatch(line); match != nil {
			heading = anchorOf(match[1])
		}
		match := pairMark.FindStringSubmatch(line)
		if match == nil {
			continue
		}
		p := pair{name: match[1], place: fmt.Sprintf("%s:%d", d.path, i+1), heading: heading}
		var two []block
		for _, b := range d.blocks() {
			if b.line > i && b.info == "go" && len(two) < 2 {
				two = append(two, b)
			}
		}
		require.Len(t, two, 2, "%s: two blocks of Go must follow", p.place)
		p.plain, p.gopeln = two[0], two[1]
		all = append(all, p)
	}
	return all
}

// TestPairsDoTheSame runs both sides of each pair against the same checks.
func TestPairsDoTheSame(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds a dozen test programs")
	}
	user := newModule(t)
	known := importable(t)
	count := 0
	for _, d := range documents(t) {
		for _, p := range pairs(t, d) {
			count++
			folder := path.Join("docs/testdata/pairs", p.name)
			entries, err := fs.ReadDir(os.DirFS(root), folder)
			require.NoError(t, err, p.place)
			for side, code := range map[string]block{"plain": p.plain, "gopeln": p.gopeln} {
				text := strings.Replace(imports(t, code.text, known), "package p\n", "package pair\n", 1)
				user.write(t, path.Join(p.name, side, "code.go"), text+lineOf(t, d, code.line)+code.text)
				for _, e := range entries {
					if name := e.Name(); name == side+"_test.go" || name == "both_test.go" || name == "world.go" {
						user.write(t, path.Join(p.name, side, name), read(t, path.Join(folder, name)).text)
					}
				}
			}
		}
	}
	require.NotZero(t, count)
	out, err := user.command(t, "test", "./...").CombinedOutput()
	assert.NoError(t, err, "%s", out)
}

// TestLinesOfPairsAreCounted holds docs/errgroup.md to the numbers of lines in its table, empty
// ones not counted.
func TestLinesOfPairsAreCounted(t *testing.T) {
	var inReadme [][2]string
	for _, line := range read(t, "README.md").prose() {
		if match := readmeRow.FindStringSubmatch(line); match != nil {
			inReadme = append(inReadme, [2]string{match[1], match[2]})
		}
	}
	d := read(t, "docs/errgroup.md")
	told := map[string][2]string{}
	for _, line := range d.prose() {
		if match := lineRow.FindStringSubmatch(line); match != nil {
			told[match[1]] = [2]string{match[2], match[3]}
		}
	}
	all := pairs(t, d)
	require.Len(t, told, len(all), "the table has a row for each pair")
	for row, lines := range told {
		assert.Contains(t, inReadme, lines, "README.md has the row of #%s with other numbers of lines", row)
	}
	for _, p := range all {
		want := [2]string{fmt.Sprint(countLines(p.plain.text)), fmt.Sprint(countLines(p.gopeln.text))}
		assert.Equal(t, want, told[p.heading], "%s: the lines of %s, in plain Go and in gopeln", p.place, p.name)
	}
}

func countLines(code string) (n int) {
	for line := range strings.Lines(code) {
		if strings.TrimSpace(line) != "" {
			n++
		}
	}
	return n
}
