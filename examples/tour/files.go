package main

import (
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/gopeln/pl"
)

// File is a file that was read; once parsed, it has its uses of each identifier instead of its
// text.
type File struct {
	Path string
	Size int
	Text []byte
	Uses map[string]int
}

// root is the folder to walk: Go's own source if none is named.
func root(ctx context.Context, folder string) (string, error) {
	if folder == "" {
		goroot, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
		if err != nil {
			return "", fmt.Errorf("go env GOROOT does not tell where Go's source is; name a folder to read: %w", err)
		}
		folder = filepath.Join(strings.TrimSpace(string(goroot)), "src")
	}
	return filepath.EvalSymlinks(folder) // WalkDir does not follow a link; an error where there is no such folder
}

// walk yields the Go files of a tree, and folders that cannot be opened: read fails on them, so
// they are counted too.
func walk(folder string) pl.Stage[string] {
	return pl.FromFunc(func(_ context.Context, yield func(string) bool) error {
		return filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
			wanted := err != nil || !entry.IsDir() && filepath.Ext(path) == ".go"
			if wanted && !yield(path) {
				return filepath.SkipAll
			}
			return nil
		})
	}).With(pl.Name("walk"))
}

func read(_ context.Context, path string) (File, error) {
	text, err := os.ReadFile(path)
	return File{Path: path, Size: len(text), Text: text}, err
}

func parse(_ context.Context, f File) (File, error) {
	tree, err := parser.ParseFile(token.NewFileSet(), f.Path, f.Text, parser.SkipObjectResolution)
	if err != nil {
		return f, err
	}
	uses := map[string]int{}
	for n := range ast.Preorder(tree) {
		if name, ok := n.(*ast.Ident); ok {
			uses[name.Name]++
		}
	}
	return File{Path: f.Path, Size: f.Size, Uses: uses}, nil
}

// skipped are the files that could not be read or parsed.
type skipped struct {
	mu  sync.Mutex
	why []string
}

// option has a stage go on without a file that fails. The handler is called by several workers at
// once.
func (s *skipped) option() pl.Option {
	return pl.OnError(func(_ context.Context, e *pl.StageError) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.why = append(s.why, strings.TrimSpace(e.Err.Error()))
		return nil
	})
}

// print counts the files, and lists them if asked to.
func (s *skipped) print(w io.Writer, list bool) {
	if len(s.why) == 0 {
		return
	}
	if !list {
		fmt.Fprintf(w, "\n%d files skipped; -skipped lists them\n", len(s.why))
		return
	}
	fmt.Fprintf(w, "\n%d files skipped:\n", len(s.why))
	for _, why := range slices.Sorted(slices.Values(s.why)) {
		fmt.Fprintln(w, "  "+why)
	}
}
