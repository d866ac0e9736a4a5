package pl_test

import (
	"go/ast"
	gobuild "go/build"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEveryExportedFunctionHasAnExample(t *testing.T) {
	for _, folder := range []string{".", "serial", "thread", "task", "process", "files", "journal", "pltest", "command", "monitor", "cluster", "cluster/embed"} {
		exported, shown := functions(t, folder)
		require.NotEmpty(t, exported, folder)
		for _, name := range exported {
			assert.True(t, slices.Contains(shown, "Example"+name), "folder %s: Example%s is missing", folder, name)
		}
	}
}

// functions are the exported functions of a package, and the examples in its tests.
func functions(t *testing.T, folder string) (exported, examples []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	require.NoError(t, err)
	found := map[bool][]string{}
	for _, path := range files {
		ours, err := gobuild.Default.MatchFile(filepath.Split(path)) // the parser knows this Go's language only
		require.NoError(t, err)
		if !ours {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		isTest := strings.HasSuffix(path, "_test.go")
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.IsExported() {
				found[isTest] = append(found[isTest], f.Name.Name)
			}
		}
	}
	return found[false], found[true]
}
