// Command bench compares gopeln with what else Go code does with many values: channels by hand, errgroup, the usual
// pools, and a plain loop. It prints Markdown tables. All of it takes some minutes; flags choose less or more:
//
//	go run ./bench
//	go run ./bench -part hop -stages 3 -workers 2 -maxsize 64,0 -reps 15
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

	"github.com/gopeln/pl/bench/calls"
	"github.com/gopeln/pl/bench/hop"
	"github.com/gopeln/pl/bench/inflight"
	"github.com/gopeln/pl/bench/keyed"
	"github.com/gopeln/pl/bench/latency"
	"github.com/gopeln/pl/bench/lines"
	"github.com/gopeln/pl/bench/measure"
	"github.com/gopeln/pl/bench/resume"
	"github.com/gopeln/pl/bench/subprocess"
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
}

func sections(s *settings) []section {
	return []section{
		{"hop", "what it costs to hand a value from stage to stage (thread)", s.shapes.Run},
		{"figures", "what it costs to watch a run", hop.Figures},
		{"latency", "how late a value arrives that comes alone (thread)", latency.Run},
		{"bykey", "what it costs to keep the values of each key in order (thread)", keyed.Run},
		{"func", "what it costs to call standing workers like a function", calls.Run},
		{"task", "what it costs to have many values under way", inflight.Run},
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
