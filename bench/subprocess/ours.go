package subprocess

import (
	"context"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/process"

	"github.com/gopeln/pl/bench/measure"
)

// A worker finds its function by the stage that was made here.
var (
	intsStep    = process.Map(ints.work, pl.Workers(children), pl.Name("ints"))
	recordsStep = process.Map(records.work, pl.Workers(children), pl.Name("records"))
	blocksStep  = process.Map(blocks.work, pl.Workers(children), pl.MaxSize(1000), pl.Name("blocks"))
	imagesStep  = process.Map(images.work, pl.Workers(children), pl.MaxSize(8), pl.Name("images"))
)

// ours starts its processes in each run.
func ours[T any](l load[T], step pl.Partial[T, T]) measure.Contender {
	return measure.Contender{Name: "gopeln process", Run: func(n int) (sum int, err error) {
		source := pl.FromFunc(func(_ context.Context, yield func(T) bool) error {
			for i := 0; i < n && yield(l.make(i)); i++ {
			}
			return nil
		})
		for v, err := range step(source).All(context.Background()) {
			if err != nil {
				return sum, err
			}
			sum += l.count(v)
		}
		return sum, nil
	}}
}
