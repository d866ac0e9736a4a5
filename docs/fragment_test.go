package docs_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// files makes the Go files of one block. Compilers report the document's lines.
func files(t *testing.T, d document, b block, known map[string]string) map[string]string {
	t.Helper()
	at := lineOf(t, d, b.line)
	switch {
	case isTest(b.text):
		return map[string]string{"document_test.go": at + b.text}
	case isFile(b.text):
		return map[string]string{"main.go": at + b.text}
	}
	all := map[string]string{"fragment.go": fragment(t, at, b.text, known)}
	if b.prelude.text != "" {
		all["prelude.go"] = imports(t, b.prelude.text, known) + lineOf(t, d, b.prelude.line) + b.prelude.text
	}
	return all
}

func lineOf(t *testing.T, d document, line int) string {
	t.Helper()
	file, err := filepath.Abs(filepath.Join(root, d.path))
	require.NoError(t, err)
	return fmt.Sprintf("//line %s:%d\n", file, line)
}

// isFile reports whether code is a whole Go file.
func isFile(code string) bool {
	_, err := parser.ParseFile(token.NewFileSet(), "", code, parser.PackageClauseOnly)
	return err == nil
}

// isTest reports whether code is a whole file of tests.
func isTest(code string) bool {
	parsed, err := parser.ParseFile(token.NewFileSet(), "", code, parser.PackageClauseOnly)
	return err == nil && strings.HasSuffix(parsed.Name.Name, "_test")
}

// fragment makes a file of a fragment: of declarations as they are, of statements in a function
// that has a ctx and, if they return something, returns an error.
func fragment(t *testing.T, at, code string, known map[string]string) string {
	t.Helper()
	if _, err := parser.ParseFile(token.NewFileSet(), "", "package p;"+code, 0); err == nil {
		return imports(t, code, known) + at + code
	}
	const head = "package p; func _() {\n"
	parsed, err := parser.ParseFile(token.NewFileSet(), "", head+code+"}", 0)
	require.NoError(t, err)
	body := parsed.Decls[0].(*ast.FuncDecl).Body
	signature, last := "func _(ctx context.Context) {\n", "}\n"
	if returnsError(body) {
		signature, last = "func _(ctx context.Context) error {\n", "return nil\n}\n"
		if _, ok := body.List[len(body.List)-1].(*ast.ReturnStmt); ok {
			last = "}\n"
		}
	}
	return imports(t, signature+code+last, known) + signature + at + used(body, code, len(head)) + last
}

// returnsError reports whether a return in body, not counting functions within it, has a result.
func returnsError(body *ast.BlockStmt) (found bool) {
	ast.Inspect(body, func(n ast.Node) bool {
		if r, ok := n.(*ast.ReturnStmt); ok && len(r.Results) > 0 {
			found = true
		}
		_, inner := n.(*ast.FuncLit)
		return !inner
	})
	return found
}

// used marks the variables that the statements declare as used: a fragment may end before it needs
// them. offset is where code begins in what body was parsed from.
func used(body *ast.BlockStmt, code string, offset int) string {
	for _, s := range slices.Backward(body.List) {
		var names []string
		switch s := s.(type) {
		case *ast.AssignStmt:
			if s.Tok == token.DEFINE {
				for _, left := range s.Lhs {
					names = append(names, left.(*ast.Ident).Name)
				}
			}
		case *ast.DeclStmt:
			for _, spec := range s.Decl.(*ast.GenDecl).Specs {
				if v, ok := spec.(*ast.ValueSpec); ok {
					for _, name := range v.Names {
						names = append(names, name.Name)
					}
				}
			}
		}
		end := int(s.End()) - 1 - offset
		for _, name := range names {
			if name != "_" {
				code = code[:end] + "; _ = " + name + code[end:]
			}
		}
	}
	return code
}

// imports is the head of a file with this code: the imports are found by the names that it uses.
func imports(t *testing.T, code string, known map[string]string) string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), "", "package p;"+code, 0)
	require.NoError(t, err)
	undeclared := map[string]bool{}
	for _, name := range parsed.Unresolved {
		undeclared[name.Name] = true
	}
	paths := map[string]bool{}
	ast.Inspect(parsed, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if name, ok := s.X.(*ast.Ident); ok && undeclared[name.Name] && known[name.Name] != "" {
				paths[known[name.Name]] = true
			}
		}
		return true
	})
	for _, i := range parsed.Imports {
		delete(paths, strings.Trim(i.Path.Value, `"`))
	}
	head := "package p\n"
	for _, p := range slices.Sorted(maps.Keys(paths)) {
		head += fmt.Sprintf("import %q\n", p)
	}
	return head
}

// importable maps the names of packages to the packages that a fragment may use without an import:
// the public ones of this module and its nested ones, and those of the standard library that are
// listed here.
func importable(t *testing.T) map[string]string {
	t.Helper()
	known := map[string]string{"pl": "github.com/gopeln/pl", "errgroup": "golang.org/x/sync/errgroup"}
	for _, p := range []string{
		"github.com/nats-io/nats.go", "github.com/prometheus/client_golang/prometheus",
		"go.opentelemetry.io/otel/metric", "go.opentelemetry.io/otel/trace",
	} {
		known[strings.TrimSuffix(path.Base(p), ".go")] = p
	}
	for _, p := range []string{
		"bufio", "bytes", "cmp", "context", "database/sql", "encoding/csv", "encoding/json", "errors", "fmt", "hash/maphash", "io",
		"iter", "log", "log/slog", "maps", "math", "math/rand/v2", "net/http", "os", "os/exec", "os/signal", "path/filepath",
		"runtime", "slices", "strconv", "strings", "sync", "sync/atomic", "syscall", "testing", "testing/synctest", "time",
	} {
		known[path.Base(strings.TrimSuffix(p, "/v2"))] = p
	}
	walk(t, func(file string) {
		folder := path.Dir(file)
		public := !strings.Contains(folder, "internal") && folder != "." &&
			!slices.Contains([]string{"bench", "docs", "examples", "tools"}, strings.Split(folder, "/")[0])
		if public && path.Ext(file) == ".go" && !strings.HasSuffix(file, "_test.go") {
			known[path.Base(folder)] = "github.com/gopeln/pl/" + folder
		}
	})
	return known
}
