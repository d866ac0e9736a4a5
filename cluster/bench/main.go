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
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/gopeln/pl/bench/measure"
	"github.com/gopeln/pl/cluster/embed"
)

// section is one question that the program answers.
type section struct {
	name, about string
	run         func(b *bench, e measure.Effort, w io.Writer) error
}

var sections = []section{
	{"ints", "values a second, by the values in a message", (*bench).ints},
	{"adaptive", "the size that the cluster finds, beside fixed ones", (*bench).adaptive},
	{"roundtrip", "one value under way", (*bench).roundTrip},
	{"asynq", "values a second beside a task queue", (*bench).asynq},
}

// bench is what all sections share.
type bench struct{ server *embed.Server }

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
		parts    []string
		document string
		effort   = measure.Effort{Reps: 5}
	)
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.Func("part", "only these `sections`, with commas between: "+strings.Join(names(), ", "), func(text string) error {
		parts = strings.Split(text, ",")
		for _, name := range parts {
			if !slices.Contains(names(), name) {
				return fmt.Errorf("there is no section %q", name)
			}
		}
		return nil
	})
	flags.Func("only", "only contenders whose name matches this `pattern`", func(text string) (err error) {
		effort.Only, err = regexp.Compile(text)
		return err
	})
	flags.IntVar(&effort.Values, "n", 0, "`values` a run; 0: what suits the section")
	flags.IntVar(&effort.Reps, "reps", effort.Reps, "runs of each contender, of which the median counts")
	flags.StringVar(&document, "update", "", "put new tables into this `document` instead of printing them")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if effort.Reps < 1 || effort.Values < 0 {
		return fmt.Errorf("-reps %d -n %d: reps must be at least 1, and n not negative", effort.Reps, effort.Values)
	}
	slog.SetLogLoggerLevel(slog.LevelWarn) // that workers come and go is of no interest
	server, err := embed.Start(context.Background(), embed.LocalWorkers(workers), embed.Listen("127.0.0.1:0"))
	if err != nil {
		return err
	}
	defer func() { _ = server.Close() }()
	b := &bench{server}
	if document != "" {
		return measure.Update(document, func(name string, w io.Writer) error { return b.section(name, effort, w) })
	}
	fmt.Fprintln(w, measure.Machine())
	for _, s := range sections {
		if len(parts) > 0 && !slices.Contains(parts, s.name) {
			continue
		}
		fmt.Fprintf(w, "\n## %s: %s\n", s.name, s.about)
		if err := s.run(b, effort, w); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return nil
}

// section writes what a document has in the place of that name.
func (b *bench) section(name string, e measure.Effort, w io.Writer) error {
	if name == "machine" {
		_, err := fmt.Fprintf(w, "\n%s, on %s.\n", measure.Machine(), time.Now().Format(time.DateOnly))
		return err
	}
	i := slices.Index(names(), name)
	if i < 0 {
		return fmt.Errorf("there is no section %q", name)
	}
	return sections[i].run(b, e, w)
}

func names() (all []string) {
	for _, s := range sections {
		all = append(all, s.name)
	}
	return all
}
