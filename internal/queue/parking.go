package queue

// parking is a list of parked workers, guarded by its queue's lock. At most one of them is awake and not yet served:
// it wakes the next if there is work left, so that trivial work does not wake everybody. A seat that is not a
// goroutine's does not count: others may keep it from running for as long as they like.
type parking struct {
	first, last *Waiter // by when they parked
	waking      *Waiter
	owned       int // of the parked, those that have a goroutine to themselves
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
	if w.alone {
		k.owned++
	}
}

// remove takes w off the list, whether it was woken or not.
func (k *parking) remove(w *Waiter) {
	k.awake(w)
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
	if w.alone {
		k.owned--
	}
}

// awake is called by a worker that has come back from Park, for whatever reason.
func (k *parking) awake(w *Waiter) {
	if k.waking == w {
		k.waking = nil
	}
}

// empty tells whether nobody is parked.
func (k *parking) empty() bool { return k.first == nil }

// busy tells whether somebody is parked, or awake and not yet served.
func (k *parking) busy() bool { return k.waking != nil || !k.empty() }

// waits tells whether somebody is parked, and nobody who would wake him is awake.
func (k *parking) waits() bool { return k.waking == nil && !k.empty() }

// popLast takes the worker off the list that parked last, whose caches are the warmest; the caller wakes it. nil: nobody
// needs to be woken.
func (k *parking) popLast() *Waiter { return k.pop(k.last) }

// popReceiver is popLast for a value to be handed over: nil also where that worker could not take it.
func (k *parking) popReceiver() *Waiter {
	if k.last == nil || k.last.into == nil {
		return nil
	}
	return k.popLast()
}

// wakeFirst wakes the worker that has waited longest, if one needs to be woken. Where that one may be kept from running,
// it also wakes the first that cannot be.
func (k *parking) wakeFirst() {
	for w := k.pop(k.first); w != nil; w = k.pop(k.firstAlone()) {
		w.seat.Wake()
	}
}

func (k *parking) firstAlone() *Waiter {
	if k.owned == 0 {
		return nil
	}
	w := k.first
	for !w.alone {
		w = w.next
	}
	return w
}

// pop takes w off the list, if somebody needs to be woken.
func (k *parking) pop(w *Waiter) *Waiter {
	if !k.waits() || w == nil {
		return nil
	}
	k.unlist(w)
	if w.alone {
		k.waking = w
	}
	return w
}

func (k *parking) wakeAll() {
	for w := k.first; w != nil; w = k.first {
		k.unlist(w)
		w.seat.Wake()
	}
}
