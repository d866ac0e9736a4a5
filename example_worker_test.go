package pl_test

import (
	"context"
	"fmt"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/thread"
)

// Each worker opens a connection of its own, and closes it however the run ends.
func ExampleOnStart() {
	connection := pl.OnStart(func(context.Context) (string, error) {
		fmt.Println("open")
		return "connection", nil
	}).OnEnd(func(context.Context, string) error {
		fmt.Println("close")
		return nil
	})
	send := thread.EachWith(connection, func(_ context.Context, c string, x int) error {
		fmt.Println(c, "sends", x)
		return nil
	})
	fmt.Println(send(pl.Range(2)).Run(context.Background()))
	// Output:
	// open
	// connection sends 0
	// connection sends 1
	// close
	// <nil>
}

// The last worker to end finishes what they did together.
func ExampleResource_OnEnd() {
	part := pl.OnStart(func(context.Context) (*int, error) { return new(int), nil }).
		OnEnd(func(ctx context.Context, count *int) error {
			if pl.StatusFrom(ctx).Done {
				fmt.Println("all workers have ended")
			}
			return nil
		})
	count := thread.EachWith(part, func(_ context.Context, count *int, _ int) error {
		*count++ // no other worker sees it
		return nil
	}, pl.Workers(3))
	fmt.Println(count(pl.Range(100)).Run(context.Background()))
	// Output:
	// all workers have ended
	// <nil>
}

func ExampleResource_Open() {
	r := pl.OnStart(func(ctx context.Context) (string, error) {
		return fmt.Sprint("log of worker ", pl.WorkerFrom(ctx).Index), nil
	})
	ctx := pl.WithWorker(context.Background(), pl.WorkerInfo{Stage: "resize", Index: 1})
	fmt.Println(r.Open(ctx))
	// Output: log of worker 1 <nil>
}

func ExampleResource_Close() {
	r := pl.OnStart(func(context.Context) (string, error) { return "file", nil }).
		OnEnd(func(_ context.Context, name string) error {
			fmt.Println("closing", name)
			return nil
		})
	fmt.Println(r.Close(context.Background(), "file"))
	// Output:
	// closing file
	// <nil>
}

func ExampleWorkerFrom() {
	who := thread.Map(func(ctx context.Context, x int) (string, error) {
		w := pl.WorkerFrom(ctx)
		return fmt.Sprintf("%d by %s %d", x, w.Stage, w.Index), nil
	}, pl.Name("clerk"))
	fmt.Println(who(pl.From(7)).Collect(context.Background()))
	// Output: [7 by clerk 0] <nil>
}

func ExampleStatusFrom() {
	r := pl.OnStart(func(context.Context) (int, error) { return 0, nil }).
		OnEnd(func(ctx context.Context, _ int) error {
			status := pl.StatusFrom(ctx)
			fmt.Println(status.ActiveWorkers, "left, done:", status.Done)
			return nil
		})
	err := thread.EachWith(r, func(context.Context, int, int) error { return nil })(pl.Range(3)).Run(context.Background())
	fmt.Println(err)
	// Output:
	// 0 left, done: true
	// <nil>
}

// A test of a function that asks for its worker needs no pipeline.
func ExampleWithWorker() {
	ctx := pl.WithWorker(context.Background(), pl.WorkerInfo{Stage: "resize", Index: 2})
	fmt.Println(pl.WorkerFrom(ctx).Stage, pl.WorkerFrom(ctx).Index)
	// Output: resize 2
}

func ExampleWithStatus() {
	ctx := pl.WithStatus(context.Background(), pl.StageStatus{ActiveWorkers: 1})
	fmt.Println(pl.StatusFrom(ctx).Done)
	// Output: false
}
