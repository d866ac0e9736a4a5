package inflight

import (
	"bytes"
	"testing"

	"github.com/gopeln/pl/bench/measure"
)

func TestEveryContenderDoesTheWork(t *testing.T) {
	for _, q := range works {
		for _, c := range q.contenders() {
			t.Run(q.title+"/"+c.Name, func(t *testing.T) {
				const n = 200
				if got, err := c.Run(n); err != nil || got != n*(n-1)/2+n*q.stages {
					t.Fatalf("Run(%d) = %d, %v; want %d, nil", n, got, err, n*(n-1)/2+n*q.stages)
				}
			})
		}
	}
}

func TestRequestsAreAnswered(t *testing.T) {
	var out bytes.Buffer
	if err := requests(measure.Effort{Values: 50, Reps: 1}, &out); err != nil || out.Len() == 0 {
		t.Fatalf("%v, printed %q", err, &out)
	}
}
