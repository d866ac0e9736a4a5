package queue

// staticValues is a source of values that are there already: consumers fetch their windows from it, so that no goroutine has
// to bring the values to them. The queue's bound means nothing to it, since nothing is gained by leaving a value where it
// is. It is guarded by the lock of its queue.
type staticValues[T any] struct {
	at        func(i int) T
	next, end int
}

// remaining is how many values are still to come.
func (o *staticValues[T]) remaining() int {
	if o == nil {
		return 0
	}
	return max(0, o.end-o.next)
}

// fetched is how many values have been fetched.
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
