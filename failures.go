package pl

import (
	"sync/atomic"

	"github.com/gopeln/pl/internal/queue"
)

// Failures is a stage of the dead letters of s: the values that its last operator dropped, each as
// the error of its last attempt. Consumed in one run with s, by [Run] or below a common stage, it
// yields that run's; consumed alone, it runs s and drops the values of s. A consumer of Failures
// that is full holds s up, as any consumer does.
//
// In a run in which Failures is consumed, s needs no [OnError]: it drops what fails and goes on. If
// it has one, that is asked first, and an error that it returns fails the run, unless s has
// [KeepGoing] too; then Failures yields the value beside it. Failures of a stage without a function
// yields nothing. For [Ordered] the order begins anew here, with that of arrival; the bound of an
// Ordered below workers does not hold s up.
func Failures[T any](s Stage[T]) Stage[*StageError] {
	o := branchOff[*StageError]("Failures", s.node(), deadLetters)
	o.renumbers = true
	return Stage[*StageError]{o}
}

// letterBox is the way to one Failures stage in one run.
type letterBox struct {
	outlet  *outlet[*StageError]
	numbers *atomic.Uint64        // the next place in the order; all workers of the stage raise it
	emitter *emitter[*StageError] // one worker's; nil until ofWorker
}

// letterBoxesOf returns the boxes of the Failures stages of n, without emitters.
func (b *builder) letterBoxesOf(n node) (all []letterBox) {
	for _, f := range branchesOf[*StageError](b, n, deadLetters) {
		all = append(all, letterBox{
			outlet: outletOf[*StageError](b, f), numbers: new(atomic.Uint64),
		})
	}
	return all
}

// ofWorker returns the boxes with emitters for one worker.
func ofWorker(boxes []letterBox) (all []letterBox) {
	for _, box := range boxes {
		box.emitter = box.outlet.emitter()
		all = append(all, box)
	}
	return all
}

// post hands e on, which waits for room. If the stage stops meanwhile, e is dropped.
func (box *letterBox) post(me *queue.Waiter, e *StageError) {
	box.emitter.put(me, e, queue.Tag{Seq: box.numbers.Add(1) - 1})
}
