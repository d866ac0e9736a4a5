package pl

import (
	"context"
	"sync/atomic"
)

// flow is the inner form of operators that run in their consumer's goroutine: it yields all values, in that goroutine,
// until they end or yield reports false. Failures go to the run.
type flow[T any] func(yield func(v T, t tag) bool)

// upstream makes the flow of the values of in, for o, at site s: in's own, if it can run here, else one from a queue
// that in's goroutines fill.
func upstream[T any](b *builder, o node, in node, s *Site) flow[T] {
	b.mark(o, in)
	return pull[T](b, o.meta(), in, s, b.tagged(o))
}

// pull is upstream, for a consumer that need not be a node.
func pull[T any](b *builder, o *base, in node, s *Site, tagged bool) flow[T] {
	if b.fuse(in) {
		op := in.(*operator[T])
		return op.compose(b, op, s)
	}
	q := newQueue[T](b.bound(o, in), tagged, b.plain(o, in), b.run.goroutines.Go)
	connect(b, s, q, in)
	return drain(s, q)
}

// joined makes the queue of a stage with workers.
func joined[T any](b *builder, o node, in node, s *Site) queue[T] {
	b.mark(o, in)
	q := queueBefore[T](b, o, in, s)
	b.tallies[o].queue = q.length
	return q
}

func queueBefore[T any](b *builder, o node, in node, s *Site) queue[T] {
	m := o.meta()
	bound := b.bound(m, in)
	if source := originOf[T](b, o, in); source != nil {
		q := newWindowQueue[T](bound, false)
		q.origin = source
		return q
	}
	q := newQueue[T](bound, b.tagged(o), b.plain(m, in), b.run.goroutines.Go)
	connect(b, s, q, in)
	return q
}

// connect makes q take the values of in, for s.
func connect[T any](b *builder, s *Site, q queue[T], in ...node) {
	for _, n := range in {
		outletOf[T](b, n).add(q)
	}
	s.inputs = append(s.inputs, q)
}

// drain is the flow of a queue's values. When it ends early, those who fill the queue are told.
func drain[T any](s *Site, q queue[T]) flow[T] {
	in := q.consumer(nil)
	window, _ := in.(*inPort[T])
	return func(yield func(T, tag) bool) {
		defer q.stop()
		if window != nil {
			window.drain(s, yield)
			return
		}
		for {
			v, t, ok := in.take(s.seat)
			if !ok || s.stopped.Load() || !yield(v, t) {
				return
			}
		}
	}
}

// drain is the same for the usual queue, without calls through an interface.
func (p *inPort[T]) drain(s *Site, yield func(T, tag) bool) {
	for {
		w, ok := p.claim()
		if !ok {
			if w, ok = p.next(s.seat, nil); !ok {
				return
			}
		}
		v, t := p.remove(w)
		if s.stopped.Load() || !yield(v, t) {
			return
		}
	}
}

// counted counts values as they are yielded.
func counted[T any](values flow[T], n *atomic.Uint64) flow[T] {
	return func(yield func(T, tag) bool) {
		values(func(v T, t tag) bool {
			n.Store(n.Load() + 1) // there is one writer
			return yield(v, t)
		})
	}
}

// numbered gives the values of a source their places in the order, if an Ordered downstream wants them. The source
// waits, before it makes a value, for a place in that Ordered's window.
func numbered[T any](b *builder, o node, s *Site, values flow[T]) flow[T] {
	marks := b.marks[o]
	if len(marks) == 0 {
		return values
	}
	admit := func() {
		for _, m := range marks {
			m.admit(s.seat)
		}
	}
	return func(yield func(T, tag) bool) {
		var next uint64
		admit()
		values(func(v T, _ tag) bool {
			if !yield(v, tag{seq: next}) {
				return false
			}
			next++
			admit()
			return true
		})
	}
}

// composeInline makes the flow of an operator with a function that runs in its consumer's goroutine.
func composeInline[A, B any](b *builder, o *operator[B], s *Site, in node, op Operation[A, B]) flow[B] {
	values := upstream[A](b, o, in, s)
	counts := b.tallies[o].add()
	p := places{marks: b.marks[o], results: op.Results}
	return func(yield func(B, tag) bool) {
		c := &inline[A, B]{counts: counts, handler: handler[A, B]{duty: &duty[A, B]{
			site: s, of: &o.base, ctx: s.workerContext(&o.base, 0), places: p,
			put: func(_ Seat, v B, t tag) bool { return yield(v, t) },
		}}}
		c.run(values, op.Open)
	}
}

// inline is one run of an inline operator.
type inline[A, B any] struct {
	handler[A, B]
	counts *counts
}

func (c *inline[A, B]) run(values flow[A], open Opener[A, B]) {
	t, err := begin(c.ctx, open)
	if err != nil {
		if c.site.ctx.Err() == nil {
			c.site.Fail(&StageError{Stage: c.of.cfg.name, Err: err})
		}
		return
	}
	defer c.close(t)
	seat := newGoroutineSeat()
	c.seat, c.timed = seat, seat.arm(c.of.cfg.timeout, nil)
	c.attended = c.timed
	defer seat.disarm()
	c.tenure, c.emit = t, c.hand
	values(func(v A, t tag) bool {
		c.v, c.t = v, t
		c.begin()
		defer c.counts.publish(&c.tally)
		for {
			if again, ok := c.guarded(); !again {
				return ok && !c.site.stopped.Load()
			}
		}
	})
}

// guarded is settle, where a panic of the user's function is a failure of its value. One that comes from downstream,
// such as the body of the consumer's loop, goes on unhindered. So does Goexit: it ends the goroutine, and the run.
func (c *inline[A, B]) guarded() (again, ok bool) {
	returned := false
	defer func() {
		if returned || !c.mine() {
			return
		}
		value := recover()
		c.caught(value)
		if again = value != nil; !again {
			c.site.Fail(&StageError{Stage: c.of.cfg.name, Item: c.v, Err: ErrGoexit})
		}
	}()
	ok = c.settle()
	returned = true
	return false, ok
}

func (c *inline[A, B]) close(t *tenure[A, B]) {
	ctx := WithStatus(context.WithoutCancel(c.ctx), StageStatus{Done: true})
	if err := t.end(ctx); err != nil {
		c.site.run.closed(&StageError{Stage: c.of.cfg.name, Err: err})
	}
}
