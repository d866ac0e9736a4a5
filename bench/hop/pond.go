package hop

import (
	"errors"

	"github.com/alitto/pond/v2"

	"github.com/gopeln/pl/bench/measure"
)

// pondPools has a pool for each stage, whose queue is the stage's; a task hands its result to the
// next stage's pool.
func pondPools(s shape) measure.Contender {
	return measure.Contender{Name: "pond", Run: func(n int) (int, error) {
		out := queue(s)
		hand := func(x int) error { out <- x; return nil }
		pools := make([]pond.Pool, s.stages)
		for i := s.stages - 1; i >= 0; i-- {
			next, p := hand, pond.NewPool(s.workers, pond.WithQueueSize(pondBound(s)))
			pools[i] = p
			hand = func(x int) error {
				return p.Go(func() {
					// The pool ahead is stopped after this one, so this cannot fail; a lost value
					// would show in the sum.
					_ = next(addOne(x))
				})
			}
		}
		var failed error
		go func() {
			defer close(out)
			for i := range n {
				failed = errors.Join(failed, hand(i))
			}
			for _, p := range pools {
				failed = errors.Join(failed, p.Stop().Wait())
			}
		}()
		sum := total(out)
		return sum, failed
	}}
}

func pondBound(s shape) int {
	if s.maxsize == 0 {
		return pond.Unbounded
	}
	return s.maxsize
}
