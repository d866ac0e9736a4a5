// Package whole measures whole jobs, as programs have them: files that are read and parsed, and
// requests that wait for a server. The work is the same in all contenders; what differs is who
// hands it out.
package whole

import (
	"context"
	"fmt"
	"io"

	"github.com/gopeln/pl/bench/measure"
)

// job is a kind of work: what is done to value i, and what it is counted in.
type job struct {
	title   string
	unit    string // what a value is
	values  int
	workers int
	do      func(ctx context.Context, i int) (int, error) // returns 1
}

// Run prints a table for each job.
func Run(e measure.Effort, w io.Writer) error {
	for _, run := range []func(measure.Effort, io.Writer) error{parse, request} {
		if err := run(e, w); err != nil {
			return err
		}
	}
	return nil
}

// compare prints how many values of a job are done in a second.
func (j job) compare(e measure.Effort, w io.Writer, more ...measure.Contender) error {
	contenders := append([]measure.Contender{
		j.ours(),
		j.errgroup(),
		j.channel(),
		j.conc(),
		j.pkgzPool(),
	}, more...)
	n := min(e.ValuesOr(j.values), j.values)
	results, err := measure.Compare(contenders, e, n, n)
	if err != nil {
		return fmt.Errorf("%s: %w", j.title, err)
	}
	t := measure.Table{Title: j.title, Head: []string{"", j.unit + "/s", "time, by the first"}}
	for _, r := range results {
		t.Add(r.Name, fmt.Sprintf("%.0f", 1e9/measure.Median(r.Nanos)), measure.Times(measure.Ratio(r, results[0])))
	}
	return t.Write(w)
}
