// Package docs_test holds the documents of the repository to what they say: their code compiles,
// their links lead somewhere, and the files and functions that they name are there.
package docs_test

import (
	"context"
	"fmt"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestGoCodeInDocumentsCompiles vets every Go block as a user of the module has it: in a module of
// its own, which requires this one. A block that begins with a package clause is compiled as it
// stands. Any other is a fragment, either declarations or statements; CONTRIBUTING.md says what is
// put around it.
func TestGoCodeInDocumentsCompiles(t *testing.T) {
	users := newModules(t)
	known := importable(t)
	count := 0
	for _, d := range documents(t) {
		for _, b := range d.blocks() {
			if b.info != "go" {
				continue
			}
			place := fmt.Sprintf("%s:%d", d.path, b.line)
			formatted, err := format.Source([]byte(b.text))
			if assert.NoError(t, err, "%s: the block is no Go code", place) {
				assert.Equal(t, string(formatted), b.text, "%s: the block is not formatted as gofmt does", place)
				all := files(t, d, b, known)
				for name, text := range all {
					users.of(all).write(t, fmt.Sprintf("block%d/%s", count, name), text)
				}
				count++
			}
		}
	}
	require.NotZero(t, count)
	for _, user := range users {
		out, err := user.command(t, "vet", "./...").CombinedOutput()
		assert.NoError(t, err, "go vet of the documents' code:\n%s", out)
	}
}

// TestProgramsInDocumentsPrintWhatIsShown runs each program that is followed by a block marked
// "text output", or "mermaid output" if it draws: that is what it writes to standard output.
func TestProgramsInDocumentsPrintWhatIsShown(t *testing.T) {
	if testing.Short() {
		t.Skip("it links more than a dozen programs")
	}
	users := newModules(t)
	type program struct {
		name, place, want string
		unix              bool
	}
	var programs []program
	for _, d := range documents(t) {
		blocks := d.blocks()
		for i, b := range blocks {
			if b.info != "text output" && b.info != "mermaid output" {
				continue
			}
			place := fmt.Sprintf("%s:%d", d.path, b.line)
			require.True(t, i > 0 && isFile(blocks[i-1].text), "%s: output without a program before it", place)
			code := blocks[i-1].text
			unix := strings.Contains(code, ".Signal(") || strings.Contains(code, `"sh"`) || strings.Contains(code, "LocalWorkers")
			p := program{fmt.Sprintf("program%d", len(programs)), place, b.text, unix}
			users.of(map[string]string{"main.go": code}).write(t, p.name+"/main.go", code)
			programs = append(programs, p)
		}
	}
	require.NotEmpty(t, programs, "the README's first program shows what it prints")
	folder := t.TempDir()
	for _, user := range users {
		out, err := user.command(t, "build", "-ldflags=-s -w", "-o", folder, "./...").CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
	for _, p := range programs {
		t.Run(p.place, func(t *testing.T) {
			if p.unix && runtime.GOOS == "windows" {
				t.Skip("it sends itself a signal, or needs a shell")
			}
			t.Parallel()
			run := exec.CommandContext(t.Context(), filepath.Join(folder, p.name+suffix()))
			run.Dir = t.TempDir()
			var said strings.Builder
			run.Stderr = &said
			out, err := run.Output()
			assert.NoError(t, err, said.String())
			assert.Equal(t, strings.TrimSpace(p.want), strings.TrimSpace(string(out)))
		})
	}
}

// TestTestsInDocumentsPass runs each block that is a test file.
func TestTestsInDocumentsPass(t *testing.T) {
	user := newModule(t)
	count := 0
	for _, d := range documents(t) {
		for _, b := range d.blocks() {
			if b.info == "go" && isTest(b.text) {
				user.write(t, fmt.Sprintf("tests%d/document_test.go", count), b.text)
				count++
			}
		}
	}
	require.NotZero(t, count)
	out, err := user.command(t, "test", "./...").CombinedOutput()
	assert.NoError(t, err, "%s", out)
}

// suffix is how the name of a program ends.
func suffix() string {
	if runtime.GOOS == "windows" {
		return ".exe"
	}
	return ""
}

func TestFaultsInCodeAreReportedByTheirLines(t *testing.T) {
	faults := map[string]struct{ text, want string }{
		"statement":   {"one\n```go\nx := 1\ny := z\n```", "statement.md:4: undefined: z"},
		"declaration": {"```go\nfunc f() int { return true }\n```", "declaration.md:2: cannot use true"},
		"file":        {"```go\npackage main\n\nimport \"fmt\"\n```", `file.md:4: "fmt" imported and not used`},
		"prelude":     {"<!-- go: with\nvar x missing\n-->\n```go\nuse(x)\n```", "prelude.md:2: undefined: missing"},
		"fragment":    {"<!-- go: with\nvar x int\n-->\n```go\nuse(x)\n```", "fragment.md:5: undefined: use"},
		"vet":         {"```go\nfmt.Printf(\"%d\", \"\")\n```", "vet.md:2: fmt.Printf format %d"},
	}
	user := newModule(t)
	for name, fault := range faults {
		d := document{path: name + ".md", text: fault.text}
		for file, text := range files(t, d, d.blocks()[0], importable(t)) {
			user.write(t, name+"/"+file, text)
		}
	}
	out, err := user.command(t, "vet", "./...").CombinedOutput()
	assert.Error(t, err)
	for _, fault := range faults {
		assert.Contains(t, string(out), fault.want)
	}
}

func TestFragmentsMayReturnAndLeaveVariablesUnused(t *testing.T) {
	user := newModule(t)
	d := document{path: "doc.md", text: strings.Join([]string{
		"```go\nx, err := strconv.Atoi(\"1\")\nvar y int\n```",
		"```go\nif err := ctx.Err(); err != nil {\n\treturn err\n}\nz := 1\n```",
		"```go\nreturn errors.New(\"no\")\n```",
		"```go\nf := func() int { return 1 }\nfmt.Println(f())\n```",
		"```go\nstage := thread.Map(pl.Lift(strconv.Itoa))(pl.Range(3))\n```",
	}, "\n")}
	for i, b := range d.blocks() {
		for name, text := range files(t, d, b, importable(t)) {
			user.write(t, fmt.Sprintf("block%d/%s", i, name), text)
		}
	}
	out, err := user.command(t, "vet", "./...").CombinedOutput()
	assert.NoError(t, err, "%s", out)
}

// module is a module of a user's, in a temporary folder.
type module struct {
	folder string
	env    []string
}

// newModule makes a module that requires this one, and what this one requires, so that nothing has
// to be fetched.
func newModule(t *testing.T) module {
	t.Helper()
	m := copyOf(t, root)
	here, err := filepath.Abs(root)
	require.NoError(t, err)
	mod := read(t, "go.mod").text
	m.write(t, "go.mod", strings.Replace(mod, "module github.com/gopeln/pl", "module example.org/user", 1)+
		"\nrequire github.com/gopeln/pl v0.0.0\n\nreplace github.com/gopeln/pl => "+filepath.ToSlash(here)+"\n")
	m.env = append(m.env, "GOPROXY=off")
	return m
}

// copyOf makes a module with the go.mod and go.sum of the one in a folder.
func copyOf(t *testing.T, folder string) module {
	t.Helper()
	m := module{t.TempDir(), append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod")}
	for _, name := range []string{"go.mod", "go.sum"} {
		text, err := os.ReadFile(filepath.Join(folder, name))
		require.NoError(t, err)
		m.write(t, name, string(text))
	}
	return m
}

// modules are the user's for what needs this module only, and another one, a copy of docs/modules,
// for what needs more.
type modules [2]module

func newModules(t *testing.T) modules {
	t.Helper()
	more := copyOf(t, "modules")
	text, err := os.ReadFile(filepath.Join("modules", "go.mod"))
	require.NoError(t, err)
	here, err := filepath.Abs("modules")
	require.NoError(t, err)
	more.write(t, "go.mod", relative.ReplaceAllStringFunc(string(text), func(replacement string) string {
		return "=> " + filepath.ToSlash(filepath.Join(here, strings.TrimPrefix(replacement, "=> ")))
	}))
	more.write(t, "nothing/nothing.go", "package nothing") // there may be no such code
	return modules{newModule(t), more}
}

// relative is the target of a replacement in a go.mod.
var relative = regexp.MustCompile(`=> \.\./\S+`)

// of returns the module that Go files, by their names, are to be compiled in.
func (m modules) of(files map[string]string) module {
	for _, text := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), "", text, parser.ImportsOnly)
		if err != nil {
			continue // go vet says more
		}
		for _, i := range parsed.Imports {
			if needsMore(strings.Trim(i.Path.Value, `"`)) {
				return m[1]
			}
		}
	}
	return m[0]
}

// needsMore reports whether a package is neither of the standard library, nor of this module or
// what it requires.
func needsMore(pkg string) bool {
	if inner, ok := strings.CutPrefix(pkg, "github.com/gopeln/pl/"); ok {
		for ; inner != "."; inner = path.Dir(inner) {
			if _, err := os.Stat(filepath.Join(root, inner, "go.mod")); err == nil {
				return true
			}
		}
		return false
	}
	first, _, _ := strings.Cut(pkg, "/")
	return strings.Contains(first, ".") && pkg != "github.com/gopeln/pl" && !strings.HasPrefix(pkg, "golang.org/x/sync/")
}

func (m module) write(t *testing.T, name, text string) {
	t.Helper()
	file := filepath.Join(m.folder, name)
	require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
	require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
}

func (m module) command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	c := exec.CommandContext(context.WithoutCancel(t.Context()), "go", args...)
	c.Dir, c.Env = m.folder, m.env
	return c
}
