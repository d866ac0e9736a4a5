package hop

import (
	"context"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/thread"

	"github.com/gopeln/pl/bench/measure"
)

// oursName is the row that the others are compared with.
const oursName = "gopeln thread"

func ours(s shape) measure.Contender {
	values := pipeline(s)
	return measure.Contender{Name: oursName, Run: func(n int) (int, error) {
		return add(context.Background(), values(n))
	}}
}

// pipeline makes the stages for n values.
func pipeline(s shape) func(n int) pl.Stage[int] {
	step := thread.Map(addOneOrFail, pl.Workers(s.workers), pl.MaxSize(s.maxsize))
	return func(n int) pl.Stage[int] {
		values := pl.Range(n)
		for range s.stages {
			values = step(values)
		}
		return values
	}
}

// add runs a stage and adds up its values.
func add(ctx context.Context, values pl.Stage[int]) (sum int, err error) {
	for x, err := range values.All(ctx) {
		if err != nil {
			return sum, err
		}
		sum += x
	}
	return sum, nil
}
