package monitor_test

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"os"
	"strings"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/monitor"
	"github.com/gopeln/pl/thread"
)

func ExampleProgress() {
	square := thread.Map(pl.Lift(func(n int) int { return n * n }), pl.Workers(2), pl.Name("square"))
	var shown strings.Builder
	ctx := monitor.Progress(context.Background(), monitor.Writer(&shown)) // without Writer: on standard error
	if err := pl.Pipe(pl.Range(100), square).Run(ctx); err != nil {
		log.Fatal(err)
	}
	fmt.Println(shown.String()[:len("square done 100 out")])
	// Output: square done 100 out
}

func ExampleStderr() {
	log.SetOutput(monitor.Stderr())
	ctx := monitor.Progress(context.Background())
	_ = pl.Range(3).Run(ctx) // what a function of the run logs goes above the lines that are drawn again and again
}

func ExampleLog() {
	withoutTimes := func(_ []string, a slog.Attr) slog.Attr {
		switch a.Key {
		case "level", "msg", "pipeline", "in", "out", "failed":
			return a
		}
		return slog.Attr{}
	}
	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: withoutTimes}))
	ctx := monitor.Log(context.Background(), logger, 0)
	if err := pl.Range(10).With(pl.Name("count")).Run(ctx); err != nil {
		log.Fatal(err)
	}
	// Output: level=INFO msg="pipeline done" pipeline=count in=10 out=10 failed=0
}

func ExampleWriter() {
	ctx := monitor.Progress(context.Background(), monitor.Writer(os.Stdout))
	_ = pl.Range(3).With(pl.Name("count")).Run(ctx) // on standard output
}

func ExamplePlain() {
	ctx := monitor.Progress(context.Background(), monitor.Plain())
	_ = pl.Range(3).With(pl.Name("count")).Run(ctx) // lines of text, also in a terminal
}
