// Command tour shows gopeln on a real job: it finds the identifiers used most in a tree of Go
// files, by default the source of Go itself. One stage walks the tree, one reads, one parses, and
// the loop at the end adds up.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"maps"
	"os"
	"runtime"
	"slices"
	"time"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/examples/internal/views"
	"github.com/gopeln/pl/process"
	"github.com/gopeln/pl/serial"
	"github.com/gopeln/pl/task"
	"github.com/gopeln/pl/thread"
)

// Another backend is another package name, nothing else.
var parsers = map[string]pl.Partial[File, File]{
	"process": process.Map(parse, pl.Workers(runtime.NumCPU()), pl.MaxSize(64)),
	"serial":  serial.Map(parse, pl.Workers(runtime.NumCPU()), pl.MaxSize(64)),
	"task":    task.Map(parse, pl.Workers(runtime.NumCPU()), pl.MaxSize(64)),
	"thread":  thread.Map(parse, pl.Workers(runtime.NumCPU()), pl.MaxSize(64)),
}

func backends() []string { return slices.Sorted(maps.Keys(parsers)) }

func main() {
	process.Main()
	log.SetFlags(0)
	backend := flag.String("backend", "thread", fmt.Sprintf("what the parsing stage runs on, one of %q", backends()))
	list := flag.Bool("skipped", false, "list the files that could not be read or parsed, and why")
	show := views.Flags(flag.CommandLine)
	flag.Parse()
	ctx, stop, err := show.Watch(context.Background())
	defer stop()
	if err == nil {
		err = tour(ctx, os.Stdout, *backend, flag.Arg(0), *list)
	}
	if err != nil {
		log.Fatalln("tour:", err)
	}
}

func tour(ctx context.Context, out io.Writer, backend, folder string, list bool) error {
	parseAll, ok := parsers[backend]
	if !ok {
		return fmt.Errorf("-backend %q: it must be one of %q", backend, backends())
	}
	folder, err := root(ctx, folder)
	if err != nil {
		return err
	}
	var stats pl.Stats
	ctx = pl.Observe(ctx, func(run *pl.RunInfo) func(error) {
		return func(error) { stats = run.Stats() }
	})
	start, files, size, uses := time.Now(), 0, 0, map[string]int{}

	var without skipped
	texts := pl.Pipe(walk(folder), thread.Map(read, pl.Workers(4), pl.MaxSize(64), without.option()))
	parsed := texts.Pipe(parseAll).With(without.option())
	for file, err := range parsed.All(ctx) {
		if err != nil {
			return err
		}
		files, size = files+1, size+file.Size
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
	fmt.Fprintf(out, "\n%d files, %d bytes, %.2f seconds\n\n", files, size, time.Since(start).Seconds())
	fmt.Fprintf(out, "%-8s %-8s %7s %7s %7s %7s\n", "stage", "backend", "workers", "in", "out", "failed")
	for _, s := range stats.Stages {
		fmt.Fprintf(out, "%-8s %-8s %7d %7d %7d %7d\n", s.Name, s.Backend, s.Workers, s.In, s.Out, s.Failed)
	}
	without.print(out, list)
	return nil
}
