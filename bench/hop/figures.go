package hop

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/thread"

	"github.com/gopeln/pl/bench/measure"
)

// bounds are what watching a run may cost: times the price of a value whose function does nothing,
// by the bound of the queues.
var bounds = []struct {
	maxsize int
	most    float64
}{{1024, 1.25}, {4, 1.6}}

// mostSnapshot is how long the figures of a large run may take.
const mostSnapshot = 200 * time.Microsecond

// Figures prints what it costs that a run is watched: for each value, and for each look.
func Figures(e measure.Effort, w io.Writer) error {
	t := measure.Table{
		Title: "ns per value; one stage whose function does nothing",
		Head:  []string{"", "not watched", "watched", "times", "at most", "read each ms"},
	}
	for _, b := range bounds {
		for _, workers := range []int{1, 2} {
			s := shape{stages: 1, workers: workers, maxsize: b.maxsize}
			n := e.ValuesOr(1_000_000)
			results, err := measure.Compare([]measure.Contender{ours(s), watched(s, 0), watched(s, time.Millisecond)}, e, n, sum(n, s.stages))
			if err != nil {
				return err
			}
			row := []string{fmt.Sprintf("maxsize %d, %s", b.maxsize, count(workers, "worker"))}
			row = append(row, cell(results[0], measure.Result{}, 1), cell(results[1], measure.Result{}, 1),
				fmt.Sprintf("%.2f", measure.Ratio(results[1], results[0])), fmt.Sprintf("%.2f", b.most),
				cell(results[2], measure.Result{}, 1))
			t.Add(row...)
		}
	}
	if err := t.Write(w); err != nil {
		return err
	}
	took, err := snapshot(30, 16, 20*e.Reps)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "\nThe figures of 30 stages of 16 workers at work take %v; at most %v.\n", took, mostSnapshot)
	return err
}

// watched is ours with an observer that reads the figures in each period, or only at the end if
// that is 0.
func watched(s shape, period time.Duration) measure.Contender {
	unwatched := pipeline(s)
	return measure.Contender{Name: fmt.Sprintf("%s, watched, %v", oursName, period), Run: func(n int) (int, error) {
		var seen uint64
		ctx := pl.Observe(context.Background(), func(run *pl.RunInfo) func(error) {
			stop := func() {}
			if period > 0 {
				stop = poll(period, func() { seen = run.Stats().Stages[0].Out })
			}
			return func(error) {
				stop()
				seen = run.Stats().Stages[0].Out
			}
		})
		sum, err := add(ctx, unwatched(n))
		if err == nil && seen != uint64(n) {
			err = fmt.Errorf("the source counted %d values of %d", seen, n)
		}
		return sum, err
	}}
}

// snapshot returns the median of the times that the figures of a run take while it goes on. All of
// its workers have made calls of many lengths.
func snapshot(stages, workers, looks int) (time.Duration, error) {
	step := thread.Map(func(_ context.Context, x int) (int, error) {
		time.Sleep(time.Duration(x%7) * 100 * time.Microsecond)
		return x, nil
	}, pl.Workers(workers), pl.MaxSize(workers))
	values := pl.Range(1 << 30)
	for range stages {
		values = step(values)
	}
	started := make(chan *pl.RunInfo, 1)
	ctx := pl.Observe(context.Background(), func(run *pl.RunInfo) func(error) {
		started <- run
		return nil
	})
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- values.Run(ctx) }()
	run := <-started
	var took []float64
	for range looks {
		time.Sleep(10 * time.Millisecond)
		begun := time.Now()
		if s := run.Stats(); len(s.Stages) != stages+1 {
			return 0, fmt.Errorf("there are figures of %d stages", len(s.Stages))
		}
		took = append(took, float64(time.Since(begun)))
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		return 0, err
	}
	return time.Duration(measure.Median(took)), nil
}

// poll calls f in each period until stop is called, which waits for the last call.
func poll(period time.Duration, f func()) (stop func()) {
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(period)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				f()
			case <-quit:
				return
			}
		}
	}()
	return func() {
		close(quit)
		<-done
	}
}
