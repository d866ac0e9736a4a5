// Command thumbnails makes small pictures of all pictures in a folder, by default those in Go's own
// source tree, and shows what package process is for: the decoders run in subprocesses, so that a
// damaged file, one that crashes its decoder, and one that never ends cost themselves and nothing
// else. The flag -poison adds one of each of the latter. With -journal FILE a run that was
// interrupted goes on where it was, and tries again what had failed.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/examples/internal/picture"
	"github.com/gopeln/pl/examples/internal/views"
	"github.com/gopeln/pl/files"
	"github.com/gopeln/pl/journal"
	"github.com/gopeln/pl/process"
	"github.com/gopeln/pl/serial"
	"github.com/gopeln/pl/thread"
)

// shrinkAll is made before main, so that a worker process finds it.
var shrinkAll = process.MapWith(picture.Encoder, shrink,
	pl.Workers(runtime.NumCPU()), pl.MaxSize(64), pl.Timeout(2*time.Second), pl.KeepGoing(0))

func main() {
	process.Main()
	log.SetFlags(0)
	var s settings
	flag.StringVar(&s.in, "in", "", "folder of pictures; default: Go's own source tree")
	flag.StringVar(&s.out, "out", "", "folder for the thumbnails; default: a temporary one")
	flag.StringVar(&s.journal, "journal", "", "file of what is done, to go on after an interruption; needs -out")
	flag.BoolVar(&s.poison, "poison", false, "add a picture that crashes its decoder, and one that never ends")
	show := views.Flags(flag.CommandLine)
	flag.Parse()
	ctx, stop, err := show.Watch(context.Background())
	defer stop()
	if err == nil {
		err = run(ctx, os.Stdout, s)
	}
	if err != nil {
		log.Fatalln("thumbnails:", err)
	}
}

// settings are what the flags set.
type settings struct {
	in, out, journal string
	poison           bool
}

// goSource is the folder of Go's own source.
func goSource(ctx context.Context) (string, error) {
	root, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	return filepath.Join(strings.TrimSpace(string(root)), "src"), err
}

// setDefaults names the folders that the flags do not.
func (s *settings) setDefaults(ctx context.Context) (err error) {
	if s.journal != "" && s.out == "" {
		return errors.New("-journal needs -out: a temporary folder does not have what was done before")
	}
	if s.in == "" {
		if s.in, err = goSource(ctx); err != nil {
			return fmt.Errorf("go env GOROOT does not tell where Go's source is; name a folder with -in: %w", err)
		}
	}
	if s.out == "" {
		s.out, err = os.MkdirTemp("", "thumbnails")
	}
	return err
}

// run makes the thumbnails of the pictures below a folder, and lists at the end what has failed and
// why.
func run(ctx context.Context, report io.Writer, s settings) (err error) {
	if err := s.setDefaults(ctx); err != nil {
		return err
	}
	names := find(s.in)
	if s.poison {
		names = pl.Concat(names, pl.From(picture.Crashing, picture.Endless))
	}
	written := thumbnails(s.in, s.out)
	if s.journal != "" {
		j, err := journal.Open(s.journal)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, j.Close()) }()
		written = pl.Compose3(journal.Skip(j, strings.Clone), written, journal.Done(j, Picture.name))
	}

	start, count, size, failed := time.Now(), 0, 0, new(pl.FailedValues)
	for thumbnail, err := range pl.Pipe(names, written).All(ctx) {
		switch {
		case errors.As(err, &failed): // the last pair, after all that went well
		case err != nil:
			return err
		default:
			count, size = count+1, size+len(thumbnail.Data)
		}
	}
	fmt.Fprintf(report, "%d thumbnails in %s, %d bytes, %v\n", count, s.out, size, time.Since(start).Round(time.Millisecond))
	list(report, failed)
	return nil
}

// thumbnails reads pictures, shrinks them, and writes the thumbnails.
func thumbnails(in, out string) pl.Partial[string, Picture] {
	return pl.Compose3(
		thread.Map(func(_ context.Context, name string) (Picture, error) { return read(in, name) },
			pl.MaxSize(64), pl.KeepGoing(0)),
		shrinkAll,
		thread.Map(func(_ context.Context, t Picture) (Picture, error) { return t, write(out, t) },
			pl.Workers(2), pl.MaxSize(64)))
}

// find yields the names of all pictures below a folder.
func find(folder string) pl.Stage[string] {
	return files.Walk(folder, func(path string, entry fs.DirEntry) bool {
		return entry.IsDir() || slices.Contains([]string{".png", ".jpg", ".jpeg", ".gif"}, filepath.Ext(path))
	}).Pipe(serial.Map(pl.Try(func(path string) (string, error) { return filepath.Rel(folder, path) })))
}

// list prints how many pictures have failed, and of the first hundred which and why.
func list(w io.Writer, failed *pl.FailedValues) {
	fmt.Fprintf(w, "%d failed\n", failed.Total)
	var lines []string
	for _, e := range failed.First {
		name := fmt.Sprint(e.Item)
		if p, ok := e.Item.(Picture); ok {
			name = p.Name
		}
		lines = append(lines, fmt.Sprintf("  %s: %v", name, picture.Reason(e.Err)))
	}
	for _, line := range slices.Sorted(slices.Values(lines)) {
		fmt.Fprintln(w, line)
	}
}
