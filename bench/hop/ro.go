package hop

import (
	"github.com/samber/ro"

	"github.com/gopeln/pl/bench/measure"
)

// roAsync puts each stage on a goroutine of its own. ro has no pools: a stage has one worker,
// whatever the shape says.
func roAsync(s shape) measure.Contender {
	return measure.Contender{Name: "ro, ObserveOn (1 worker)", Run: func(n int) (int, error) {
		size := s.maxsize
		if size == 0 {
			size = manyValues
		}
		values := ro.ObserveOn[int64](size)(ro.Range(0, int64(n)))
		for range s.stages {
			values = ro.ObserveOn[int64](size)(ro.Map(addOne64)(values))
		}
		return roTotal(values)
	}}
}

// roSync is ro as it is at its fastest: all stages in one goroutine, nothing handed over.
func roSync(s shape) measure.Contender {
	return measure.Contender{Name: "ro, one goroutine", Run: func(n int) (int, error) {
		values := ro.Range(0, int64(n))
		for range s.stages {
			values = ro.Map(addOne64)(values)
		}
		return roTotal(values)
	}}
}

func roTotal(values ro.Observable[int64]) (sum int, err error) {
	done := make(chan error, 1)
	values.Subscribe(ro.NewObserver(
		func(x int64) { sum += int(x) },
		func(err error) { done <- err },
		func() { done <- nil },
	))
	err = <-done
	return sum, err
}

//go:noinline
func addOne64(x int64) int64 { return x + 1 }
