// Package latency measures how long a value is under way when nothing else is: a library that collects values in
// batches before it hands them on is found out here, however fast it is.
package latency

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/thread"

	"github.com/gopeln/pl/bench/measure"
)

// The pipeline, and the time between two values.
const (
	stages  = 3
	workers = 2
	maxsize = 100
	pause   = time.Millisecond
)

// pipeline moves n moments from a source that makes one in each pause to a sink, and returns how late each arrived.
type pipeline struct {
	name string
	run  func(n int) ([]float64, error)
}

// Run prints the delays of gopeln and of bare channels, medians over the repetitions, and how they compare.
func Run(e measure.Effort, w io.Writer) error {
	n := e.ValuesOr(1000)
	pipelines := []pipeline{{"gopeln thread", ours}, {"bare channels", bareChannels}}
	p50, p99 := make([][]float64, len(pipelines)), make([][]float64, len(pipelines))
	for range e.Reps {
		for i, p := range pipelines {
			late, err := p.run(n)
			if err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
			if len(late) != n {
				return fmt.Errorf("%s: %d of %d values arrived", p.name, len(late), n)
			}
			p50[i] = append(p50[i], measure.Quantile(late, 0.5))
			p99[i] = append(p99[i], measure.Quantile(late, 0.99))
		}
	}
	t := measure.Table{
		Title: fmt.Sprintf("One value each %v through %d stages with %d workers, maxsize %d: delay from source to sink", pause, stages, workers, maxsize),
		Head:  []string{"", "p50, µs", "p99, µs"},
	}
	for i, p := range pipelines {
		t.Add(p.name, fmt.Sprintf("%.1f", measure.Median(p50[i])/1e3), fmt.Sprintf("%.1f", measure.Median(p99[i])/1e3))
	}
	return t.Write(w)
}

func ours(n int) (late []float64, err error) {
	ticks := pl.FromFunc(func(ctx context.Context, yield func(time.Time) bool) error {
		each(n, yield)
		return nil
	})
	step := thread.Map(pass, pl.Workers(workers), pl.MaxSize(maxsize))
	values := ticks
	for range stages {
		values = step(values)
	}
	for sent, err := range values.All(context.Background()) {
		if err != nil {
			return late, err
		}
		late = append(late, float64(time.Since(sent)))
	}
	return late, nil
}

func pass(_ context.Context, t time.Time) (time.Time, error) { return t, nil }

func bareChannels(n int) (late []float64, err error) {
	in := make(chan time.Time, maxsize)
	go func() {
		each(n, func(t time.Time) bool { in <- t; return true })
		close(in)
	}()
	for range stages {
		in = bareStage(in)
	}
	for sent := range in {
		late = append(late, float64(time.Since(sent)))
	}
	return late, nil
}

func bareStage(in <-chan time.Time) chan time.Time {
	out := make(chan time.Time, maxsize)
	var working sync.WaitGroup
	for range workers {
		working.Go(func() {
			for t := range in {
				out <- t
			}
		})
	}
	go func() {
		working.Wait()
		close(out)
	}()
	return out
}

// each calls yield with the time, n times, a pause between.
func each(n int, yield func(time.Time) bool) {
	ticker := time.NewTicker(pause)
	defer ticker.Stop()
	for range n {
		<-ticker.C
		if !yield(time.Now()) {
			return
		}
	}
}
