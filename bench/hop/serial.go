package hop

import "github.com/gopeln/pl/bench/measure"

// serial is the limit: a loop, one call after the other, nothing handed over.
func serial(s shape) measure.Contender {
	return measure.Contender{Name: "serial loop", Run: func(n int) (int, error) {
		f := addOne
		sum := 0
		for x := range n {
			for range s.stages {
				x = f(x)
			}
			sum += x
		}
		return sum, nil
	}}
}
