package hop

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/gopeln/pl"

	"github.com/gopeln/pl/bench/measure"
)

// Figures prints what it costs that somebody reads the figures of a run, each millisecond, while it goes on. The
// counting itself cannot be switched off: it is in all figures of this program.
func Figures(e measure.Effort, w io.Writer) error {
	t := measure.Table{Title: "ns per value and stage; 3 stages, maxsize 1024", Head: []string{"", "nobody reads", "read each ms"}}
	for _, workers := range []int{1, 2, 16} {
		s := shape{stages: 3, workers: workers, maxsize: 1024}
		n := e.ValuesOr(200_000)
		results, err := measure.Compare([]measure.Contender{ours(s), watched(s)}, e, n, sum(n, s.stages))
		if err != nil {
			return err
		}
		row := []string{count(workers, "worker")}
		for _, r := range results {
			row = append(row, cell(r, measure.Result{}, s.stages))
		}
		t.Add(row...)
	}
	return t.Write(w)
}

func watched(s shape) measure.Contender {
	unwatched := pipeline(s)
	return measure.Contender{Name: oursName + ", watched", Run: func(n int) (int, error) {
		var seen uint64
		ctx := pl.Observe(context.Background(), func(run *pl.RunInfo) func(error) {
			stop := poll(time.Millisecond, func() { seen = run.Stats().Stages[0].Out })
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
