package pl_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/thread"
)

// The figures of the second half of a run.
func ExampleStats_Sub() {
	var run *pl.RunInfo
	ctx := pl.Observe(context.Background(), func(r *pl.RunInfo) func(error) {
		run = r
		return nil
	})
	var half pl.Stats
	n := 0
	double := func(_ context.Context, x int) (int, error) { return 2 * x, nil }
	for _, err := range thread.Map(double)(pl.Range(100)).All(ctx) {
		if err != nil {
			panic(err)
		}
		if n++; n == 50 {
			half = run.Stats()
		}
	}
	later := run.Stats().Sub(half)
	fmt.Println(later.Consumer.In, "values in", later.Elapsed > 0)
	// Output: 50 values in true
}

// Where the bottleneck was, by the figures of a run of ten seconds.
func ExampleStats_Verdict() {
	s := pl.Stats{
		State: pl.Done, Elapsed: 10 * time.Second,
		Stages: []pl.StageStats{
			{Node: pl.Node{ID: 0, Name: "read"}, Out: 1000, Busy: time.Second, Blocked: 9 * time.Second},
			{
				Node: pl.Node{ID: 1, Name: "score", Backend: "thread", Workers: 4, MaxSize: 16},
				In:   1000, Out: 1000, Busy: 39 * time.Second, Starved: time.Second,
			},
		},
		Edges: []pl.Edge{{From: 0, To: 1}},
	}
	v := s.Verdict()
	fmt.Println(v.Kind, v.Stage)
	fmt.Println(v)
	// Output:
	// StageBound score
	// score was the bottleneck: its 4 workers are busy 98 % of the time, read before it is blocked 90 %. More workers help up to ×9.8, then read limits
}

func ExampleStats_String() {
	s := pl.Stats{
		Name: "main.main", State: pl.Done, Elapsed: 1500 * time.Millisecond,
		Stages: []pl.StageStats{{Node: pl.Node{Name: "read"}, Out: 1000, Busy: 1500 * time.Millisecond}},
	}
	fmt.Println(s)
	// Output:
	// main.main: Done, 1.5s
	// stage  in   out  dropped  failed  queue   busy  starved  blocked  p50  p99
	// read    0  1000        0       0      0  100 %      0 %      0 %
	// The run was too short to tell: 1000 values in 1.5s
}

// How long the calls of a function took.
func ExampleHistogram() {
	var calls pl.Histogram
	ctx := pl.Observe(context.Background(), func(run *pl.RunInfo) func(error) {
		return func(error) { calls = run.Stats().Stages[1].Calls }
	})
	nap := func(_ context.Context, x int) (int, error) {
		time.Sleep(20 * time.Millisecond)
		return x, nil
	}
	if err := thread.Map(nap, pl.Workers(10))(pl.Range(10)).Run(ctx); err != nil {
		panic(err)
	}
	fmt.Println(calls.Count(), calls.Quantile(0.5) >= 19*time.Millisecond)
	// Output: 10 true
}

// The shape of a distribution of times.
func ExampleHistogram_Buckets() {
	text := []byte(`{"count":3,"sum":3000000,"buckets":[[-80,2],[-72,1]]}`)
	var calls pl.Histogram
	if err := json.Unmarshal(text, &calls); err != nil {
		panic(err)
	}
	fmt.Println(calls.Count(), "calls of", calls.Mean(), "each,", calls.Sum(), "together")
	for k, n := range calls.Buckets() {
		fmt.Printf("%d longer than %.1f ms\n", n, 1000*math.Exp2(float64(k)/8))
	}
	// Output:
	// 3 calls of 1ms each, 3ms together
	// 2 longer than 1.0 ms
	// 1 longer than 2.0 ms
}

// A program acts on what limits a run.
func ExampleVerdictKind() {
	advise := func(v pl.Verdict) string {
		switch v.Kind {
		case pl.CPUBound:
			return "take a larger machine"
		case pl.StageBound:
			return "give " + v.Stage + " more workers"
		case pl.Stuck:
			return "look at the goroutines"
		default:
			return "leave it as it is"
		}
	}
	fmt.Println(advise(pl.Verdict{Kind: pl.StageBound, Stage: "score"}))
	fmt.Println(advise(pl.Verdict{Kind: pl.Balanced}))
	// Output:
	// give score more workers
	// leave it as it is
}

// What each worker does now, and how long the longest calls took.
func ExampleStageStats() {
	var run *pl.RunInfo
	ctx := pl.Observe(context.Background(), func(r *pl.RunInfo) func(error) {
		run = r
		return nil
	})
	show := func(now []pl.Activity, slowest []pl.Call) {
		for _, a := range now {
			fmt.Println("worker", a.Worker, "is", a.State)
		}
		for _, c := range slowest {
			fmt.Println("a call of worker", c.Worker, "took long:", c.Took >= 19*time.Millisecond)
		}
	}
	look := func(_ context.Context, x int) (int, error) {
		show(run.Stats().Stages[1].Active, nil)
		time.Sleep(20 * time.Millisecond)
		return x, nil
	}
	if err := thread.Map(look)(pl.Range(1)).Run(ctx); err != nil {
		panic(err)
	}
	show(nil, run.Stats().Stages[1].Slowest)
	// Output:
	// worker 0 is busy
	// a call of worker 0 took long: true
}

func ExampleRunState() {
	ctx := pl.Observe(context.Background(), func(run *pl.RunInfo) func(error) {
		fmt.Println(run.Stats().State == pl.Running)
		return func(error) { fmt.Println(run.Stats().State) }
	})
	fails := thread.Each(func(context.Context, int) error { return errors.New("no") })
	fmt.Println(fails(pl.Range(1)).Run(ctx) != nil)
	// Output:
	// true
	// Failed
	// true
}

// Where the values of a stage of package cluster ran.
func ExampleRemote() {
	r := &pl.Remote{Redelivered: 3, Workers: []pl.RemoteWorker{
		{Host: "anna", PID: 17, State: "serving", Slots: 4, Done: 120},
		{Host: "anna", PID: 18, State: "lost", Done: 7},
		{Host: "bert", PID: 21, State: "serving", Slots: 8, Done: 260},
	}}
	for host, workers := range r.Machines() {
		done := uint64(0)
		for _, w := range workers {
			done += w.Done
		}
		fmt.Println(host, "has done", done)
	}
	// Output:
	// anna has done 127
	// bert has done 260
}
