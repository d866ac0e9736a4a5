// Package latency measures how long a value is under way when nothing else is: a library that
// collects values in batches before it hands them on is found out here, however fast it is.
package latency

import (
	"fmt"
	"io"
	"time"

	"github.com/gopeln/pl/bench/measure"
)

// The pipeline, and the time between two values.
const (
	stages  = 3
	workers = 2
	maxsize = 100
	pause   = time.Millisecond
)

// letter is a value under way: when it was sent, and how many stages it has been through, so that a
// pipeline that takes a short cut is found out.
type letter struct {
	sent   time.Time
	stages int
}

func (l letter) stamped() letter {
	l.stages++
	return l
}

// pipeline moves n letters from a source that sends one in each pause to a sink, which calls
// arrive.
type pipeline struct {
	name string
	run  func(n int, arrive func(letter)) error
}

var pipelines = []pipeline{
	{"gopeln thread", ours},
	{"bare channels", bareChannels},
	{"errgroup, select to send", errgroupChannels},
}

// Run prints the delays, as medians over the repetitions.
func Run(e measure.Effort, w io.Writer) error {
	n := e.ValuesOr(1000)
	pipelines, err := measure.Wanted(e, pipelines, func(p pipeline) string { return p.name })
	if err != nil {
		return err
	}
	p50, p99 := make([][]float64, len(pipelines)), make([][]float64, len(pipelines))
	for range e.Reps {
		for i, p := range pipelines {
			late, err := p.delays(n)
			if err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
			p50[i] = append(p50[i], measure.Quantile(late, 0.5))
			p99[i] = append(p99[i], measure.Quantile(late, 0.99))
		}
	}
	t := measure.Table{
		Title: fmt.Sprintf("delay from source to sink, one value each %v, %d stages, %d workers, maxsize %d", pause, stages, workers, maxsize),
		Head:  []string{"", "p50, µs", "p99, µs"},
	}
	for i, p := range pipelines {
		t.Add(p.name, fmt.Sprintf("%.1f", measure.Median(p50[i])/1e3), fmt.Sprintf("%.1f", measure.Median(p99[i])/1e3))
	}
	return t.Write(w)
}

// delays are the times that n values were under way, in ns.
func (p pipeline) delays(n int) (late []float64, err error) {
	shortCuts := 0
	err = p.run(n, func(l letter) {
		late = append(late, float64(time.Since(l.sent)))
		if l.stages != stages {
			shortCuts++
		}
	})
	if err == nil && (len(late) != n || shortCuts > 0) {
		err = fmt.Errorf("%d of %d values arrived, %d of them not through all stages", len(late), n, shortCuts)
	}
	return late, err
}

// post calls send with n letters, a pause before each.
func post(n int, send func(letter) bool) {
	ticker := time.NewTicker(pause)
	defer ticker.Stop()
	for range n {
		<-ticker.C
		if !send(letter{sent: time.Now()}) {
			return
		}
	}
}
