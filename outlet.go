package pl

import (
	"sync/atomic"

	"github.com/gopeln/pl/internal/queue"
)

// outlet is where a stage's results go in a run: it has a queue for each consumer. A stage has one,
// and one more for each of its branches that is consumed in the run.
type outlet[T any] struct {
	audience *audience
	figures  *stageFigures
	queues   []queue.Queue[T] // added while the run is built, then only read
}

// outletOf returns the outlet of n; a branch has it at the operator that it branches off.
func outletOf[T any](b *builder, n node) *outlet[T] {
	o, ok := b.planned[n].outlet.(*outlet[T])
	if !ok {
		o = &outlet[T]{audience: b.audienceOf(n), figures: b.planned[n].figures}
		o.audience.ends = append(o.audience.ends, o.end)
		b.planned[n].outlet = o
	}
	return o
}

// add adds q, the queue of another consumer.
func (o *outlet[T]) add(q queue.Queue[T]) {
	o.queues = append(o.queues, q)
	o.audience.listening.Add(1)
	q.AddStage(o.audience.consumerLeft)
}

// end tells all consumers that the stage has ended.
func (o *outlet[T]) end() {
	for _, q := range o.queues {
		q.StageEnded()
	}
}

// audience is all consumers of a stage in a run, at all of its outlets.
type audience struct {
	site      *Site        // of the stage; set when the stage is built, after its consumers
	listening atomic.Int32 // queues that have not stopped; each consumer subtracts itself
	kept      bool         // the stage runs to its end, even if no consumer is left
	branched  bool         // there are several outlets, so one may be without a consumer while the stage goes on
	ends      []func()     // of the outlets
}

// audienceOf returns the audience of n. Branches have that of the operator that they branch off.
func (b *builder) audienceOf(n node) *audience {
	for n.meta().branch != trunk {
		n = n.meta().inputs[0]
	}
	a := b.planned[n].audience
	if a == nil {
		a = &audience{}
		b.planned[n].audience = a
	}
	return a
}

// attend ties the audience to the stage's site.
func (a *audience) attend(s *Site) {
	a.site, s.endOutput = s, a.end
}

// consumerLeft is called when one of the queues has stopped. With the last one the stage stops,
// unless it is kept.
func (a *audience) consumerLeft() {
	if a.listening.Add(-1) == 0 && !a.kept {
		a.site.Stop()
	}
}

// end tells all consumers that the stage has ended.
func (a *audience) end() {
	for _, end := range a.ends {
		end()
	}
}

// goesOn reports whether the stage goes on even if one of its outlets has no consumer.
func (a *audience) goesOn() bool { return (a.kept || a.branched) && !a.site.stopped.Load() }

// emitter makes the emitter of one worker.
func (o *outlet[T]) emitter() *emitter[T] {
	e := &emitter[T]{audience: o.audience, counts: o.figures.addWorker()}
	for _, q := range o.queues {
		e.sinks = append(e.sinks, q.Producer())
	}
	if len(e.sinks) == 1 && !o.audience.kept && !o.audience.branched {
		e.windowOut, _ = e.sinks[0].(*queue.Out[T])
		e.channelOut, _ = e.sinks[0].(*queue.Channel[T])
	}
	if e.windowOut != nil {
		o.figures.addOutput(e.windowOut)
	}
	return e
}

// emitter hands the results of one worker to the consumers of its stage. No two goroutines
// use it at once.
type emitter[T any] struct {
	// The only consumer's sink, if it is of that type, which spares calls through the interface;
	// both are nil else.
	windowOut  *queue.Out[T]
	channelOut *queue.Channel[T]

	sinks    []queue.Sink[T] // of all consumers
	audience *audience
	counts   *counts // of its worker; put counts the results of which windowOut does not know
}

// put hands v to one consumer after the other, so that a full queue holds up the others. It reports
// false if no consumer wants more. A stage that goes on without them drops what no consumer takes.
func (e *emitter[T]) put(me *queue.Waiter, v T, t queue.Tag) bool {
	if e.windowOut != nil {
		return e.windowOut.Put(me, v, t)
	}
	wanted := e.audience.goesOn()
	for _, s := range e.sinks {
		wanted = s.Put(me, v, t) || wanted
	}
	if wanted {
		e.counts.give()
	}
	return wanted
}

// putsAll reports whether putAll may be called.
func (e *emitter[T]) putsAll() bool { return e.windowOut != nil && !e.windowOut.Tagged() }

// putAll is put for several values, to the only consumer. It returns how many that one has wanted.
func (e *emitter[T]) putAll(me *queue.Waiter, values []T) int {
	return e.windowOut.PutAll(me, values)
}

// word returns the word of the only sink, which the worker's inlet may share, or nil if the sink
// has none.
func (e *emitter[T]) word() *queue.Word {
	if e.windowOut == nil {
		return nil
	}
	return e.windowOut.Word()
}
