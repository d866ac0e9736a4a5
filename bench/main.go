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
	"regexp"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"time"

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

// section is one question that the program answers. A new one is a package and a line in sections.
type section struct {
	name, about string
	run         func(e measure.Effort, w io.Writer) error
}

// settings are what the flags set.
type settings struct {
	parts   []string // empty: all
	effort  measure.Effort
	shapes  hop.Shapes
	profile string
	update  []string // documents to put the tables into; empty: they are printed
}

func sections(s *settings) []section {
	return []section{
		{"summary", "a few rows of the next section", hop.Summary},
		{"hop", "what it costs to hand a value from stage to stage (thread)", s.shapes.Run},
		{"figures", "what it costs to watch a run", hop.Figures},
		{"latency", "how late a value arrives that comes alone (thread)", latency.Run},
		{"bykey", "what it costs to keep the values of each key in order (thread)", keyed.Run},
		{"func", "what it costs to call standing workers like a function", calls.Run},
		{"task", "what it costs to have many values under way", inflight.Run},
		{"whole", "whole jobs: files and requests in a second", whole.Run},
		{"bound", "what memory a bound saves", bound.Run},
		{"files", "what it costs to read the lines of a file", lines.Run},
		{"journal", "what it costs to keep a journal of what is done", resume.Run},
		{"process", "what it costs to have values handled by another process", subprocess.Run},
		{"command", "what it costs to have values handled by another program", subprocess.Programs},
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
	if len(s.update) > 0 {
		return s.updateAll(w)
	}
	fmt.Fprintln(w, measure.Machine())
	for _, section := range sections(s) {
		if len(s.parts) > 0 && !slices.Contains(s.parts, section.name) {
			continue
		}
		fmt.Fprintf(w, "\n## %s: %s\n", section.name, section.about)
		if err := section.run(s.effort, w); err != nil {
			return fmt.Errorf("%s: %w", section.name, err)
		}
	}
	return nil
}

// updateAll runs the sections that each document has a place for, and puts what they print there.
func (s *settings) updateAll(progress io.Writer) error {
	for _, file := range s.update {
		err := measure.Update(file, func(name string, w io.Writer) error {
			if name == "machine" {
				_, err := fmt.Fprintf(w, "\n%s, on %s.\n", measure.Machine(), time.Now().Format(time.DateOnly))
				return err
			}
			for _, section := range sections(s) {
				if section.name == name {
					fmt.Fprintln(progress, file+":", name)
					return section.run(s.effort, w)
				}
			}
			return fmt.Errorf("there is no section %q", name)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func parse(args []string) (*settings, error) {
	s := &settings{effort: measure.Effort{Reps: 5}, shapes: hop.Default}
	flags := flag.NewFlagSet("bench", flag.ExitOnError)
	flags.Func("part", "only these `sections`, with commas between: "+strings.Join(names(), ", "), func(text string) error {
		s.parts = strings.Split(text, ",")
		for _, name := range s.parts {
			if !slices.Contains(names(), name) {
				return fmt.Errorf("there is no section %q", name)
			}
		}
		return nil
	})
	flags.Func("only", "only contenders whose name matches this `pattern`", func(text string) (err error) {
		s.effort.Only, err = regexp.Compile(text)
		return err
	})
	flags.IntVar(&s.effort.Values, "n", 0, "`values` a run; 0: what suits the section")
	flags.IntVar(&s.effort.Reps, "reps", s.effort.Reps, "runs of each contender, of which the median counts")
	flags.Func("stages", "hop: numbers of stages (default 1,3)", integers(&s.shapes.Stages, 1))
	flags.Func("workers", "hop: numbers of workers (default 1,2,16)", integers(&s.shapes.Workers, 1))
	flags.Func("maxsize", "hop: bounds of the queues, 0 for none (default 1,4,64,1024,0)", integers(&s.shapes.MaxSizes, 0))
	flags.Func("update", "put new tables into these `documents`, with commas between, instead of printing them", func(text string) error {
		s.update = strings.Split(text, ",")
		return nil
	})
	flags.StringVar(&s.profile, "cpuprofile", "", "write a CPU profile to this `file`")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	if s.effort.Reps < 1 || s.effort.Values < 0 {
		return nil, fmt.Errorf("-reps %d -n %d: reps must be at least 1, and n not negative", s.effort.Reps, s.effort.Values)
	}
	return s, nil
}

// names of all sections.
func names() (all []string) {
	for _, s := range sections(&settings{}) {
		all = append(all, s.name)
	}
	return all
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
