// Command thumbnails makes small pictures of all pictures in a folder, by default those in Go's own source tree, and
// shows what package process is for: the decoders run in subprocesses, so that a damaged file, one that crashes its
// decoder, and one that never ends cost themselves and nothing else. The flag -poison adds one of each of the latter.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/process"
	"github.com/gopeln/pl/thread"
)

// shrinkAll is made before main, so that a worker process finds it.
var shrinkAll = process.MapWith(encoder, shrink, pl.Workers(runtime.NumCPU()), pl.MaxSize(64), pl.Timeout(2*time.Second))

func main() {
	process.Main()
	log.SetFlags(0)
	in := flag.String("in", "", "folder of pictures; default: Go's own source tree")
	out := flag.String("out", "", "folder for the thumbnails; default: a temporary one")
	poison := flag.Bool("poison", false, "add a picture that crashes its decoder, and one that never ends")
	flag.Parse()
	if err := run(context.Background(), os.Stdout, *in, *out, *poison); err != nil {
		log.Fatalln("thumbnails:", err)
	}
}

// goSource is the folder of Go's own source.
func goSource(ctx context.Context) (string, error) {
	root, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	return filepath.Join(strings.TrimSpace(string(root)), "src"), err
}

// folders gives the defaults for folders that are not named.
func folders(ctx context.Context, in, out string) (string, string, error) {
	var err error
	if in == "" {
		if in, err = goSource(ctx); err != nil {
			return "", "", fmt.Errorf("go env GOROOT does not tell where Go's source is; name a folder with -in: %w", err)
		}
	}
	if out == "" {
		out, err = os.MkdirTemp("", "thumbnails")
	}
	return in, out, err
}

// run makes the thumbnails of the pictures below in, and lists at the end what has failed and why.
func run(ctx context.Context, report io.Writer, in, out string, poison bool) error {
	in, out, err := folders(ctx, in, out)
	if err != nil {
		return err
	}
	var failed failures
	names := find(in)
	if poison {
		names = pl.Concat(names, pl.From(crashing, endless))
	}
	pictures := thread.Map(func(_ context.Context, name string) (Picture, error) { return read(in, name) },
		pl.MaxSize(64), failed.option())(names)
	small := shrinkAll(pictures).With(failed.option())
	written := thread.Map(func(_ context.Context, t Picture) (int, error) { return write(out, t) },
		pl.Workers(2), pl.MaxSize(64))(small)

	start, count, size := time.Now(), 0, 0
	for n, err := range written.All(ctx) {
		if err != nil {
			return err
		}
		count, size = count+1, size+n
	}
	fmt.Fprintf(report, "%d thumbnails in %s, %d bytes, %v\n", count, out, size, time.Since(start).Round(time.Millisecond))
	failed.print(report)
	return nil
}

// find yields the names of all pictures below a folder.
func find(folder string) pl.Stage[string] {
	return pl.FromFunc(func(_ context.Context, yield func(string) bool) error {
		return filepath.WalkDir(folder, func(path string, _ os.DirEntry, err error) error {
			if err != nil {
				return err
			}
			name, err := filepath.Rel(folder, path)
			if err == nil && slices.Contains([]string{".png", ".jpg", ".jpeg", ".gif"}, filepath.Ext(name)) && !yield(name) {
				return filepath.SkipAll
			}
			return err
		})
	})
}

// failures collects the values that have failed.
type failures struct {
	mu    sync.Mutex
	lines []string
}

func (f *failures) option() pl.Option {
	return pl.OnError(func(_ context.Context, e *pl.StageError) error {
		name := fmt.Sprint(e.Item)
		if p, ok := e.Item.(Picture); ok {
			name = p.Name
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		f.lines = append(f.lines, fmt.Sprintf("%s: %v", name, reason(e.Err)))
		return nil
	})
}

func (f *failures) print(w io.Writer) {
	slices.SortFunc(f.lines, cmp.Compare[string])
	fmt.Fprintf(w, "%d failed\n", len(f.lines))
	for _, line := range f.lines {
		fmt.Fprintln(w, "  "+line)
	}
}
