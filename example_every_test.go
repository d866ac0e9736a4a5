package pl_test

import (
	"go/ast"
	gobuild "go/build"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// publicPackages are the folders of all packages that users import.
var publicPackages = []string{
	".", "serial", "thread", "task", "process", "files", "journal", "pltest", "command",
	"monitor", "monitor/prom", "monitor/otel", "cluster", "cluster/embed",
}

func TestEveryExportedFunctionHasAnExample(t *testing.T) {
	for _, folder := range publicPackages {
		p := exportedBy(t, folder)
		require.NotEmpty(t, p.functions, folder)
		for _, name := range p.functions {
			assert.True(t, p.examples["Example"+name], "folder %s: Example%s is missing", folder, name)
		}
	}
}

// TestEveryExportedNameIsInAnExample looks at types, methods, variables and constants. What only
// authors of backends use stands in a section of the package's page instead.
func TestEveryExportedNameIsInAnExample(t *testing.T) {
	forAuthors := namesForAuthors(t)
	for _, folder := range publicPackages {
		p := exportedBy(t, folder)
		for name, of := range p.names {
			ours := folder == "." && (forAuthors[name] || forAuthors[of])
			byType := of != "" && !p.methods[name] && p.shown[of] // as one constant of many
			assert.True(t, ours || p.shown[name] || byType, "folder %s: no example uses %s (of %s)", folder, name, of)
		}
	}
}

// namesForAuthors are the names that the section for authors of backends of the package's page
// lists.
func namesForAuthors(t *testing.T) map[string]bool {
	t.Helper()
	page, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	_, section, found := strings.Cut(string(page), "# For authors of backends")
	require.True(t, found)
	names := map[string]bool{}
	for _, match := range regexp.MustCompile(`\[(\w+)\]`).FindAllStringSubmatch(section, -1) {
		names[match[1]] = true
	}
	return names
}

// exports is what a package exports, and what its examples show.
type exports struct {
	functions []string
	names     map[string]string // of types, methods, variables and constants; each with the type that it belongs to
	methods   map[string]bool   // among names
	examples  map[string]bool   // their functions
	shown     map[string]bool   // each name in them, and each type that a function in them returns
	results   map[string][]string
}

// wellKnown are the methods of interfaces of the standard library, which other packages call.
var wellKnown = map[string]bool{
	"Error": true, "Unwrap": true, "Is": true, "String": true, "Write": true,
	"MarshalText": true, "UnmarshalText": true, "MarshalJSON": true, "UnmarshalJSON": true,
}

func exportedBy(t *testing.T, folder string) *exports {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(folder, "*.go"))
	require.NoError(t, err)
	p := &exports{
		names: map[string]string{}, methods: map[string]bool{}, examples: map[string]bool{}, shown: map[string]bool{},
		results: map[string][]string{},
	}
	for _, path := range paths {
		ours, err := gobuild.Default.MatchFile(filepath.Split(path)) // the parser knows this Go's language only
		require.NoError(t, err)
		if !ours {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		isTest, isExamples := strings.HasSuffix(path, "_test.go"), strings.Contains(filepath.Base(path), "example")
		for _, d := range file.Decls {
			switch {
			case !isTest:
				p.declared(d)
			case isExamples || isExample(d):
				p.example(d)
			}
		}
	}
	for name, types := range p.results {
		for _, result := range types {
			p.shown[result] = p.shown[result] || p.shown[name]
		}
	}
	return p
}

func isExample(d ast.Decl) bool {
	f, ok := d.(*ast.FuncDecl)
	return ok && f.Recv == nil && strings.HasPrefix(f.Name.Name, "Example")
}

// example notes the names in a declaration of the examples.
func (p *exports) example(d ast.Decl) {
	if f, ok := d.(*ast.FuncDecl); ok {
		p.examples[f.Name.Name] = true
		of, _, _ := strings.Cut(strings.TrimPrefix(f.Name.Name, "Example"), "_")
		p.shown[of] = true
	}
	ast.Inspect(d, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			p.shown[id.Name] = true
		}
		return true
	})
}

// declared notes the exported names of a declaration.
func (p *exports) declared(d ast.Decl) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		p.function(d)
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				p.add(spec.Name, "")
			case *ast.ValueSpec:
				of := typeName(spec.Type)
				if of == "" && len(d.Specs) > 1 { // a list of constants has the type at the first one
					of = typeName(d.Specs[0].(*ast.ValueSpec).Type)
				}
				for _, name := range spec.Names {
					p.add(name, of)
				}
			}
		}
	}
}

func (p *exports) function(f *ast.FuncDecl) {
	switch {
	case !f.Name.IsExported():
	case f.Recv != nil:
		if of := typeName(f.Recv.List[0].Type); ast.IsExported(of) && !wellKnown[f.Name.Name] {
			p.add(f.Name, of)
			p.methods[f.Name.Name] = true
		}
	default:
		p.functions = append(p.functions, f.Name.Name)
		if f.Type.Results != nil {
			for _, result := range f.Type.Results.List {
				p.results[f.Name.Name] = append(p.results[f.Name.Name], typeName(result.Type))
			}
		}
	}
}

func (p *exports) add(name *ast.Ident, of string) {
	if name.IsExported() {
		p.names[name.Name] = of
	}
}

// typeName is the name of a type of the package, or of what it points to; else it is empty.
func typeName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.StarExpr:
		return typeName(e.X)
	case *ast.IndexExpr:
		return typeName(e.X)
	case *ast.IndexListExpr:
		return typeName(e.X)
	}
	return ""
}
