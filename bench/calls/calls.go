// Package calls measures what it costs to call standing workers like a function: pl.Func, on
// goroutines and on subprocesses, beside what people write in its place.
package calls

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/process"
	"github.com/gopeln/pl/thread"

	"github.com/gopeln/pl/bench/measure"
)

const workers = 2

func addOne(_ context.Context, x int) (int, error) { return x + 1, nil }

// A worker finds its function by the stages that were made here.
var (
	onThread  = thread.Map(addOne, pl.Workers(workers))
	onProcess = process.Map(addOne, pl.Workers(workers), pl.Name("calls"))
)

// service starts something that answers x with x + 1.
type service struct {
	name  string
	share int // of the calls that the section makes: less for what takes longer
	start func() (call func(ctx context.Context, x int) (int, error), stop func() error)
}

var services = []service{
	{"gopeln thread, Func", 1, func() (func(context.Context, int) (int, error), func() error) {
		return pl.Func(context.Background(), onThread)
	}},
	{"goroutines, a channel for each answer", 1, goroutines},
	{"gopeln process, Func", 10, func() (func(context.Context, int) (int, error), func() error) {
		return pl.Func(context.Background(), onProcess)
	}},
	{"gopeln process, a run for each call", 1000, func() (func(context.Context, int) (int, error), func() error) {
		return func(ctx context.Context, x int) (int, error) {
			y, _, err := onProcess(pl.From(x)).First(ctx)
			return y, err
		}, func() error { return nil }
	}},
}

// goroutines is what people write: workers that take requests from a channel, each with a channel
// for its answer.
func goroutines() (call func(ctx context.Context, x int) (int, error), stop func() error) {
	type request struct {
		x      int
		answer chan int
	}
	requests := make(chan request)
	var working sync.WaitGroup
	for range workers {
		working.Go(func() {
			for r := range requests {
				y, _ := addOne(context.Background(), r.x)
				r.answer <- y
			}
		})
	}
	call = func(ctx context.Context, x int) (int, error) {
		r := request{x, make(chan int, 1)}
		select {
		case requests <- r:
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		}
		select {
		case y := <-r.answer:
			return y, nil
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		}
	}
	return call, func() error {
		close(requests)
		working.Wait()
		return nil
	}
}

// callers are how many call at once where throughput is measured.
const callers = 8

// figures are those of one repetition, in ns: of calls one after the other, and of each of many at
// once.
type figures struct{ p50, p99, each float64 }

// Run prints the times of a call.
func Run(e measure.Effort, w io.Writer) error {
	services, err := measure.Wanted(e, services, func(s service) string { return s.name })
	if err != nil {
		return err
	}
	all := make([][]figures, len(services))
	for rep := range e.Reps {
		for k := range services {
			i := (k + rep) % len(services)
			f, err := services[i].measure(e.ValuesOr(50_000))
			if err != nil {
				return fmt.Errorf("%s: %w", services[i].name, err)
			}
			all[i] = append(all[i], f)
		}
	}
	t := measure.Table{
		Title: fmt.Sprintf("a call, µs (times the first); %d workers", workers),
		Head:  []string{"", "one caller, p50", "p99", fmt.Sprintf("each of %d callers'", callers)},
	}
	for i, s := range services {
		row := []string{s.name}
		for _, figure := range []func(figures) float64{
			func(f figures) float64 { return f.p50 }, func(f figures) float64 { return f.p99 }, func(f figures) float64 { return f.each },
		} {
			row = append(row, cell(all[i], all[0], figure))
		}
		t.Add(row...)
	}
	return t.Write(w)
}

// cell is the median of a figure, and of its ratio to the first service's within each repetition.
func cell(all, first []figures, figure func(figures) float64) string {
	var own, ratios []float64
	for rep := range all {
		own = append(own, figure(all[rep])/1e3)
		ratios = append(ratios, figure(all[rep])/figure(first[rep]))
	}
	return fmt.Sprintf("%.2f (%s)", measure.Median(own), measure.Times(measure.Median(ratios)))
}

// measure makes n calls one after the other, and as many by several callers at once, or its share
// of these.
func (s service) measure(n int) (f figures, err error) {
	n = max(2*callers, n/s.share)
	call, stop := s.start()
	took := make([]float64, n)
	for x := range n {
		start := time.Now()
		if err := check(call, x); err != nil {
			return f, err
		}
		took[x] = float64(time.Since(start))
	}
	took = took[n/50:] // the first ones pay for the start
	f.p50, f.p99 = measure.Quantile(took, 0.5), measure.Quantile(took, 0.99)
	var calling sync.WaitGroup
	errs := make([]error, callers)
	start := time.Now()
	for c := range callers {
		calling.Go(func() {
			for x := c; x < n && errs[c] == nil; x += callers {
				errs[c] = check(call, x)
			}
		})
	}
	calling.Wait()
	f.each = float64(time.Since(start)) / float64(n)
	for _, err := range append(errs, stop()) {
		if err != nil {
			return f, err
		}
	}
	return f, nil
}

func check(call func(ctx context.Context, x int) (int, error), x int) error {
	y, err := call(context.Background(), x)
	if err == nil && y != x+1 {
		err = fmt.Errorf("the answer to %d is %d", x, y)
	}
	return err
}
