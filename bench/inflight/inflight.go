// Package inflight measures what it costs to have many values under way at once, most of which
// wait: package task against goroutines in an errgroup, one for each value.
package inflight

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/gopeln/pl/bench/measure"
)

// work is a question: what a value's function does, in gopeln and without it.
type work struct {
	title     string
	values    int   // per run
	limits    []int // values under way at once
	stages    int
	parts     int // what a value's time is divided by: stages, or calls
	task      func(context.Context, int) (int, error)
	goroutine func(context.Context, int) (int, error)
}

// yields is how often a value gives way in the comparison of Yield and Gosched.
const yields = 100

var works = []work{
	{"a trivial function, 1 stage: a value", 50_000, []int{100, 10_000}, 1, 1, addOne, addOne},
	{"a trivial function, 3 stages: a value and stage", 50_000, []int{100}, 3, 3, addOne, addOne},
	{"Yield (runtime.Gosched): a call", 2000, []int{1000}, 1, yields, yieldTask, yieldGoroutine},
	{"Await of an empty function (the function): a value", 20_000, []int{100}, 1, 1, awaitTask, addOne},
	{"a sleep of 10 ms that can be cancelled: a value", 100_000, []int{100_000}, 1, 1, sleepTask, sleepGoroutine},
}

// Run prints a table for each work, one for requests by HTTP, and one for the memory of a value
// that waits.
func Run(e measure.Effort, w io.Writer) error {
	for _, q := range works {
		n := e.ValuesOr(q.values)
		results, err := measure.Compare(q.contenders(), e, n, n*(n-1)/2+n*q.stages)
		if err != nil {
			return fmt.Errorf("%s: %w", q.title, err)
		}
		t := measure.Rank(q.title, results, q.parts)
		if err := t.Write(w); err != nil {
			return err
		}
	}
	if err := requests(e, w); err != nil {
		return err
	}
	return memory(w)
}

// contenders are gopeln, in each of the limits, then errgroup.
func (q work) contenders() (all []measure.Contender) {
	for _, limit := range q.limits {
		all = append(all, q.ours(limit))
	}
	for _, limit := range q.limits {
		all = append(all, q.errgroup(limit))
	}
	return all
}

func named(who string, limit int) string { return fmt.Sprintf("%s, %d in flight", who, limit) }

func addOne(_ context.Context, x int) (int, error) { return x + 1, nil }

// pause is how long a value sleeps.
const pause = 10 * time.Millisecond
