// Command bench measures what package cluster costs, on one machine: its server, two local workers,
// and the program that gives them work. Beside it stand requests of plain NATS, which promise
// nothing, and asynq, a task queue on Redis, if there is a redis-server. It prints Markdown tables:
//
//	go -C cluster/bench run .
//	go -C cluster/bench run . -part ints,asynq -reps 9
//
// The page that has its tables gets new ones, in place, from
//
//	go -C cluster/bench run . -update ../../docs/cluster.md
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/gopeln/pl/bench/measure"
	"github.com/gopeln/pl/cluster/embed"
)

// bench is what all sections share.
type bench struct{ server *embed.Server }

func (b *bench) sections() []measure.Section {
	return []measure.Section{
		{Name: "ints", About: "values a second, by the values in a message", Run: b.ints},
		{Name: "adaptive", About: "the size that the cluster finds, beside fixed ones", Run: b.adaptive},
		{Name: "roundtrip", About: "one value under way", Run: b.roundTrip},
		{Name: "asynq", About: "values a second beside a task queue", Run: b.asynq},
	}
}

func main() {
	embed.Main()
	play()
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(args []string, w io.Writer) error {
	var (
		b bench
		p measure.Program
	)
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	p.Flags(flags, measure.Names(b.sections()))
	if err := flags.Parse(args); err != nil {
		return err
	}
	if err := p.Check(); err != nil {
		return err
	}
	slog.SetLogLoggerLevel(slog.LevelWarn) // that workers come and go is of no interest
	var err error
	if b.server, err = embed.Start(context.Background(), embed.LocalWorkers(workers), embed.Listen("127.0.0.1:0")); err != nil {
		return err
	}
	defer func() { _ = b.server.Close() }()
	return p.Run(b.sections(), w)
}
