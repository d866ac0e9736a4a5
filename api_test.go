package pl_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var eight = []string{"Map", "Filter", "FlatMap", "Each", "MapWith", "FilterWith", "FlatMapWith", "EachWith"}

// TestBackendsAreAlike compares what the backends declare: changing the backend of a step is
// changing the package's name, so signatures, parameter names and comments of the eight functions
// are the same in all of them.
func TestBackendsAreAlike(t *testing.T) {
	want := declared(t, "thread")
	require.Len(t, want, len(eight))
	for _, pkg := range []string{"serial", "task", "process", "cluster"} {
		got := declared(t, pkg)
		for _, name := range eight {
			assert.Equal(t, want[name], got[name], "%s.%s and thread.%s", pkg, name, name)
		}
	}
}

// declared prints the comment and the head of each of the eight functions of a package, with the
// package's name replaced.
func declared(t *testing.T, pkg string) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(pkg, "*.go"))
	require.NoError(t, err)
	found := map[string]string{}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
		require.NoError(t, err)
		for _, d := range parsed.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Recv != nil || !slices.Contains(eight, f.Name.Name) {
				continue
			}
			var head bytes.Buffer
			require.NoError(t, printer.Fprint(&head, token.NewFileSet(), &ast.FuncDecl{Name: f.Name, Type: f.Type}))
			text := f.Doc.Text() + strings.Join(strings.Fields(head.String()), " ")
			found[f.Name.Name] = strings.ReplaceAll(text, pkg, "BACKEND")
		}
	}
	return found
}
