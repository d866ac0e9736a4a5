package queue

// parking is a list of parked workers, guarded by its queue's lock. At most one of them is awake and not yet served:
// it wakes the next if there is work left, so that trivial work does not wake everybody. A seat that is not a
// goroutine's does not count: others may keep it from running for as long as they like.
type parking struct {
	first, last *Waiter // by when they parked
	woken       *Waiter
	owners      int // of the parked, those that have a goroutine to themselves
}

func (k *parking) add(w *Waiter) {
	if w.listed {
		return
	}
	w.listed, w.prev = true, k.last
	if k.last == nil {
		k.first = w
	} else {
		k.last.next = w
	}
	k.last = w
	if w.ownsGoroutine {
		k.owners++
	}
}

// remove takes w off the list, whether it was woken or not.
func (k *parking) remove(w *Waiter) {
	k.unparked(w)
	if w.listed {
		k.unlist(w)
	}
}

func (k *parking) unlist(w *Waiter) {
	if w.prev == nil {
		k.first = w.next
	} else {
		w.prev.next = w.next
	}
	if w.next == nil {
		k.last = w.prev
	} else {
		w.next.prev = w.prev
	}
	w.listed, w.prev, w.next = false, nil, nil
	if w.ownsGoroutine {
		k.owners--
	}
}

// unparked is called by a worker that has come back from Park, for whatever reason.
func (k *parking) unparked(w *Waiter) {
	if k.woken == w {
		k.woken = nil
	}
}

// empty tells whether nobody is parked.
func (k *parking) empty() bool { return k.first == nil }

// contended tells whether somebody is parked, or awake and not yet served.
func (k *parking) contended() bool { return k.woken != nil || !k.empty() }

// needsWake tells whether somebody is parked, and nobody who would wake him is awake.
func (k *parking) needsWake() bool { return k.woken == nil && !k.empty() }

// popLast takes the worker off the list that parked last, whose caches are the warmest; the caller wakes it. nil: nobody
// needs to be woken.
func (k *parking) popLast() *Waiter { return k.pop(k.last) }

// popReceiver is popLast for a value to be handed over: nil also where that worker could not take it.
func (k *parking) popReceiver() *Waiter {
	if k.last == nil || k.last.receiver == nil {
		return nil
	}
	return k.popLast()
}

// wakeFirst wakes the worker that has waited longest, if one needs to be woken. Where that one may be kept from running,
// it also wakes the first that cannot be.
func (k *parking) wakeFirst() {
	for w := k.pop(k.first); w != nil; w = k.pop(k.firstOwner()) {
		w.seat.Wake()
	}
}

func (k *parking) firstOwner() *Waiter {
	if k.owners == 0 {
		return nil
	}
	w := k.first
	for !w.ownsGoroutine {
		w = w.next
	}
	return w
}

// pop takes w off the list, if somebody needs to be woken.
func (k *parking) pop(w *Waiter) *Waiter {
	if !k.needsWake() || w == nil {
		return nil
	}
	k.unlist(w)
	if w.ownsGoroutine {
		k.woken = w
	}
	return w
}

func (k *parking) wakeAll() {
	for w := k.first; w != nil; w = k.first {
		k.unlist(w)
		w.seat.Wake()
	}
}
