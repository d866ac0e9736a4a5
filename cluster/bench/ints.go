package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/bench/measure"
	"github.com/gopeln/pl/cluster"
)

// workers is how many processes work, for each contender.
const workers = 2

func addOneTo(_ context.Context, n int) (int, error) { return n + 1, nil }

var addOne = cluster.Map(addOneTo, pl.Name("addOne"))

// ints hands ints to a function that does nothing, with messages of several sizes.
func (b *bench) ints(e measure.Effort, w io.Writer) error {
	t := measure.Table{
		Title: fmt.Sprintf("ints through a function that does nothing, %d worker processes: values a second", workers),
		Head:  []string{"values in a message", "package cluster", "plain NATS", "times as fast"},
	}
	plain, err := b.newRequests()
	if err != nil {
		return err
	}
	defer plain.close()
	for _, size := range []int{1, 16, 256} {
		n := e.ValuesOr(20_000 * size)
		results, err := measure.Compare([]measure.Contender{
			b.ours("cluster", addOne, 1, cluster.BatchSize(size)),
			{Name: "NATS", Run: func(n int) (int, error) { return plain.run(n, size) }},
		}, e, n, n*(n+1)/2)
		if err != nil {
			return err
		}
		row := []string{fmt.Sprint(size), rate(results, "cluster"), rate(results, "NATS"), ""}
		if len(results) == 2 {
			row[3] = fmt.Sprintf("%.1f×", measure.Ratio(results[0], results[1]))
		}
		t.Add(row...)
	}
	n := e.ValuesOr(3_000_000)
	results, err := measure.Compare([]measure.Contender{b.ours("cluster", addOne, 1)}, e, n, n*(n+1)/2)
	if err != nil {
		return err
	}
	t.Add("adaptive", rate(results, "cluster"))
	return t.Write(w)
}

// ours runs step over values, to each of which the function adds plus.
func (b *bench) ours(name string, step pl.Partial[int, int], plus int, opts ...pl.Option) measure.Contender {
	opts = append(opts, cluster.On(b.server.Cluster()))
	return measure.Contender{Name: name, Run: func(n int) (sum int, err error) {
		for v, err := range step(pl.Range(n)).With(opts...).All(context.Background()) {
			if err != nil {
				return 0, err
			}
			sum += v
		}
		return sum, nil
	}}
}

// rate is the values a second of the contender called name, empty if it did not run.
func rate(results []measure.Result, name string) string {
	r, ok := measure.Find(results, name)
	if !ok {
		return ""
	}
	return fmt.Sprintf("%.0f", 1e9/measure.Median(r.Nanos))
}

var (
	spin = cluster.Map(func(_ context.Context, n int) (int, error) {
		for start := time.Now(); time.Since(start) < 100*time.Microsecond; {
		}
		return n, nil
	}, pl.Name("spin"))
	doze = cluster.Map(func(_ context.Context, n int) (int, error) {
		time.Sleep(10 * time.Millisecond)
		return n, nil
	}, pl.Name("doze"))
)

// adaptive compares the size that the cluster finds with fixed ones.
func (b *bench) adaptive(e measure.Effort, w io.Writer) error {
	t := measure.Table{
		Title: "values a second, by the time that the function takes and the values in a message",
		Head:  []string{"", "adaptive", "1", "4", "16", "64", "256", "of the best"},
	}
	for _, work := range []struct {
		name string
		step pl.Partial[int, int]
		plus int
		n    int
	}{{"nothing", addOne, 1, 300_000}, {"100 µs of work", spin, 0, 10_000}, {"10 ms of waiting", doze, 0, 600}} {
		contenders := []measure.Contender{b.ours("adaptive", work.step, work.plus)}
		for _, size := range []int{1, 4, 16, 64, 256} {
			contenders = append(contenders, b.ours(fmt.Sprint(size), work.step, work.plus, cluster.BatchSize(size)))
		}
		n := e.ValuesOr(work.n)
		results, err := measure.Compare(contenders, e, n, n*(n-1)/2+work.plus*n)
		if err != nil {
			return err
		}
		row, best := []string{work.name}, 0.0
		for _, name := range t.Head[1 : len(t.Head)-1] {
			row = append(row, rate(results, name))
		}
		for _, r := range results[1:] {
			best = max(best, measure.Ratio(results[0], r))
		}
		if best > 0 {
			row = append(row, fmt.Sprintf("%.2f", 1/best))
		}
		t.Add(row...)
	}
	return t.Write(w)
}

// roundTrip measures calls of standing workers, one after the other.
func (b *bench) roundTrip(e measure.Effort, w io.Writer) error {
	ctx := context.Background()
	call, stop := pl.Func(ctx, func(s pl.Stage[int]) pl.Stage[int] {
		return addOne(s).With(cluster.On(b.server.Cluster()))
	})
	defer func() { _ = stop() }()
	var took []float64
	for range e.ValuesOr(3000) * e.Reps {
		start := time.Now()
		if _, err := call(ctx, 1); err != nil {
			return err
		}
		took = append(took, float64(time.Since(start).Microseconds()))
	}
	t := measure.Table{Title: "a call of pl.Func, one at a time: µs", Head: []string{"", "p50", "p99"}}
	t.Add("package cluster", fmt.Sprint(measure.Quantile(took, 0.5)), fmt.Sprint(measure.Quantile(took, 0.99)))
	return t.Write(w)
}
