package queue

// parking is a list of parked workers. The lock of its queue guards it: the caller of each method
// must hold that.
//
// At most one waiter is woken at a time; once it is served, it wakes the next if there is work
// left. So trivial work does not wake all. A waiter that shares its goroutine is not counted as
// woken, since it may be delayed for any time.
type parking struct {
	first, last *Waiter // in the order in which they parked
	woken       *Waiter // the one that was woken and is not yet served, or nil
	owners      int     // of the parked, those that have a goroutine to themselves
}

// add adds w, unless it is listed.
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

// remove takes w off the list, if it is listed. It must be called when w no longer waits, whether
// it was woken or not.
func (k *parking) remove(w *Waiter) {
	k.unparked(w)
	if w.listed {
		k.unlist(w)
	}
}

// unlist takes w off the list.
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

// unparked records that the Park of w has returned. Every waiter calls it then, woken or not.
func (k *parking) unparked(w *Waiter) {
	if k.woken == w {
		k.woken = nil
	}
}

// empty reports whether no worker is parked.
func (k *parking) empty() bool { return k.first == nil }

// contended reports whether a worker is parked, or woken and not yet served.
func (k *parking) contended() bool { return k.woken != nil || !k.empty() }

// needsWake reports whether a worker is parked and none is woken that would wake it.
func (k *parking) needsWake() bool { return k.woken == nil && !k.empty() }

// popLast removes the worker that parked last, whose caches are the warmest, and returns it for the
// caller to wake. It returns nil if none needs to be woken.
func (k *parking) popLast() *Waiter { return k.pop(k.last) }

// popReceiver is popLast for a worker that is to be handed a value. It also returns nil if the last
// worker cannot be handed one.
func (k *parking) popReceiver() *Waiter {
	if k.last == nil || k.last.receiver == nil {
		return nil
	}
	return k.popLast()
}

// wakeFirst wakes the worker that has waited longest, if one needs to be woken. If that one shares
// its goroutine, it also wakes the first that does not.
func (k *parking) wakeFirst() {
	for w := k.pop(k.first); w != nil; w = k.pop(k.firstOwner()) {
		w.seat.Wake()
	}
}

// firstOwner returns the first worker with a goroutine of its own, or nil.
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

// pop removes w, and counts it as woken, if a worker needs to be woken. Otherwise it returns nil.
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

// wakeAll wakes all workers, for the end of the input or of the run.
func (k *parking) wakeAll() {
	for w := k.first; w != nil; w = k.first {
		k.unlist(w)
		w.seat.Wake()
	}
}
