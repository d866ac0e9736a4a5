package pl

import (
	"slices"

	"github.com/gopeln/pl/internal/queue"
	"github.com/gopeln/pl/internal/timesheet"
)

// channelBound is the bound below which a channel is the faster queue. With so little room nearly
// every value costs a switch of goroutines, and a channel's direct hand-off is the cheapest switch.
const channelBound = 8

// narrow reports whether a queue of that bound is too small for its workers to fetch several values
// at a time. Two values that wait for each other might be in the windows of two workers, each behind
// the other; with a channel they would be at work both.
func narrow(bound int) bool { return 0 < bound && bound < channelBound }

// newQueue makes a queue with that bound, in front of one consumer, for the values of in. channelOK
// reports whether a channel may be used; see builder.channelOK.
//
// The values of a stage with ByKey keep their order on the way, so they need a queue that is first
// in, first out over all its producers.
func newQueue[T any](b *builder, bound int, tagged, channelOK bool, in ...node) queue.Queue[T] {
	switch {
	case channelOK && !tagged && narrow(bound):
		return queue.NewChannel[T](bound, b.run.goroutines.Go)
	case slices.ContainsFunc(in, func(n node) bool { return n.meta().cfg.keys != nil }):
		return queue.NewFIFO[T](bound).OneByOne(narrow(bound))
	}
	return queue.NewWindowed[T](bound, tagged)
}

// upstream makes the flow of the values of in for o, on site s: the flow of in itself if in can be
// inlined, else that of a queue that the goroutines of in fill.
func upstream[T any](b *builder, o node, in node, s *Site) flow[T] {
	b.passTrackers(o, in)
	return flowOf[T](b, o.meta(), b.planned[o].figures, in, s, b.tagged(o))
}

// flowOf is upstream for a consumer that need not be a node; f are its figures.
func flowOf[T any](b *builder, o *base, f *stageFigures, in node, s *Site, tagged bool) flow[T] {
	if b.tryInline(in) {
		op := in.(*operator[T])
		values := takes(gives(op.compose(b, op, s), b.planned[in].figures.addWorker()), f.addWorker())
		return timed(s, b.planned[in].figures.inlineSheet(), f.inlineSheet(), values)
	}
	q := newQueue[T](b, b.bound(o, in), tagged, b.channelOK(o, in), in)
	connect(b, s, q, in)
	return queueFlow(f, s, q)
}

// inputQueue makes the queue in front of a stage with workers. a is what the stage asks about its
// values before they enter, or nil.
func inputQueue[T any](b *builder, o node, in node, s *Site, a *admission[T]) queue.Queue[T] {
	b.passTrackers(o, in)
	q := newInputQueue(b, o, in, s, a)
	b.planned[o].figures.addInput(q)
	return q
}

// newInputQueue chooses the queue in front of a stage with workers: by its options first, then by
// its input, its order and its bound. It connects the queue with its producers.
func newInputQueue[T any](b *builder, o node, in node, s *Site, a *admission[T]) queue.Queue[T] {
	m := o.meta()
	bound := b.bound(m, in)
	switch {
	case a != nil:
		q := a.newQueue(bound)
		connect(b, s, q, in)
		return q
	case m.cfg.oneByOne():
		q := queue.NewFIFO[T](bound).OneByOne(true)
		connect(b, s, q, in)
		return q
	}
	if source := staticOf[T](b, o, in, bound); source != nil {
		q := queue.NewWindowed[T](bound, b.tagged(o))
		q.SetStatic(source.n, source.at)
		s.toStop = append(s.toStop, q)
		b.run.draining.onStop(q.EndStatic)
		b.planned[in].figures.addOutput(givenByTaking{q})
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
		if n.meta().polls {
			s.poll()
		}
	}
	s.toStop = append(s.toStop, q)
}

// queueFlow returns the flow of the values of q, the input of a stage with figures f. When the flow
// ends, it stops q, so that the producers end too.
func queueFlow[T any](f *stageFigures, s *Site, q queue.Queue[T]) flow[T] {
	in := q.Consumer(nil)
	sheet := f.inlineSheet() // nil if the run is not observed
	var counts *counts       // nil if q counts
	if f.addInput(q) {
		counts = f.addWorker()
	}
	window, _ := in.(*queue.In[T])
	return func(yield func(T, queue.Tag) bool) {
		defer q.Stop()
		if window != nil {
			windowFlow(window, s, sheet, yield)
			return
		}
		for {
			v, t, ok := in.Take(s.waiter)
			if !ok || s.stopped.Load() {
				return
			}
			counts.take()
			if sheet != nil {
				sheet.Mark()
			}
			if !yield(v, t) {
				return
			}
		}
	}
}

// windowFlow is the loop of queueFlow for the usual queue, without calls through an interface.
func windowFlow[T any](p *queue.In[T], s *Site, sheet *timesheet.Sheet, yield func(T, queue.Tag) bool) {
	for {
		w, ok := p.Claim()
		if !ok {
			if w, ok = p.Next(s.waiter); !ok {
				return
			}
		}
		v, t := p.Remove(w)
		if s.stopped.Load() {
			return
		}
		if sheet != nil {
			sheet.Mark()
		}
		if !yield(v, t) {
			return
		}
	}
}

// staticOf returns the values of in if the queue in front of o can hold them from the start: in is
// a static source with o as its only consumer. It returns nil otherwise, also if an Ordered
// downstream limits how many are under way, or if o is driven and the queue has a bound: that also
// limits how many values its workers have pulled and not begun.
func staticOf[T any](b *builder, o, in node, bound int) *staticValues[T] {
	source, ok := in.(*operator[T])
	limited := slices.ContainsFunc(b.planned[in].trackers, queue.Tracker.Limited)
	ahead := o.meta().driven && bound > 0
	if !ok || source.values == nil || limited || ahead || !b.tryInline(in) {
		return nil
	}
	return source.values
}
