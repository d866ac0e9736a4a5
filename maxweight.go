package pl

import (
	"fmt"
	"reflect"

	"github.com/gopeln/pl/internal/queue"
)

// MaxWeight bounds the values that the stage has in its queue and under way by the sum of their
// weights, such as bytes, beside [MaxSize]. A value enters the queue when its weight fits, and
// counts until it has ended, whether it succeeded or not; under [Timeout], until its function has
// returned. Values enter in the order in which they came. A value that is heavier than most enters
// when no other weight is there.
//
// weight is called once for each value, by the goroutine that hands the value to the stage. It may
// return 0. If it panics or returns a negative number, the value has failed, without a further
// attempt. A stage whose input is not of type A fails its run.
func MaxWeight[A any](most int64, weight func(A) int64) Option {
	problem := ""
	switch {
	case most < 1:
		problem = "most must be at least 1"
	case weight == nil:
		problem = "the weight function must not be nil"
	}
	return option(optMaxWeight, fmt.Sprintf("MaxWeight(%d, …)", most), problem == "", problem,
		func(c *config) { c.mostWeight, c.weight = most, weightFunc[A](weight) })
}

type weightFunc[A any] func(A) int64

func (weightFunc[A]) inputType() reflect.Type { return reflect.TypeFor[A]() }

// newWeightedQueue makes a queue whose values have weights and no keys.
func newWeightedQueue[A any](limit int, a *admission[A]) queue.Queue[A] {
	return queue.NewLanes(limit, a.most, false, func() queue.Ask[A, struct{}] {
		reject := a.rejecter()
		return func(me *queue.Waiter, v A, t queue.Tag) (none struct{}, weight int64, ok bool) {
			ok = a.guarded(me, v, t, reject, func() error {
				weight = a.weigh(v)
				return negative(weight)
			})
			return none, weight, ok
		}
	}).OneByOne(a.fetchesOne(limit))
}

// negative returns an error if weight is one that no value can have.
func negative(weight int64) error {
	if weight < 0 {
		return fmt.Errorf("MaxWeight: the weight is %d; it must be at least 0", weight)
	}
	return nil
}
