// Command bench compares gopeln with what else Go code does with many values: channels by hand,
// errgroup, the usual pools, and a plain loop. It prints Markdown tables. All of it takes some
// minutes; flags choose less or more:
//
//	go run ./bench
//	go run ./bench -part hop -stages 3 -workers 2 -maxsize 64,0 -reps 15
//
// The documents that have its tables get new ones, in place, from
//
//	go -C bench run . -update ../README.md,../docs/benchmarks.md
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"runtime/pprof"
	"strconv"
	"strings"

	"github.com/gopeln/pl/bench/bound"
	"github.com/gopeln/pl/bench/calls"
	"github.com/gopeln/pl/bench/hop"
	"github.com/gopeln/pl/bench/inflight"
	"github.com/gopeln/pl/bench/keyed"
	"github.com/gopeln/pl/bench/latency"
	"github.com/gopeln/pl/bench/lines"
	"github.com/gopeln/pl/bench/measure"
	"github.com/gopeln/pl/bench/resume"
	"github.com/gopeln/pl/bench/subprocess"
	"github.com/gopeln/pl/bench/whole"
	"github.com/gopeln/pl/process"
)

// settings are what the flags set.
type settings struct {
	measure.Program
	shapes  hop.Shapes
	profile string
}

// sections are what the program measures. A new one is a package and a line here.
func sections(s *settings) []measure.Section {
	return []measure.Section{
		{Name: "summary", About: "a few rows of the next section", Run: hop.Summary},
		{Name: "hop", About: "what it costs to hand a value from stage to stage (thread)", Run: s.shapes.Run},
		{Name: "figures", About: "what it costs to watch a run", Run: hop.Figures},
		{Name: "latency", About: "how late a value arrives that comes alone (thread)", Run: latency.Run},
		{Name: "bykey", About: "what it costs to keep the values of each key in order (thread)", Run: keyed.Run},
		{Name: "func", About: "what it costs to call standing workers like a function", Run: calls.Run},
		{Name: "task", About: "what it costs to have many values under way", Run: inflight.Run},
		{Name: "whole", About: "whole jobs: files and requests in a second", Run: whole.Run},
		{Name: "bound", About: "what memory a bound saves", Run: bound.Run},
		{Name: "files", About: "what it costs to read the lines of a file", Run: lines.Run},
		{Name: "journal", About: "what it costs to keep a journal of what is done", Run: resume.Run},
		{Name: "process", About: "what it costs to have values handled by another process", Run: subprocess.Run},
		{Name: "command", About: "what it costs to have values handled by another program", Run: subprocess.Programs},
	}
}

func main() {
	process.Main()
	subprocess.Serve()
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(args []string, w io.Writer) error {
	s, err := parse(args)
	if err != nil {
		return err
	}
	if s.profile != "" {
		f, err := os.Create(s.profile)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	return s.Run(sections(s), w)
}

func parse(args []string) (*settings, error) {
	s := &settings{shapes: hop.Default}
	flags := flag.NewFlagSet("bench", flag.ExitOnError)
	s.Flags(flags, measure.Names(sections(s)))
	flags.Func("stages", "hop: numbers of stages (default 1,3)", integers(&s.shapes.Stages, 1))
	flags.Func("workers", "hop: numbers of workers (default 1,2,16)", integers(&s.shapes.Workers, 1))
	flags.Func("maxsize", "hop: bounds of the queues, 0 for none (default 1,4,64,1024,0)", integers(&s.shapes.MaxSizes, 0))
	flags.StringVar(&s.profile, "cpuprofile", "", "write a CPU profile to this `file`")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	return s, s.Check()
}

// integers is a flag of numbers with commas between, none of them below least.
func integers(to *[]int, least int) func(string) error {
	return func(text string) error {
		*to = nil
		for word := range strings.SplitSeq(text, ",") {
			n, err := strconv.Atoi(word)
			if err != nil || n < least {
				return fmt.Errorf("%q must be a number of at least %d", word, least)
			}
			*to = append(*to, n)
		}
		return nil
	}
}
