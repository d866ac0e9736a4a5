package hop

import (
	"sync"

	"github.com/gopeln/pl/bench/measure"
)

// manyValues is the capacity that stands for "no bound" where a contender's queue is a channel,
// which always has one.
const manyValues = 1 << 16

// queue is a channel as long as a stage's queue may get.
func queue(s shape) chan int {
	if s.maxsize == 0 {
		return make(chan int, manyValues)
	}
	return make(chan int, s.maxsize)
}

// bareChannels is the least that Go code can do with channels: no errors, no way to stop early.
func bareChannels(s shape) measure.Contender {
	return measure.Contender{Name: "bare channels", Run: func(n int) (int, error) {
		in := numbers(s, n)
		for range s.stages {
			in = bareStage(s, in, addOne)
		}
		return total(in), nil
	}}
}

// numbers is a source of 0 … n-1.
func numbers(s shape, n int) chan int {
	out := queue(s)
	go func() {
		for i := range n {
			out <- i
		}
		close(out)
	}()
	return out
}

func bareStage(s shape, in <-chan int, f func(int) int) chan int {
	out := queue(s)
	var workers sync.WaitGroup
	for range s.workers {
		workers.Go(func() {
			for x := range in {
				out <- f(x)
			}
		})
	}
	go func() {
		workers.Wait()
		close(out)
	}()
	return out
}

// total takes what is left in a channel until it is closed.
func total(values <-chan int) (sum int) {
	for x := range values {
		sum += x
	}
	return sum
}
