package pl

import "slices"

// parking is a list of parked workers, guarded by its queue's lock. At most one of them is awake and not yet served:
// it wakes the next if there is work left, so that trivial work does not wake everybody. A seat that is not a
// goroutine's does not count: others may keep it from running for as long as they like.
type parking struct {
	parked []*waiter
	waking *waiter
	alone  int // of the parked, those that have a goroutine to themselves
}

// waiter is a worker that waits, or is about to.
type waiter struct {
	seat   Seat
	listed bool
	alone  bool // its seat is a goroutine's own, so that nothing keeps it from running
	into   any  // the *inPort that a value can be handed to; nil: none
}

// waiterOf is the seat's waiter. A goroutine has one for life, since it waits at one place at a time.
func waiterOf(seat Seat) *waiter {
	if own, ok := seat.(*goroutineSeat); ok {
		return &own.waiter
	}
	return &waiter{seat: seat}
}

func (k *parking) add(w *waiter) {
	if !w.listed {
		w.listed = true
		k.parked = append(k.parked, w)
		if w.alone {
			k.alone++
		}
	}
}

// remove takes w off the list, whether it was woken or not.
func (k *parking) remove(w *waiter) {
	k.awake(w)
	if w.listed {
		k.take(slices.Index(k.parked, w))
	}
}

// take takes the i-th off the list.
func (k *parking) take(i int) *waiter {
	w := k.parked[i]
	k.parked = slices.Delete(k.parked, i, i+1)
	w.listed = false
	if w.alone {
		k.alone--
	}
	return w
}

// awake is called by a worker that has come back from Park, for whatever reason.
func (k *parking) awake(w *waiter) {
	if k.waking == w {
		k.waking = nil
	}
}

// busy tells whether somebody is parked, or awake and not yet served.
func (k *parking) busy() bool { return k.waking != nil || len(k.parked) > 0 }

// waits tells whether somebody is parked, and nobody who would wake him is awake.
func (k *parking) waits() bool { return k.waking == nil && len(k.parked) > 0 }

// popLast takes the worker off the list that parked last, whose caches are the warmest; the caller wakes it. nil: nobody
// needs to be woken.
func (k *parking) popLast() *waiter { return k.pop(len(k.parked) - 1) }

// popReceiver is popLast for a value to be handed over: nil also where that worker could not take it.
func (k *parking) popReceiver() *waiter {
	if last := len(k.parked) - 1; last < 0 || k.parked[last].into == nil {
		return nil
	}
	return k.popLast()
}

// wakeFirst wakes the worker that has waited longest, if one needs to be woken. Where that one may be kept from running,
// it also wakes the first that cannot be.
func (k *parking) wakeFirst() {
	for w := k.pop(0); w != nil; w = k.popAlone() {
		w.seat.Wake()
	}
}

func (k *parking) popAlone() *waiter {
	if k.alone == 0 {
		return nil
	}
	return k.pop(slices.IndexFunc(k.parked, func(w *waiter) bool { return w.alone }))
}

func (k *parking) pop(i int) *waiter {
	if !k.waits() {
		return nil
	}
	w := k.take(i)
	if w.alone {
		k.waking = w
	}
	return w
}

func (k *parking) wakeAll() {
	for _, w := range k.parked {
		w.listed = false
		w.seat.Wake()
	}
	k.parked, k.alone = nil, 0
}
