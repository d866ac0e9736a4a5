package queue

// staticValues are the values of a source that are there from the start. Consumers fetch their
// windows from them, so no goroutine has to put them into the queue. They do not count against the
// bound of the queue, since the source holds them in any case. The lock of the queue guards them. A
// nil *staticValues has none.
type staticValues[T any] struct {
	at        func(i int) T // never changes
	next, end int           // the values from next to end-1 have not been fetched
}

// remaining returns the number of values that have not been fetched.
func (o *staticValues[T]) remaining() int {
	if o == nil {
		return 0
	}
	return max(0, o.end-o.next)
}

// fetched returns the number of values that have been fetched.
func (o *staticValues[T]) fetched() int64 {
	if o == nil {
		return 0
	}
	return int64(o.next)
}

// moveTo appends up to n of the next values to the consumer's buffer, with their numbers as tags.
func (o *staticValues[T]) moveTo(in *In[T], n int) {
	for range min(n, o.remaining()) {
		in.buf = append(in.buf, o.at(o.next))
		if in.tagged {
			in.tags = append(in.tags, Tag{Seq: uint64(o.next)})
		}
		o.next++
	}
}
