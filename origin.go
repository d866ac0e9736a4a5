package pl

// origin is a source of values that are there already, in front of a stage with workers: they fetch their windows from
// it, so that no goroutine has to bring the values to them. The queue's bound means nothing to it, since nothing is
// gained by leaving a value where it is: nothing is queued. It is guarded by the lock of its queue.
type origin[T any] struct {
	at        func(i int) T
	next, end int
	counts    *counts
}

// originOf makes the source in the origin of the queue in front of o, its only consumer. It is nil where in is something
// else, and where its values have to be told apart for an Ordered downstream. Driven workers hold values that nobody
// can steal, so that they may have to wait for an origin; it wakes nobody.
func originOf[T any](b *builder, o, in node) *origin[T] {
	source, ok := in.(*operator[T])
	if !ok || source.present == nil || len(b.marks[in]) > 0 || o.meta().driven || !b.fuse(in) {
		return nil
	}
	return &origin[T]{at: source.present.at, end: source.present.n, counts: b.tallies[in].add()}
}

// left is how many values are still to come.
func (o *origin[T]) left() int {
	if o == nil {
		return 0
	}
	return max(0, o.end-o.next)
}

// appendTo appends up to n of the next values to buf.
func (o *origin[T]) appendTo(buf []T, n int) []T {
	for range min(n, o.left()) {
		buf = append(buf, o.at(o.next))
		o.next++
	}
	o.counts.out.Store(uint64(o.next))
	return buf
}
