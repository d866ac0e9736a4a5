package docs_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	exported    = regexp.MustCompile(`\b[a-z]+\.[A-Z]\w*`)
	quoted      = regexp.MustCompile("`([^`]+)`")
	quotedInOne = regexp.MustCompile("`([^`]+)` \\(`([^`]+\\.go)`\\)")
)

// TestNamesInDocumentsAreThere looks at all that the documents about the code quote: each must be a
// file, a folder, or something that is declared in the module. Of `name` (`file.go`), the name must
// be declared in that file. What has a blank in it is a command or an expression, and not looked
// at.
func TestNamesInDocumentsAreThere(t *testing.T) {
	index := newIndex(t)
	for _, name := range []string{"ARCHITECTURE.md", "CONTRIBUTING.md"} {
		d := read(t, name)
		for i, line := range d.prose() {
			for _, match := range quoted.FindAllStringSubmatch(line, -1) {
				if reason := index.missing(match[1]); reason != "" {
					t.Errorf("%s:%d: `%s` is %s", name, i+1, match[1], reason)
				}
			}
			for _, match := range quotedInOne.FindAllStringSubmatch(line, -1) {
				if name := plainName(match[1]); !strings.Contains(match[1], " ") && !index.declared[match[2]][name] {
					t.Errorf("%s:%d: `%s` is not declared in `%s`", d.path, i+1, match[1], match[2])
				}
			}
		}
	}
}

// TestPublicNamesInDocumentsAreThere looks in all documents at what they quote of the public
// packages, as in pl.Pipe.
func TestPublicNamesInDocumentsAreThere(t *testing.T) {
	index := newIndex(t)
	count := 0
	for _, d := range documents(t) {
		for i, line := range d.prose() {
			assert.Zero(t, strings.Count(line, "`")%2, "%s:%d: what is quoted must stand in one line", d.path, i+1)
			for _, match := range quoted.FindAllStringSubmatch(line, -1) {
				for _, name := range exported.FindAllString(match[1], -1) {
					count++
					if pkg, _, _ := strings.Cut(name, "."); index.packages[pkg] {
						assert.True(t, index.declared[""][name], "%s:%d: there is no %s", d.path, i+1, name)
					}
				}
			}
		}
	}
	require.NotZero(t, count)
}

// index is what the repository's Go files declare: by the file's path, and under "" by all of them
// together. A method, or a field, is there by its own name, with its type's, and with its
// package's.
type index struct {
	declared map[string]map[string]bool
	packages map[string]bool // their names
	files    []string
}

func newIndex(t *testing.T) *index {
	t.Helper()
	x := &index{declared: map[string]map[string]bool{"": {}}, packages: map[string]bool{}}
	walk(t, func(file string) {
		x.files = append(x.files, file)
		if path.Ext(file) != ".go" {
			return
		}
		// A file for a newer version of Go parses in part.
		parsed, _ := parser.ParseFile(token.NewFileSet(), filepath.Join(root, file), nil, parser.SkipObjectResolution)
		require.NotNil(t, parsed, file)
		x.declared[file] = map[string]bool{}
		x.packages[parsed.Name.Name] = true
		for _, d := range parsed.Decls {
			for _, name := range declares(d) {
				x.add(file, parsed.Name.Name, name)
			}
		}
	})
	return x
}

func (x *index) add(file, pkg, name string) {
	for _, in := range []string{file, ""} {
		x.declared[in][name] = true
		x.declared[in][pkg+"."+name] = true
		if _, last, ok := strings.Cut(name, "."); ok {
			x.declared[in][last] = true
		}
	}
}

// missing says what is wrong with what a document quotes, or nothing.
func (x *index) missing(quote string) string {
	name := plainName(quote)
	switch {
	case strings.Contains(quote, " "), x.declared[""][name]:
		return ""
	case strings.ContainsAny(name, "/*") || path.Ext(name) == ".go" || path.Ext(name) == ".md":
		if x.isFile(name) {
			return ""
		}
		return "no file or folder"
	case x.isFile(name):
		return ""
	}
	return "neither a file nor declared anywhere"
}

// isFile reports whether a file or a folder matches the pattern.
func (x *index) isFile(pattern string) bool {
	pattern = strings.TrimSuffix(pattern, "/")
	for _, file := range x.files {
		for ; file != "."; file = path.Dir(file) {
			if ok, _ := path.Match(pattern, file); ok {
				return true
			}
		}
	}
	return false
}

// plainName is the name in a quotation such as (*Stage).All, pl.Map() or Take[T].
func plainName(quote string) string {
	name, _, _ := strings.Cut(quote, "[")
	return strings.NewReplacer("(*", "", ")", "", "(", "", "*", "*").Replace(name)
}

// declares lists the names that a declaration makes, those of methods and fields with their type's.
func declares(d ast.Decl) (names []string) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		name := d.Name.Name
		if d.Recv != nil {
			name = typeName(d.Recv.List[0].Type) + "." + name
		}
		return []string{name}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch spec := spec.(type) {
			case *ast.ValueSpec:
				for _, name := range spec.Names {
					names = append(names, name.Name)
				}
			case *ast.TypeSpec:
				names = append(names, spec.Name.Name)
				for _, member := range members(spec.Type) {
					names = append(names, spec.Name.Name+"."+member)
				}
			}
		}
	}
	return names
}

// typeName is the name of a receiver's type.
func typeName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return typeName(e.X)
	case *ast.IndexExpr:
		return typeName(e.X)
	case *ast.IndexListExpr:
		return typeName(e.X)
	case *ast.Ident:
		return e.Name
	}
	panic(fmt.Sprintf("a receiver of type %T", e))
}

// members are the fields of a struct, or the methods of an interface.
func members(e ast.Expr) (names []string) {
	var list *ast.FieldList
	switch e := e.(type) {
	case *ast.StructType:
		list = e.Fields
	case *ast.InterfaceType:
		list = e.Methods
	default:
		return nil
	}
	for _, f := range list.List {
		for _, name := range f.Names {
			names = append(names, name.Name)
		}
	}
	return names
}

func TestMissingNamesAreFound(t *testing.T) {
	x := newIndex(t)
	for quote, want := range map[string]string{
		"stage.go": "", "run_*.go": "", "internal/queue": "", "examples/": "", "thread": "", "go.mod": "",
		"Stage": "", "Stage.All": "", "(*Site).Employ": "", "pl.Pipe2": "", "queue.Queue.Stop": "", "Seat.Park": "", "Take[T]": "",
		"thread.Map": "", "go test ./...": "",
		"stages.go":        "no file or folder",
		"internal/queues/": "no file or folder",
		"rum_*.go":         "no file or folder",
		"Stagecoach":       "neither a file nor declared anywhere",
		"Stage.Fly":        "neither a file nor declared anywhere",
		"thread.Sleep":     "neither a file nor declared anywhere",
	} {
		assert.Equal(t, want, x.missing(quote), quote)
	}
	assert.True(t, x.declared["run.go"]["execute"])
	assert.False(t, x.declared["stage.go"]["execute"])
}
