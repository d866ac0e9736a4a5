// Package measure runs rivals against each other so that the figures can be compared: in turn, in
// one process, many times, with each result checked.
package measure

import (
	"errors"
	"fmt"
	"regexp"
	"runtime"
	"slices"
	"time"
)

// Contender is one way to do the work that a section measures.
type Contender struct {
	Name string
	// Run does the work once, on n values, and returns the sum of the results: a contender that
	// loses values, or does not do the work, is found out.
	Run func(n int) (sum int, err error)
}

// Effort says how hard to measure.
type Effort struct {
	Values int            // per run; 0: what the section finds right
	Reps   int            // runs of each contender
	Only   *regexp.Regexp // the contenders to run, by name; nil: all
}

// Wanted are those of all that e asks for, at least one.
func Wanted[C any](e Effort, all []C, name func(C) string) ([]C, error) {
	wanted := slices.DeleteFunc(slices.Clone(all), func(c C) bool { return e.Only != nil && !e.Only.MatchString(name(c)) })
	if len(wanted) == 0 {
		return nil, errors.New("no contender has a name that the pattern of -only matches")
	}
	return wanted, nil
}

// ValuesOr is the number of values a run takes, n where the caller of the program has no wish.
func (e Effort) ValuesOr(n int) int {
	if e.Values > 0 {
		return e.Values
	}
	return n
}

// Result is what one contender needed, one figure per repetition.
type Result struct {
	Name   string
	Nanos  []float64 // a value
	CPU    []float64 // ns a value, of the program and the children that it has waited for
	Allocs []float64 // a value
}

// Compare runs the contenders in turn, e.Reps times, on n values, and expects want of each of them.
//
// One repetition runs them all before the next begins, each time beginning with another one, so
// that a slow moment of the machine meets them all alike; ratios within a repetition are therefore
// steadier than the figures themselves.
func Compare(contenders []Contender, e Effort, n, want int) ([]Result, error) {
	contenders, err := Wanted(e, contenders, func(c Contender) string { return c.Name })
	if err != nil {
		return nil, err
	}
	results := make([]Result, len(contenders))
	for i, c := range contenders {
		results[i].Name = c.Name
		if _, err := c.Run(min(n, 1000)); err != nil { // warms up: the first run pays for pages and goroutines
			return nil, fmt.Errorf("%s: %w", c.Name, err)
		}
	}
	for rep := range e.Reps {
		for k := range contenders {
			i := (k + rep) % len(contenders)
			if err := results[i].add(contenders[i], n, want); err != nil {
				return nil, err
			}
		}
	}
	return results, nil
}

func (r *Result) add(c Contender, n, want int) error {
	var before, after runtime.MemStats
	runtime.GC() // nobody pays for the garbage of the one before
	runtime.ReadMemStats(&before)
	start, used := time.Now(), processorTime()
	sum, err := c.Run(n)
	took := time.Since(start)
	used = processorTime() - used
	runtime.ReadMemStats(&after)
	if err != nil {
		return fmt.Errorf("%s: %w", c.Name, err)
	}
	if sum != want {
		return fmt.Errorf("%s: the results of %d values add up to %d; want %d", c.Name, n, sum, want)
	}
	r.Nanos = append(r.Nanos, float64(took)/float64(n))
	r.CPU = append(r.CPU, float64(used)/float64(n))
	r.Allocs = append(r.Allocs, float64(after.Mallocs-before.Mallocs)/float64(n))
	return nil
}

// Median of the figures; 0 if there are none.
func Median(figures []float64) float64 { return Quantile(figures, 0.5) }

// Quantile is the figure that the share q of the figures does not exceed; 0 if there are none.
func Quantile(figures []float64, q float64) float64 {
	if len(figures) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(figures))
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}

// Ratio says how many times longer than base a contender takes: the median of the ratios within
// each repetition.
func Ratio(r, base Result) float64 {
	ratios := make([]float64, 0, len(r.Nanos))
	for i := range min(len(r.Nanos), len(base.Nanos)) {
		ratios = append(ratios, r.Nanos[i]/base.Nanos[i])
	}
	return Median(ratios)
}

// Find returns the result of the contender called name.
func Find(results []Result, name string) (Result, bool) {
	i := slices.IndexFunc(results, func(r Result) bool { return r.Name == name })
	if i < 0 {
		return Result{}, false
	}
	return results[i], true
}
