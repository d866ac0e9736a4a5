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
	o.renumbers = true
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

// merged returns the flow of the values of all inputs through one queue.
func merged[T any](b *builder, o *operator[T], at *Site) flow[T] {
	bound := 0
	for _, in := range o.inputs {
		n := b.bound(&o.base, in)
		if bound = max(bound, n); n == 0 { // no bound at all
			bound = 0
			break
		}
	}
	q := newQueue[T](b, bound, false, b.channelOK(&o.base, o.inputs...), o.inputs...)
	connect(b, at, q, o.inputs...)
	return queueFlow(b.figures[o], at, q)
}

// appended returns the flow of one input after the other. If none of them ever waits for a value,
// that is a merge, and it needs no goroutine.
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
		if !m.inline || b.consumers[in] != 1 || len(m.inputs) == 0 && !m.static || !b.allStatic(in) {
			return false
		}
	}
	return true
}
