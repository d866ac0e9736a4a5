package subprocess

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/gopeln/pl"

	"github.com/gopeln/pl/bench/measure"
)

// traveller sends ints to another process one at a time, and says how long each took to come back,
// in ns.
type traveller struct {
	name string
	run  func(n int) (took []float64, err error)
}

// roundTrips prints how long one value takes when no other is under way.
func roundTrips(e measure.Effort, w io.Writer, travellers ...traveller) error {
	n := e.ValuesOr(5000)
	t := measure.Table{Title: "int, one value at a time: a round trip, µs", Head: []string{"", "p50", "p90", "p99"}}
	quantiles := []float64{0.5, 0.9, 0.99}
	figures := make([][][]float64, len(travellers)) // of a traveller, of a quantile, of a repetition
	for rep := range e.Reps {
		for k := range travellers {
			i := (k + rep) % len(travellers)
			took, err := travellers[i].run(n)
			if err != nil || len(took) != n {
				return fmt.Errorf("%s: %d of %d values came back: %w", travellers[i].name, len(took), n, err)
			}
			took = took[n/50:] // the first ones pay for the start
			figures[i] = append(figures[i], nil)
			for _, q := range quantiles {
				figures[i][rep] = append(figures[i][rep], measure.Quantile(took, q))
			}
		}
	}
	for i, traveller := range travellers {
		row := []string{traveller.name}
		for q := range quantiles {
			var all []float64
			for _, rep := range figures[i] {
				all = append(all, rep[q])
			}
			row = append(row, measure.Nanos(measure.Median(all)/1e3))
		}
		t.Add(row...)
	}
	return t.Write(w)
}

// throughStage sends a value into the stage when the one before has come out of it.
func throughStage(step pl.Partial[int, int]) traveller {
	return traveller{"gopeln process", func(n int) (took []float64, err error) {
		start := make(chan time.Time, 1) // of the value under way
		back := make(chan struct{}, 1)
		back <- struct{}{}
		source := pl.FromFunc(func(ctx context.Context, yield func(int) bool) error {
			for i := range n {
				select {
				case <-back:
				case <-ctx.Done():
					return nil
				}
				start <- time.Now()
				yield(i)
			}
			return nil
		})
		for _, err := range step(source).All(context.Background()) {
			if err != nil {
				return took, err
			}
			took = append(took, float64(time.Since(<-start)))
			back <- struct{}{}
		}
		return took, nil
	}}
}

// byCalls calls trip for each value.
func byCalls(name string, trip func() error) traveller {
	return traveller{name, func(n int) (took []float64, err error) {
		for range n {
			start := time.Now()
			if err := trip(); err != nil {
				return took, err
			}
			took = append(took, float64(time.Since(start)))
		}
		return took, nil
	}}
}
