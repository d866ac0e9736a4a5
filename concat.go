package pl

import "github.com/gopeln/pl/internal/queue"

// Concat merges stages: it yields their values as they come, all of them in one run, and ends when
// all have ended. A stage that is given twice yields each value twice. For [Ordered] the order
// begins anew here, with that of arrival.
func Concat[T any](stages ...Stage[T]) Stage[T] {
	var inputs []node
	for _, s := range stages {
		inputs = append(inputs, s.node())
	}
	o := plain[T]("Concat", inputs...)
	o.renumbers, o.merges = true, true
	o.compose = func(b *builder, o *operator[T], at *Site) flow[T] {
		values := merged[T]
		if b.allStatic(o) {
			values = appended[T]
		}
		return numbered(b, o, at, values(b, o, at))
	}
	return Stage[T]{o}
}

// Merge is [Concat], by the name that other libraries give it.
func Merge[T any](stages ...Stage[T]) Stage[T] { return Concat(stages...) }

// merged returns the flow of the values of all inputs through one queue. The queue is not a
// channel: its producers get room in turn, while a channel serves the sender that comes first.
func merged[T any](b *builder, o *operator[T], at *Site) flow[T] {
	inputs, bound := b.merge(&o.base)
	q := newQueue[T](b, bound, false, false, inputs...)
	connect(b, at, q, inputs...)
	return queueFlow(b.planned[o].figures, at, q)
}

// merge returns the inputs of a merge, and the bound of their queue; 0 is none. An input that is a
// merge itself, and has no other consumer, is replaced by its inputs. Otherwise each of these would
// have a smaller share of the queue than the other inputs, and the smaller the longer the chain is.
func (b *builder) merge(o *base) (inputs []node, bound int) {
	unbounded := false
	for _, in := range o.inputs {
		at, n := []node{in}, b.bound(o, in)
		if in.meta().merges && b.tryInline(in) {
			at, n = b.merge(in.meta())
			if o.cfg.bounded {
				n = o.cfg.maxSize
			}
			b.planned[in].figures.passOn(b, in.meta().inputs)
		}
		inputs = append(inputs, at...)
		unbounded = unbounded || n == 0
		bound = max(bound, n)
	}
	if unbounded {
		bound = 0
	}
	return inputs, bound
}

// appended returns the flow of the values of one input after the other. If no input ever waits for
// a value, that is a merge too, and it needs no goroutine.
func appended[T any](b *builder, o *operator[T], at *Site) flow[T] {
	var flows []flow[T]
	for _, in := range o.inputs {
		flows = append(flows, upstream[T](b, o, in, at))
	}
	return func(yield func(T, queue.Tag) bool) {
		wanted := true
		for _, values := range flows {
			values(func(v T, t queue.Tag) bool {
				wanted = yield(v, t)
				return wanted
			})
			if !wanted {
				return
			}
		}
	}
}

// allStatic reports whether all inputs of o, up to their sources, run in o's goroutine and never
// wait for a value.
func (b *builder) allStatic(o node) bool {
	for _, in := range o.meta().inputs {
		m := in.meta()
		if !m.inline || b.planned[in].consumers != 1 || len(m.inputs) == 0 && !m.static || !b.allStatic(in) {
			return false
		}
	}
	return true
}
