package queue

// arrivals are the values that a consumer may have, first come, first served: a value whose lane
// has opened again leaves before those that arrived later, so that a single consumer keeps the
// order over all keys. The lock of the queue guards them.
type arrivals[T any, K comparable] struct {
	count    int
	fresh    list[entry[T, K]] // those that found their lane open
	reopened []reopened[T, K]  // a heap, by number
}

// reopened is a lane that has opened again, and the number of its first value, which waits in it.
type reopened[T any, K comparable] struct {
	number int64
	lane   *lane[T, K]
}

// add adds the value that has arrived last.
func (a *arrivals[T, K]) add(e *entry[T, K]) {
	a.count++
	a.fresh.push(*e)
}

// reopen adds the first value of a lane that has opened.
func (a *arrivals[T, K]) reopen(l *lane[T, K]) {
	a.count++
	h := append(a.reopened, reopened[T, K]{l.waiting.at(0).number, l})
	a.reopened = h
	for i := len(h) - 1; i > 0; {
		parent := (i - 1) / 2
		if h[parent].number < h[i].number {
			break
		}
		h[parent], h[i] = h[i], h[parent]
		i = parent
	}
}

// moveTo moves the n values that arrived first to the end of to. There must be so many.
func (a *arrivals[T, K]) moveTo(to []entry[T, K], n int) []entry[T, K] {
	a.count -= n
	for ; n > 0 && len(a.reopened) > 0; n-- {
		if a.fresh.count > 0 && a.fresh.at(0).number < a.reopened[0].number {
			to = a.fresh.moveTo(to, 1)
		} else {
			to = a.popReopened().waiting.moveTo(to, 1)
		}
	}
	return a.fresh.moveTo(to, n)
}

func (a *arrivals[T, K]) popReopened() *lane[T, K] {
	h := a.reopened
	first, last := h[0], len(h)-1
	h[0], h[last] = h[last], reopened[T, K]{}
	h = h[:last]
	a.reopened = h
	for i := 0; ; {
		least := i
		for _, child := range [...]int{2*i + 1, 2*i + 2} {
			if child < last && h[child].number < h[least].number {
				least = child
			}
		}
		if least == i {
			return first.lane
		}
		h[i], h[least] = h[least], h[i]
		i = least
	}
}
