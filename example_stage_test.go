package pl_test

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/serial"
	"github.com/gopeln/pl/thread"
)

func double(_ context.Context, x int) (int, error) { return 2 * x, nil }

func isOdd(_ context.Context, x int) (bool, error) { return x%2 == 1, nil }

// The loop is in charge: leaving it ends the workers, before the next statement.
func ExampleStage_All() {
	doubled := thread.Map(double)(pl.Range(1_000_000))
	for x, err := range doubled.All(context.Background()) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(x)
		if x == 4 {
			break
		}
	}
	// Output:
	// 0
	// 2
	// 4
}

func ExampleStage_Collect() {
	doubled := thread.Map(double)(pl.Range(4))
	values, err := doubled.Collect(context.Background())
	fmt.Println(values, err)
	// Output: [0 2 4 6] <nil>
}

func ExampleStage_Run() {
	var sum atomic.Int64
	add := thread.Each(func(_ context.Context, x int) error {
		sum.Add(int64(x))
		return nil
	}, pl.Workers(4))
	err := add(pl.Range(101)).Run(context.Background())
	fmt.Println(sum.Load(), err)
	// Output: 5050 <nil>
}

func ExampleStage_With() {
	doubled := thread.Map(double)(pl.Range(4))
	fmt.Println(doubled.With(pl.Workers(8), pl.Name("times two")))
	fmt.Println(doubled) // a stage never changes
	// Output:
	// range(4) → thread.Map(times two)×8
	// range(4) → thread.Map(double)
}

// The methods keep the type, as the functions do, and read in the order of the steps.
func ExampleStage_Ordered() {
	doubled := thread.Map(double, pl.Workers(8))(pl.Range(5)).Ordered()
	fmt.Println(doubled.Collect(context.Background()))
	// Output: [0 2 4 6 8] <nil>
}

func ExampleStage_Take() {
	doubled := thread.Map(double, pl.Workers(8), pl.MaxSize(16))(pl.Range(1_000_000)).Ordered().Take(3)
	fmt.Println(doubled.Collect(context.Background()))
	// Output: [0 2 4] <nil>
}

func ExampleStage_String() {
	fmt.Println(pl.Pipe2(pl.Range(10), thread.Map(double, pl.Workers(3)), pl.Ordered))
	// Output: range(10) → thread.Map(double)×3 → pl.Ordered
}

func ExampleStage_Graph() {
	graph := pl.Pipe2(pl.Range(10),
		thread.Map(double, pl.Workers(3), pl.MaxSize(100)),
		serial.Filter(isOdd)).Graph()
	for _, n := range graph.Nodes {
		fmt.Println(n.ID, n.Name, n.Backend, n.Workers, n.MaxSize)
	}
	fmt.Println(graph.Edges)
	// Output:
	// 0 range(10) source 1 0
	// 1 double thread 3 100
	// 2 isOdd serial 1 0
	// [{0 1} {1 2}]
}

func ExampleGraph_Mermaid() {
	fmt.Print(thread.Map(double, pl.Workers(3))(pl.Range(10)).Graph().Mermaid())
	// Output:
	// flowchart LR
	// 	n0["range(10)<br>source"]
	// 	n1["double<br>thread ×3"]
	// 	n0 --> n1
}

func ExampleGraph_DOT() {
	fmt.Print(thread.Map(double, pl.Workers(3))(pl.Range(10)).Graph().DOT())
	// Output:
	// digraph pipeline {
	// 	rankdir=LR
	// 	node [shape=box]
	// 	n0 [label="range(10)\nsource"]
	// 	n1 [label="double\nthread ×3"]
	// 	n0 -> n1
	// }
}

// Two consumers share the squares: the stage runs once, and each of them gets every value.
func ExampleRun() {
	var squared, sum, even atomic.Int64
	squares := thread.Map(func(_ context.Context, x int) (int, error) {
		squared.Add(1)
		return x * x, nil
	})(pl.Range(10))
	adding := thread.Each(func(_ context.Context, x int) error {
		sum.Add(int64(x))
		return nil
	})
	counting := thread.Each(func(_ context.Context, x int) error {
		even.Add(int64(1 - x%2))
		return nil
	})
	err := pl.Run(context.Background(), adding(squares), counting(squares))
	fmt.Println(squared.Load(), sum.Load(), even.Load(), err)
	// Output: 10 285 5 <nil>
}

// How many stages there are is known only at run time.
func ExampleRunnable() {
	greet := func(_ context.Context, name string) error { fmt.Println("hello", name); return nil }
	var all []pl.Runnable
	for _, name := range []string{"Ada"} {
		all = append(all, thread.Each(greet)(pl.From(name)))
	}
	fmt.Println(pl.Run(context.Background(), all...))
	// Output:
	// hello Ada
	// <nil>
}

// An observer that can be given to several contexts.
func ExampleObserver() {
	var announce pl.Observer = func(run *pl.RunInfo) (ended func(error)) {
		return func(err error) { fmt.Println(run.Stats().Consumer.In, "values:", err) }
	}
	got, err := pl.Range(3).Collect(pl.Observe(context.Background(), announce))
	fmt.Println(got, err)
	// Output:
	// 3 values: <nil>
	// [0 1 2] <nil>
}

// The functions of each stage find in their context what an observer has put there.
func ExampleRunInfo_Enclose() {
	type key struct{}
	ctx := pl.Observe(context.Background(), func(run *pl.RunInfo) func(error) {
		run.Enclose(func(ctx context.Context, stage pl.Node) context.Context {
			return context.WithValue(ctx, key{}, "span of "+stage.Name)
		})
		return nil
	})
	look := thread.Map(func(ctx context.Context, _ int) (any, error) { return ctx.Value(key{}), nil }, pl.Name("look"))
	fmt.Println(look(pl.Range(1)).Collect(ctx))
	// Output: [span of look] <nil>
}

func ExampleObserve() {
	ctx := pl.Observe(context.Background(), func(run *pl.RunInfo) func(error) {
		fmt.Println("stages:", len(run.Graph().Nodes))
		return func(err error) {
			for _, s := range run.Stats().Stages {
				fmt.Println(s.Name, "in", s.In, "out", s.Out, "dropped", s.Dropped)
			}
		}
	})
	err := thread.Filter(isOdd)(pl.Range(100)).Run(ctx)
	fmt.Println(err)
	// Output:
	// stages: 2
	// range(100) in 0 out 100 dropped 0
	// isOdd in 100 out 50 dropped 50
	// <nil>
}
