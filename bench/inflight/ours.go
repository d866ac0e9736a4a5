package inflight

import (
	"context"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/task"

	"github.com/gopeln/pl/bench/measure"
)

// oursName is the name of the rows that the others are compared with.
const oursName = "gopeln task"

func (q work) ours(limit int) measure.Contender {
	return measure.Contender{Name: named(oursName, limit), Run: func(n int) (int, error) {
		return run(n, limit, q.stages, q.task)
	}}
}

// run sends 0 … n-1 through the stages and adds up what comes out.
func run(n, limit, stages int, f func(context.Context, int) (int, error)) (sum int, err error) {
	step := task.Map(f, pl.Workers(limit))
	values := pl.Range(n)
	for range stages {
		values = step(values)
	}
	for y, err := range values.All(context.Background()) {
		if err != nil {
			return sum, err
		}
		sum += y
	}
	return sum, nil
}

func yieldTask(ctx context.Context, x int) (int, error) {
	for range yields {
		if err := task.Yield(ctx); err != nil {
			return 0, err
		}
	}
	return x + 1, nil
}

func awaitTask(ctx context.Context, x int) (int, error) {
	return task.Await(ctx, func(ctx context.Context) (int, error) { return addOne(ctx, x) })
}

func sleepTask(ctx context.Context, x int) (int, error) {
	return x + 1, task.Sleep(ctx, pause)
}
