package pl

import (
	"slices"
	"sync/atomic"

	"github.com/gopeln/pl/internal/queue"
)

// channelBound is the bound below which a channel is the faster queue. With so little room nearly
// every value costs a switch of goroutines, and a channel's direct hand-off is the cheapest one.
const channelBound = 8

// newQueue makes a queue with that bound, in front of one consumer, for the values of in. channelOK
// reports whether a channel may be used; see builder.channelOK.
//
// The values of a stage with ByKey keep their order on the way, so they need a queue that is first
// in, first out over all its producers.
func newQueue[T any](b *builder, bound int, tagged, channelOK bool, in ...node) queue.Queue[T] {
	switch {
	case channelOK && !tagged && 0 < bound && bound < channelBound:
		return queue.NewChannel[T](bound, b.run.goroutines.Go)
	case slices.ContainsFunc(in, func(n node) bool { return n.meta().cfg.keys != nil }):
		return queue.NewFIFO[T](bound)
	}
	return queue.NewWindowed[T](bound, tagged)
}

// upstream makes the flow of the values of in for o, on site s: in's own flow if in can be inlined,
// else that of a queue which in's goroutines fill.
func upstream[T any](b *builder, o node, in node, s *Site) flow[T] {
	b.passTrackers(o, in)
	return flowOf[T](b, o.meta(), b.figures[o], in, s, b.tagged(o))
}

// flowOf is upstream for a consumer that need not be a node; f are its figures.
func flowOf[T any](b *builder, o *base, f *stageFigures, in node, s *Site, tagged bool) flow[T] {
	if b.tryInline(in) {
		op := in.(*operator[T])
		values := takes(gives(op.compose(b, op, s), b.figures[in].addWorker()), f.addWorker())
		return timed(s, b.figures[in].inlineSheet(), f.inlineSheet(), values)
	}
	q := newQueue[T](b, b.bound(o, in), tagged, b.channelOK(o, in), in)
	connect(b, s, q, in)
	return queueFlow(f, s, q)
}

// inputQueue makes the queue in front of a stage with workers. a is what the stage asks about its
// values, or nil.
func inputQueue[T any](b *builder, o node, in node, s *Site, a *admission[T]) queue.Queue[T] {
	b.passTrackers(o, in)
	q := newInputQueue(b, o, in, s, a)
	b.figures[o].addInput(q)
	return q
}

func newInputQueue[T any](b *builder, o node, in node, s *Site, a *admission[T]) queue.Queue[T] {
	m := o.meta()
	bound := b.bound(m, in)
	if a != nil {
		q := a.newQueue(bound)
		connect(b, s, q, in)
		return q
	}
	if source := staticOf[T](b, o, in); source != nil {
		q := queue.NewWindowed[T](bound, b.tagged(o))
		q.SetStatic(source.n, source.at)
		b.figures[in].addOutput(givenByTaking{q})
		return q
	}
	q := newQueue[T](b, bound, b.tagged(o), b.channelOK(m, in), in)
	connect(b, s, q, in)
	return q
}

// connect makes q, the input of s, take the values of all of in.
func connect[T any](b *builder, s *Site, q queue.Queue[T], in ...node) {
	for _, n := range in {
		outletOf[T](b, n).add(q)
	}
	s.toStop = append(s.toStop, q)
}

// queueFlow returns the flow of the values of q, the input of a stage with figures f. When the flow
// ends, it stops q, so that the producers end too.
func queueFlow[T any](f *stageFigures, s *Site, q queue.Queue[T]) flow[T] {
	in := q.Consumer(nil)
	window, _ := in.(*queue.In[T])
	values := func(yield func(T, queue.Tag) bool) {
		defer q.Stop()
		if window != nil {
			windowFlow(window, s, yield)
			return
		}
		for {
			v, t, ok := in.Take(s.waiter)
			if !ok || s.stopped.Load() || !yield(v, t) {
				return
			}
		}
	}
	values = marked(f.inlineSheet(), values)
	if f.addInput(q) {
		return takes(values, f.addWorker())
	}
	return values
}

// windowFlow is the loop of queueFlow for the usual queue, without calls through an interface.
func windowFlow[T any](p *queue.In[T], s *Site, yield func(T, queue.Tag) bool) {
	for {
		w, ok := p.Claim()
		if !ok {
			if w, ok = p.Next(s.waiter); !ok {
				return
			}
		}
		v, t := p.Remove(w)
		if s.stopped.Load() || !yield(v, t) {
			return
		}
	}
}

// staticOf returns the values of in if the queue in front of o can hold them from the start: in is
// a static source with o as its only consumer. It returns nil else, also if an Ordered downstream
// limits how many are under way, or if o is driven: such a worker may have to wait, since nothing
// can be stolen from another, and static values never wake anyone.
func staticOf[T any](b *builder, o, in node) *staticValues[T] {
	source, ok := in.(*operator[T])
	limited := slices.ContainsFunc(b.trackers[in], queue.Tracker.Limited)
	if !ok || source.values == nil || limited || o.meta().driven || !b.tryInline(in) {
		return nil
	}
	return source.values
}

// outlet is where a stage's results go in a run: it has a queue for each consumer.
type outlet[T any] struct {
	site      *Site // of the stage; set when the stage is built, after its consumers
	figures   *stageFigures
	queues    []queue.Queue[T] // added while the run is built, then only read
	listening atomic.Int32     // queues that have not stopped; each consumer subtracts itself
	kept      bool             // the stage runs to its end, even if no consumer is left
}

func outletOf[T any](b *builder, n node) *outlet[T] {
	o, ok := b.outlets[n].(*outlet[T])
	if !ok {
		o = &outlet[T]{figures: b.figures[n]}
		b.outlets[n] = o
	}
	return o
}

// add adds q, which the caller has made for another consumer.
func (o *outlet[T]) add(q queue.Queue[T]) {
	o.queues = append(o.queues, q)
	o.listening.Add(1)
	q.AddStage(o.consumerLeft)
}

// consumerLeft is called when one of the queues has stopped. With the last one the stage stops,
// unless it is kept.
func (o *outlet[T]) consumerLeft() {
	if o.listening.Add(-1) == 0 && !o.kept {
		o.site.Stop()
	}
}

// end tells all consumers that the stage has ended.
func (o *outlet[T]) end() {
	for _, q := range o.queues {
		q.StageEnded()
	}
}

// emitter makes the emitter of one worker.
func (o *outlet[T]) emitter() *emitter[T] {
	e := &emitter[T]{site: o.site, kept: o.kept, counts: o.figures.addWorker()}
	for _, q := range o.queues {
		e.sinks = append(e.sinks, q.Producer())
	}
	if len(e.sinks) == 1 && !o.kept {
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

	sinks  []queue.Sink[T] // of all consumers
	site   *Site
	kept   bool
	counts *counts // of its worker; its own is what windowOut does not know
}

// put hands v to one consumer after the other, so that a full queue holds up the others. It reports
// false if no consumer wants more. A kept stage drops the results that no consumer takes, and goes
// on.
func (e *emitter[T]) put(me *queue.Waiter, v T, t queue.Tag) bool {
	if e.windowOut != nil {
		return e.windowOut.Put(me, v, t)
	}
	wanted := e.kept && !e.site.stopped.Load()
	for _, s := range e.sinks {
		wanted = s.Put(me, v, t) || wanted
	}
	if wanted {
		e.counts.give()
	}
	return wanted
}

// word returns the word of the only sink, which the worker's inlet may share, or nil if the sink
// has none.
func (e *emitter[T]) word() *queue.Word {
	if e.windowOut == nil {
		return nil
	}
	return e.windowOut.Word()
}
