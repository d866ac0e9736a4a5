package hop

import (
	"errors"
	"time"

	"github.com/panjf2000/ants/v2"

	"github.com/gopeln/pl/bench/measure"
)

// antsPools has a typed pool for each stage. ants keeps no queue of values: who hands one over
// waits for a free worker, so the bound says nothing to it.
func antsPools(s shape) measure.Contender {
	return measure.Contender{Name: "ants", Run: func(n int) (int, error) {
		out := queue(s)
		hand := func(x int) error { out <- x; return nil }
		pools := make([]*ants.PoolWithFuncGeneric[int], s.stages)
		for i := s.stages - 1; i >= 0; i-- {
			next := hand
			pool, err := ants.NewPoolWithFuncGeneric(s.workers, func(x int) {
				// The pool ahead is released after this one, so this cannot fail; a lost value
				// would show in the sum.
				_ = next(addOne(x))
			}, ants.WithDisablePurge(true))
			if err != nil {
				return 0, err
			}
			pools[i], hand = pool, pool.Invoke
		}
		var failed error
		go func() {
			defer close(out)
			for i := range n {
				failed = errors.Join(failed, hand(i))
			}
			for _, p := range pools {
				failed = errors.Join(failed, p.ReleaseTimeout(time.Minute)) // waits until its workers have ended
			}
		}()
		sum := total(out)
		return sum, failed
	}}
}
