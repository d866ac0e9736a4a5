package pl

import (
	"errors"
	"slices"

	"github.com/gopeln/pl/internal/queue"
)

// Append yields the values of stages one stage after the other. A stage, and all that is upstream
// of it, its sources and workers included, starts when the stage before it has ended. If the
// consumer leaves before that, it never starts. For [Ordered] the order begins anew here.
//
// The stages must have nothing upstream in common, since the values for the later one would have to
// be kept until the earlier one has ended: the run fails before any value moves.
func Append[T any](stages ...Stage[T]) Stage[T] {
	var inputs []node
	for _, s := range stages {
		inputs = append(inputs, s.node())
	}
	o := plain[T]("Append", inputs...)
	o.renumbers, o.inTurn = true, true
	o.compose = func(b *builder, o *operator[T], at *Site) flow[T] {
		t := &turns[T]{part: at.newPart()}
		before := len(b.gates)
		for i, in := range o.inputs {
			g := &gate{}
			if i > 0 {
				b.gate(in, g)
			}
			t.inputs = append(t.inputs, turn[T]{g, upstream[T](b, o, in, t.part)})
		}
		t.gates = b.gates[before:]
		return numbered(b, o, at, t.flow)
	}
	return Stage[T]{o}
}

// turns are the inputs of an Append in one run.
type turns[T any] struct {
	part   *Site // all that is upstream
	inputs []turn[T]
	gates  []*gate // of this Append, and of those that run in its goroutine
}

// turn is one input: its values, and the gate before what is upstream of it.
type turn[T any] struct {
	gate   *gate
	values flow[T]
}

// flow yields the values of one input after the other. If it ends early, it opens the gates that
// are left, since other consumers may wait for stages behind them.
func (t *turns[T]) flow(yield func(T, queue.Tag) bool) {
	defer func() {
		t.part.Stop()
		openAll(t.gates)
	}()
	wanted := true
	for _, in := range t.inputs {
		in.gate.open()
		in.values(func(v T, tag queue.Tag) bool {
			wanted = yield(v, tag)
			return wanted
		})
		if !wanted || t.part.stopped.Load() {
			return
		}
	}
}

var (
	errShared = errors.New("two of its stages have a stage upstream in common, whose values would have to be kept " +
		"until the first of them has ended; give each a stage of its own, or use Merge")
	errTurns = errors.New("two Appends of the run wait for each other: what comes first in one comes later in the other")
)

// checkTurns returns an error that says what is wrong with the Appends among nodes, or nil.
func checkTurns(nodes []node) error {
	var errs []error
	gates := map[node][]turnOf{} // the turns that a node's start waits for
	for _, n := range nodes {
		if !n.meta().inTurn {
			continue
		}
		seen := map[node]int{}
		shared := false
		for i, in := range n.meta().inputs {
			for _, up := range reachable([]node{in}) {
				first, again := seen[up]
				shared = shared || again && first != i
				seen[up] = i
				if i > 0 {
					gates[up] = append(gates[up], turnOf{n, i})
				}
			}
		}
		if shared {
			errs = append(errs, &StageError{Stage: n.meta().cfg.name, Worker: -1, Err: errShared})
		}
	}
	if len(errs) == 0 && circular(gates) {
		errs = append(errs, errTurns)
	}
	return errors.Join(errs...)
}

// turnOf is the start of an Append's input.
type turnOf struct {
	of    node
	input int
}

// before returns the turns that must have come before t can: those of all that is upstream of the
// input before.
func (t turnOf) before(gates map[node][]turnOf) (all []turnOf) {
	for _, up := range reachable([]node{t.of.meta().inputs[t.input-1]}) {
		all = append(all, gates[up]...)
	}
	return all
}

// circular reports whether a turn waits for itself.
func circular(gates map[node][]turnOf) bool {
	const underWay, done = 1, 2
	state := map[turnOf]int{}
	var visit func(t turnOf) bool
	visit = func(t turnOf) bool {
		if state[t] != 0 {
			return state[t] == underWay
		}
		state[t] = underWay
		if slices.ContainsFunc(t.before(gates), visit) {
			return true
		}
		state[t] = done
		return false
	}
	for _, turns := range gates {
		if slices.ContainsFunc(turns, visit) {
			return true
		}
	}
	return false
}
