package pl

import "github.com/gopeln/pl/internal/queue"

// ownLoop handles values until there are no more, and then reports false. It chooses the loop for
// that from what the stage uses. If the function panics, it reports true, and the value under way
// has the panic as its fault.
func (w *worker[A, B]) ownLoop(l *valueLoop[A, B]) (again bool) {
	returned := false
	defer func() {
		if !returned && l.inFunction() {
			again = w.recoverValue(l, recover())
		}
	}()
	usual := (w.windowIn != nil || w.channelIn != nil) && (l.windowOut != nil || l.channelOut != nil)
	take := w.next
	switch {
	case w.calls != nil:
	case usual && w.one != nil && w.windowIn != nil && l.windowOut != nil:
		take = w.streamWindow
	case usual && w.one != nil:
		take = w.streamOne
	case usual:
		take = w.stream
	case w.one != nil && w.windowIn != nil && len(w.trackers) > 0 && !l.timed:
		take = w.streamTagged
	case w.one != nil && w.holdingIn != nil && w.turnstile == nil:
		take = w.streamHolding
	}
	for l.busy || take(l) {
		if !l.handle() {
			break
		}
	}
	returned = true
	return false
}

// next gives l its next value, from a queue of any type. It waits for one, and reports false if
// there are no more.
func (w *worker[A, B]) next(l *valueLoop[A, B]) (ok bool) {
	if w.holdingIn != nil || w.calls != nil || w.turnstile != nil {
		return w.nextWanted(l)
	}
	if l.v, l.t, ok = w.in.Take(l.me); ok && w.windowIn == nil {
		w.counts.take()
	}
	return ok && w.beginUnlessStopped(l)
}

// nextWanted is next for values that may hold something of the queue, whose call of a Func may have
// ended, or that have to pass a turnstile. It is a function apart because its frame is large, and
// other seats need not have it on their stacks.
func (w *worker[A, B]) nextWanted(l *valueLoop[A, B]) (ok bool) {
	if w.entering && !l.seat.WaitInput() {
		return false
	}
	for {
		if w.holdingIn != nil {
			l.v, l.t, ok = w.holdingIn.Exchange(l.me, &l.hold)
		} else if l.v, l.t, ok = w.in.Take(l.me); ok && w.windowIn == nil {
			w.counts.take()
		}
		if !ok || !w.beginUnlessStopped(l) {
			return false
		}
		if w.calls == nil || w.calls.Wanted(l.t) {
			return w.turnstile == nil || w.enter(l)
		}
		w.skip()
		l.drop()
	}
}

// stream is the loop of the usual case: the queues are of known types, there is neither an order
// nor a Timeout, and each first attempt succeeds. It reports true if an attempt has failed, with
// that value under way, and false at the end.
func (w *worker[A, B]) stream(l *valueLoop[A, B]) bool {
	for {
		if !w.receive(l) {
			return false
		}
		l.calling = true
		err := l.kernel(l.ctx, l.v, l.emit)
		l.calling = false
		switch {
		case l.refused:
			return false
		case err != nil:
			l.fault = err
			return true
		case l.given == 0:
			l.end()
		default:
			l.busy = false
		}
	}
}

// streamWindow is stream for a function that returns one result for each value, if the worker's two
// ends share a word: within a window, one exchange hands on a result and claims the next value. It
// is written out in this loop, since a call for it would cost 15 %.
func (w *worker[A, B]) streamWindow(l *valueLoop[A, B]) bool {
	in, out, one, ctx := w.windowIn, l.windowOut, w.one, l.ctx
	for more := w.receive(l); more; {
		l.calling = true
		result, err := one(ctx, l.v)
		l.calling = false
		if err != nil {
			l.fault = err
			return true
		}
		if at, ok := out.Steady(); ok && out.Offer(result, at, queue.AndClaim) {
			v, asked := in.Lift(at)
			if l.v = v; asked {
				in.AnnounceClaim()
			}
			if w.site.stopped.Load() {
				l.busy = false
				return false
			}
			continue // what begin sets has not changed
		}
		l.busy = false
		if !out.Put(l.me, result, queue.Tag{}) {
			return false
		}
		more = w.receive(l)
	}
	return false
}

// streamOne is stream for a function that returns one result for each value, if a channel is at one
// end of the worker or at both.
func (w *worker[A, B]) streamOne(l *valueLoop[A, B]) bool {
	one, ctx := w.one, l.ctx
	for ok := true; ok && w.receive(l); {
		l.calling = true
		result, err := one(ctx, l.v)
		l.calling = false
		if err != nil {
			l.fault = err
			return true
		}
		l.busy = false
		if l.windowOut != nil {
			ok = l.windowOut.Put(l.me, result, queue.Tag{})
		} else {
			ok = l.putChannel(result)
		}
	}
	return false
}

// streamTagged is stream for a function that returns one result for each value, on the way to an
// Ordered: the result has its value's tag.
func (w *worker[A, B]) streamTagged(l *valueLoop[A, B]) bool {
	in, one, ctx := w.windowIn, w.one, l.ctx
	for {
		at, ok := in.Claim()
		if !ok {
			if at, ok = in.Next(l.me); !ok {
				return false
			}
		}
		l.v, l.t = in.Remove(at)
		if !w.beginUnlessStopped(l) {
			return false
		}
		l.calling = true
		result, err := one(ctx, l.v)
		l.calling = false
		if err != nil {
			l.fault = err
			return true
		}
		l.busy = false
		if !w.put(l.me, result, l.t) {
			return false
		}
	}
}

// streamHolding is stream for a function that returns one result for each value, if the values hold
// something of their queue.
func (w *worker[A, B]) streamHolding(l *valueLoop[A, B]) (ok bool) {
	in, one, ctx := w.holdingIn, w.one, l.ctx
	for {
		if l.v, l.t, ok = in.Exchange(l.me, &l.hold); !ok || !w.beginUnlessStopped(l) {
			return false
		}
		l.calling = true
		result, err := one(ctx, l.v)
		l.calling = false
		if err != nil {
			l.fault = err
			return true
		}
		l.busy = false
		if !w.put(l.me, result, l.t) {
			return false
		}
	}
}

// receive is next for queues of known types, without calls through an interface.
func (w *worker[A, B]) receive(l *valueLoop[A, B]) bool {
	if w.windowIn != nil {
		at, ok := w.windowIn.Claim()
		if !ok {
			if at, ok = w.windowIn.Next(l.me); !ok {
				return false
			}
		}
		l.v, _ = w.windowIn.Remove(at)
	} else if w.counts == nil {
		v, ok := w.channelIn.Receive()
		if !ok {
			return false
		}
		l.v = v
	} else {
		v, _, ok := w.channelIn.Take(l.me)
		if !ok {
			return false
		}
		l.v = v
		w.counts.take()
	}
	return w.beginUnlessStopped(l)
}

// beginUnlessStopped begins the value that l has received. It reports false instead if the stage
// stops.
func (w *worker[A, B]) beginUnlessStopped(l *valueLoop[A, B]) bool {
	if w.site.stopped.Load() {
		return false
	}
	l.begin()
	return true
}

// maxRestAfter bounds how many values a worker handles before its seat may rest. Usually a worker
// handles one window of the queue, and so only one value if values take long.
const maxRestAfter = queue.MostWindow

// bracketedLoop is ownLoop for a seat whose Enter and Leave surround each call: a seat of the
// backend's own, or any seat under a Timeout. Very many seats may wait in a call at a time, and
// each keeps its stack, so there are few frames, and small ones, from here down to the function.
func (w *worker[A, B]) bracketedLoop(l *valueLoop[A, B]) (again bool) {
	defer func() {
		if l.inFunction() { // else the loop has returned
			again = w.recoverValue(l, recover())
		}
	}()
	one := w.one
	if w.windowIn == nil || l.windowOut == nil {
		one = nil
	}
	for {
		w.restIfDue(l)
		if !l.busy && !w.next(l) {
			break
		}
		w.sinceRest++
		var out B
		err := l.fault
		if err == nil {
			ctx := l.seat.Enter(l.ctx)
			if w.sampler != nil {
				w.sampler.next(&l.t)
			}
			l.yielded, l.calling = 0, true
			if one == nil {
				err = l.kernel(ctx, l.v, l.emit)
			} else {
				out, err = one(ctx, l.v)
			}
			l.calling = false
			err = l.seat.Leave(err)
		}
		if one != nil && err == nil {
			if !w.putAndTake(l, out) {
				break
			}
		} else if !l.endAttempt(err) {
			break
		}
	}
	return false
}

// restIfDue lets the seat rest if a rest is due.
func (w *worker[A, B]) restIfDue(l *valueLoop[A, B]) {
	if w.sinceRest >= w.restAfter {
		w.sinceRest = 0
		l.seat.Rest(l.busy)
	}
}

// putAndTake hands a result on. If no rest is due, and the window has a value left, it claims that
// value in the same exchange and begins it. It reports false if the stage must stop.
func (w *worker[A, B]) putAndTake(l *valueLoop[A, B], out B) (ok bool) {
	l.busy = false
	claim := queue.AndClaim
	if w.sinceRest >= w.restAfter {
		claim = 0
	}
	before, ok := l.windowOut.Publish(l.me, out, queue.Tag{}, claim)
	if !ok {
		return false
	}
	if claim == 0 || before.Window() == 0 {
		return true
	}
	l.v, _ = w.windowIn.Remove(before)
	return w.beginUnlessStopped(l)
}
