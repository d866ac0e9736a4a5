// Command tour shows gopeln on a real job: it finds the identifiers used most in a tree of Go files, by default the
// source of Go itself. One stage walks the tree, one reads, one parses, and the loop at the end adds up.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"log"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/serial"
	"github.com/gopeln/pl/thread"
)

// File is a file that was read; once parsed, it has the number of times it uses each identifier.
type File struct {
	Path string
	Text []byte
	Uses map[string]int
}

// Another backend is another package name, nothing else.
var parsers = map[string]pl.Partial[File, File]{
	"serial": serial.Map(parse, pl.Workers(runtime.NumCPU()), pl.MaxSize(64), pl.OnError(skip)),
	"thread": thread.Map(parse, pl.Workers(runtime.NumCPU()), pl.MaxSize(64), pl.OnError(skip)),
}

func main() {
	log.SetFlags(0)
	backend := flag.String("backend", "thread", "what the parsing stage runs on: serial or thread")
	flag.Parse()
	if err := tour(context.Background(), os.Stdout, *backend, flag.Arg(0)); err != nil {
		log.Fatalln("tour:", err)
	}
}

func tour(ctx context.Context, out io.Writer, backend, folder string) error {
	parseAll, ok := parsers[backend]
	if !ok {
		return fmt.Errorf("-backend %q: it must be one of %q", backend, slices.Sorted(maps.Keys(parsers)))
	}
	folder, err := root(ctx, folder)
	if err != nil {
		return err
	}
	var stats pl.Stats
	ctx = pl.Observe(ctx, func(run *pl.RunInfo) func(error) {
		return func(error) { stats = run.Stats() }
	})
	start, count, size, uses := time.Now(), 0, 0, map[string]int{}
	files := pl.Pipe2(walk(folder), thread.Map(read, pl.Workers(4), pl.MaxSize(64), pl.OnError(skip)), parseAll)
	for file, err := range files.All(ctx) {
		if err != nil {
			return err
		}
		count, size = count+1, size+len(file.Text)
		for name, n := range file.Uses {
			uses[name] += n
		}
	}

	names := slices.SortedFunc(maps.Keys(uses), func(a, b string) int {
		return cmp.Or(uses[b]-uses[a], cmp.Compare(a, b))
	})
	for _, name := range names[:min(20, len(names))] {
		fmt.Fprintf(out, "%8d  %s\n", uses[name], name)
	}
	fmt.Fprintf(out, "\n%d files, %.1f MB, %.2f s\n\n", count, float64(size)/1e6, time.Since(start).Seconds())
	fmt.Fprintf(out, "%-8s %-8s %7s %7s %7s %7s\n", "stage", "backend", "workers", "in", "out", "failed")
	for _, s := range stats.Stages {
		fmt.Fprintf(out, "%-8s %-8s %7d %7d %7d %7d\n", s.Name, s.Backend, s.Workers, s.In, s.Out, s.Failed)
	}
	return nil
}

// root is the folder to walk; where none is named, that of Go's own source.
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

// walk yields the Go files of a tree, and folders that cannot be opened: read fails on them, so they are counted too.
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
	return File{Path: path, Text: text}, err
}

func parse(_ context.Context, f File) (File, error) {
	tree, err := parser.ParseFile(token.NewFileSet(), f.Path, f.Text, parser.SkipObjectResolution)
	f.Uses = map[string]int{}
	ast.Inspect(tree, func(n ast.Node) bool {
		if name, ok := n.(*ast.Ident); ok {
			f.Uses[name.Name]++
		}
		return true
	})
	return f, err
}

// skip goes on without a file that cannot be read or parsed, and names it. The stage counts it.
func skip(_ context.Context, e *pl.StageError) error {
	log.Println("skipped:", e.Err)
	return nil
}
