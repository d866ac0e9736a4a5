// Package hop measures what it costs to hand a value from stage to stage: the stages add 1 to an
// int, so everything else is the price of the library that connects them.
package hop

import (
	"context"
	"fmt"
	"io"

	"github.com/gopeln/pl/bench/measure"
)

// Shapes are the pipelines to measure: each number of stages, with each number of workers, with
// each bound of the queues (0: none).
type Shapes struct{ Stages, Workers, MaxSizes []int }

// Default is what the project's aims for speed speak of.
var Default = Shapes{Stages: []int{1, 3}, Workers: []int{1, 2, 16}, MaxSizes: []int{1, 4, 64, 1024, 0}}

// shape is one pipeline.
type shape struct{ stages, workers, maxsize int }

// contenders are built for a shape. Each has a source, a loop that takes the results, and between
// them the stages, each with workers and a queue of its own as far as the library has such things.
func contenders(s shape) []measure.Contender {
	return []measure.Contender{
		ours(s),
		serial(s),
		bareChannels(s),
		errgroupSends(s),
		errgroupBoth(s),
		concPool(s),
		concStream(s),
		pondPools(s),
		antsPools(s),
		roAsync(s),
		roSync(s),
	}
}

// Run prints a table for each number of stages and of workers.
func (s Shapes) Run(e measure.Effort, w io.Writer) error {
	for _, stages := range s.Stages {
		for _, workers := range s.Workers {
			if err := s.table(e, w, stages, workers); err != nil {
				return err
			}
		}
	}
	return nil
}

// table has a column for each bound and a row for each contender.
func (s Shapes) table(e measure.Effort, w io.Writer, stages, workers int) error {
	t := measure.Table{
		Title: fmt.Sprintf("%s, %s: ns per value and stage (times gopeln's), allocations per value and stage",
			count(stages, "stage"), count(workers, "worker")),
		Head: []string{"maxsize"},
	}
	var last []measure.Result
	for _, maxsize := range s.MaxSizes {
		t.Head = append(t.Head, bound(maxsize))
		results, err := compare(e, shape{stages, workers, maxsize})
		if err != nil {
			return err
		}
		base, _ := measure.Find(results, oursName)
		for i, r := range results {
			if len(t.Rows) == i {
				t.Rows = append(t.Rows, []string{r.Name})
			}
			t.Rows[i] = append(t.Rows[i], cell(r, base, stages))
		}
		last = results
	}
	t.Head = append(t.Head, "allocs")
	for i, r := range last {
		t.Rows[i] = append(t.Rows[i], fmt.Sprintf("%.2f", measure.Median(r.Allocs)/float64(stages)))
	}
	return t.Write(w)
}

func compare(e measure.Effort, s shape) ([]measure.Result, error) {
	n := e.ValuesOr(50_000)
	results, err := measure.Compare(contenders(s), e, n, sum(n, s.stages))
	if err != nil {
		return nil, fmt.Errorf("%s, %s, maxsize %d: %w", count(s.stages, "stage"), count(s.workers, "worker"), s.maxsize, err)
	}
	return results, nil
}

// sum of what comes out when 0 … n-1 have gone through the stages.
func sum(n, stages int) int { return n*(n-1)/2 + n*stages }

func cell(r, base measure.Result, stages int) string {
	ns := measure.Nanos(measure.Median(r.Nanos) / float64(stages))
	if r.Name == base.Name || base.Name == "" {
		return ns
	}
	return fmt.Sprintf("%s (%s)", ns, measure.Times(measure.Ratio(r, base)))
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func bound(maxsize int) string {
	if maxsize == 0 {
		return "0 (none)"
	}
	return fmt.Sprint(maxsize)
}

// addOne is the work. It is not inlined, since a user's function is not either: every contender
// calls it through a function value.
//
//go:noinline
func addOne(x int) int { return x + 1 }

// addOneOrFail is the same for the contenders whose functions can fail.
//
//go:noinline
func addOneOrFail(_ context.Context, x int) (int, error) { return x + 1, nil }
