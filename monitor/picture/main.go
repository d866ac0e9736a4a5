// Picture makes a picture of what Progress shows in a terminal, of a run with a bottleneck:
//
//	go run . -out ../../docs/monitor-terminal.png
//
// It needs neither a terminal nor fonts of the system.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"image/png"
	"os"
	"strings"
	"time"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/monitor/internal/screen"
	"github.com/gopeln/pl/monitor/internal/terminal"
	"github.com/gopeln/pl/thread"
)

func main() {
	out := flag.String("out", "monitor-terminal.png", "the `file` to write")
	columns := flag.Int("columns", 104, "of the window")
	wait := flag.Duration("wait", 9*time.Second, "how long the run has been going")
	flag.Parse()
	if err := run(*out, *columns, *wait); err != nil {
		fmt.Fprintln(os.Stderr, "picture:", err)
		os.Exit(1)
	}
}

func run(out string, columns int, wait time.Duration) (err error) {
	frame, err := look(pipeline(3200), wait)
	if err != nil {
		return err
	}
	const rows = 40
	s := screen.New(columns, rows)
	if _, err := fmt.Fprintf(s, "$ ./crawl -progress\r\n%s\r\n", strings.Join(frame.Lines(columns, rows-1, true), "\r\n")); err != nil {
		return err
	}
	f, err := os.Create(out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	picture, err := drawScreen(s.Cells(), columns)
	if err != nil {
		return err
	}
	return (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(f, picture)
}

// look runs a stage for a while, and returns what a view shows then.
func look(stage pl.Stage[int], wait time.Duration) (*terminal.Frame, error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	started := make(chan *pl.RunInfo, 1)
	ctx = pl.Observe(ctx, func(run *pl.RunInfo) func(error) { started <- run; return nil })
	ended := make(chan error, 1)
	go func() { ended <- crawl(ctx, stage) }()
	info := <-started
	const lately = 5 * time.Second
	time.Sleep(max(wait-lately, 0))
	before := info.Stats()
	time.Sleep(min(wait, lately))
	now := info.Stats()
	cancel()
	if err := <-ended; err == nil {
		return nil, errors.New("the run has ended before its picture was taken")
	} else if !errors.Is(err, context.Canceled) {
		return nil, fmt.Errorf("the run has failed before its picture was taken: %w", err)
	}
	recent := now.Sub(before)
	return &terminal.Frame{Now: now, Lately: recent, Verdict: recent.Verdict()}, nil
}

// crawl consumes a stage; the run is called after it.
func crawl(ctx context.Context, stage pl.Stage[int]) error {
	for _, err := range stage.All(ctx) {
		if err != nil {
			return err
		}
	}
	return nil
}

// pipeline has a stage that is the bottleneck, score.
func pipeline(n int) pl.Stage[int] {
	return pl.Pipe5(pl.Range(n).With(pl.Name("read urls")),
		step("fetch", 90*time.Millisecond, 64, 128, 97),
		step("parse", 3*time.Millisecond, 4, 64, 0),
		step("score", 13*time.Millisecond, 4, 32, 0),
		step("index", 4*time.Millisecond, 2, 64, 0),
		thread.Map(store, pl.MaxSize(64)))
}

func store(_ context.Context, v int) (int, error) {
	time.Sleep(time.Millisecond)
	return v, nil
}

// step is a stage whose function takes about so long, and fails for each value that fails divides.
func step(name string, took time.Duration, workers, maxSize, fails int) pl.Partial[int, int] {
	return thread.Map(func(ctx context.Context, v int) (int, error) {
		select {
		case <-time.After(took*3/4 + took*time.Duration(v*7919%100)/200):
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		}
		if fails > 0 && v%fails == 13 {
			return 0, errors.New("connection refused")
		}
		return v, nil
	}, pl.Name(name), pl.Workers(workers), pl.MaxSize(maxSize), pl.OnError(pl.Skip))
}
