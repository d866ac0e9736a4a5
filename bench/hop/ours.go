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
	add := thread.Map(addOneOrFail, pl.Workers(s.workers), pl.MaxSize(s.maxsize))
	return measure.Contender{Name: oursName, Run: func(n int) (sum int, err error) {
		values := pl.Range(n)
		for range s.stages {
			values = add(values)
		}
		for x, err := range values.All(context.Background()) {
			if err != nil {
				return sum, err
			}
			sum += x
		}
		return sum, nil
	}}
}
