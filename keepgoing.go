package pl

import (
	"errors"
	"fmt"
	"slices"
	"sync"
)

// KeepGoing drops values that have failed for good, after the last attempt of [Retry], and goes on.
// A run that comes to its end so ends with a *[FailedValues], one for all its stages with
// KeepGoing. If more than most values of this stage fail in a run, the run stops at once, with that
// error too; 0 is no limit. A consumer that leaves early, by break or [Take], gets none of what is
// upstream.
//
// If the stage has an [OnError] too, that decides first: a value that it drops is not counted, and
// for one about which it returns an error, that error is. In a [Func] a failure goes to its caller
// and is not counted.
func KeepGoing(most int) Option {
	return option(optKeepGoing, fmt.Sprintf("KeepGoing(%d)", most), most >= 0, "must be at least 0 (0: no limit)",
		func(c *config) { c.policy.keepsGoing, c.policy.most = true, most })
}

// FailedValues is the error of a run that went on in spite of values that failed; see [KeepGoing].
// errors.Is and errors.As look through those of First.
type FailedValues struct {
	Total int
	First []*StageError // of them, at most 100, in the order in which they failed
}

const mostFirst = 100

// Error gives their number, and the first.
func (e *FailedValues) Error() string {
	text := fmt.Sprintf("pl: %d values failed", e.Total)
	if e.Total == 1 {
		text = "pl: 1 value failed"
	}
	if len(e.First) > 0 {
		text += "; the first: " + within(e.First[0])
	}
	return text
}

// Unwrap returns the errors of First.
func (e *FailedValues) Unwrap() []error {
	all := make([]error, len(e.First))
	for i, first := range e.First {
		all[i] = first
	}
	return all
}

// errTooMany ends a run in which more values failed than KeepGoing allows. The consumer gets a
// FailedValues in its place.
var errTooMany = errors.New("pl: more values failed than KeepGoing allows")

// setAside collects the values that failed in a run and did not end it. Any worker may add one.
type setAside struct {
	mu    sync.Mutex    // guards what follows
	total map[*base]int // by stage
	first []failedValue // at most mostFirst of each stage
}

type failedValue struct {
	op *base
	e  *StageError
}

// add adds a value of op, and reports whether the stage may go on.
func (s *setAside) add(op *base, e *StageError) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.total == nil {
		s.total = map[*base]int{}
	}
	s.total[op]++
	if s.total[op] <= mostFirst {
		s.first = append(s.first, failedValue{op, e})
	}
	most := op.cfg.policy.most
	return most == 0 || s.total[op] <= most
}

// of returns the error about the stages that heard returns, or nil if none of their values has
// failed.
func (s *setAside) of(roots []node, left []*base) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.total) == 0 {
		return nil
	}
	e, ops := &FailedValues{}, heard(roots, left)
	for op, n := range s.total {
		if ops[op] {
			e.Total += n
		}
	}
	if e.Total == 0 {
		return nil
	}
	for _, failed := range s.first {
		if ops[failed.op] && len(e.First) < mostFirst {
			e.First = append(e.First, failed.e)
		}
	}
	return e
}

// heard returns the stages whose failures a consumer is told: roots and the stages upstream of
// them, except for those that are only upstream of stages that have left early.
func heard(roots []node, left []*base) map[*base]bool {
	ops := map[*base]bool{}
	for todo := slices.Clone(roots); len(todo) > 0; {
		m := todo[len(todo)-1].meta()
		todo = todo[:len(todo)-1]
		if ops[m] {
			continue
		}
		ops[m] = true
		if !slices.Contains(left, m) {
			todo = append(todo, m.inputs...)
		}
	}
	return ops
}

// countable returns err, which an OnError has returned about e, as the failure of e's value.
func countable(err error, e *StageError) *StageError {
	if same, ok := any(err).(*StageError); ok {
		return same
	}
	other := *e
	other.Err = err
	return &other
}
