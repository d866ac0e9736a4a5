package queue

// arrivals are the values that a consumer may have, first come, first served: a value whose lane
// has opened again leaves before those that arrived later, so that a single consumer keeps the
// order over all keys. The lock of the queue guards them.
type arrivals[T any, K comparable] struct {
	count    int
	fresh    list[entry[T, K]] // those that found their lane open
	reopened []entry[T, K]     // a heap: those that waited in their lane
}

// add adds the value that has arrived last.
func (a *arrivals[T, K]) add(e entry[T, K]) {
	a.count++
	a.fresh.push(e)
}

// reopen adds a value whose lane has opened.
func (a *arrivals[T, K]) reopen(e entry[T, K]) {
	a.count++
	h := append(a.reopened, e)
	a.reopened = h
	for i := len(h) - 1; i > 0; {
		parent := (i - 1) / 2
		if h[parent].arrival < h[i].arrival {
			break
		}
		h[parent], h[i] = h[i], h[parent]
		i = parent
	}
}

// pop removes the value that arrived first and returns it. There must be one.
func (a *arrivals[T, K]) pop() entry[T, K] {
	a.count--
	if len(a.reopened) == 0 || a.fresh.count > 0 && a.fresh.ring[a.fresh.first].arrival < a.reopened[0].arrival {
		return a.fresh.pop()
	}
	return a.popReopened()
}

func (a *arrivals[T, K]) popReopened() entry[T, K] {
	h := a.reopened
	first, last := h[0], len(h)-1
	h[0], h[last] = h[last], entry[T, K]{}
	h = h[:last]
	a.reopened = h
	for i := 0; ; {
		least := i
		for _, child := range [...]int{2*i + 1, 2*i + 2} {
			if child < last && h[child].arrival < h[least].arrival {
				least = child
			}
		}
		if least == i {
			return first
		}
		h[i], h[least] = h[least], h[i]
		i = least
	}
}
