package pl_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"time"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/thread"
)

func ExampleFailedValues() {
	parse := thread.Map(pl.Try(strconv.Atoi), pl.KeepGoing(0))
	_, err := parse(pl.From("1", "two", "3", "four")).Collect(context.Background())
	if failed, ok := errors.AsType[*pl.FailedValues](err); ok {
		fmt.Println(failed.Total, failed.First[0].Item, failed.First[1].Item)
	}
	// Output: 2 two four
}

// A function that calls FailNow of package testing, or runtime.Goexit, fails its value.
func ExampleErrGoexit() {
	quits := thread.Map(func(context.Context, int) (int, error) { runtime.Goexit(); return 0, nil })
	fmt.Println(errors.Is(quits(pl.Range(1)).Run(context.Background()), pl.ErrGoexit))
	// Output: true
}

func ExampleErrTimeout() {
	wait := func(ctx context.Context, x int) (int, error) { <-ctx.Done(); return x, ctx.Err() }
	_, err := thread.Map(wait, pl.Timeout(time.Millisecond))(pl.Range(1)).Collect(context.Background())
	fmt.Println(errors.Is(err, pl.ErrTimeout))
	// Output: true
}

func ExampleErrDrain() {
	stop, sigterm := context.WithCancel(context.Background())
	wait := func(ctx context.Context, x int) (int, error) { sigterm(); <-ctx.Done(); return x, ctx.Err() }
	err := thread.Map(wait)(pl.Range(9)).Run(pl.Drain(context.Background(), stop, time.Millisecond))
	fmt.Println(errors.Is(err, pl.ErrDrain)) // the grace was too short
	// Output: true
}

func ExampleErrNoResult() {
	ctx := context.Background()
	call, stop := pl.Func(ctx, thread.Filter(pl.Lift(func(x int) bool { return x > 0 })))
	_, err := call(ctx, -1)
	fmt.Println(errors.Is(err, pl.ErrNoResult), stop())
	// Output: true <nil>
}

func ExampleStats() {
	var figures pl.Stats
	ctx := pl.Observe(context.Background(), func(run *pl.RunInfo) func(error) {
		return func(error) { figures = run.Stats() } // others read them while the run goes on
	})
	even := thread.Filter(pl.Lift(func(x int) bool { return x%2 == 0 }), pl.Name("even"))
	fmt.Println(even(pl.Range(10)).Run(ctx))
	for _, s := range figures.Stages {
		fmt.Println(s.Name, "in", s.In, "out", s.Out)
	}
	fmt.Println(figures.State)
	// Output:
	// <nil>
	// range(10) in 0 out 10
	// even in 10 out 5
	// Done
}
