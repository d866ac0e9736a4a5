package pl

import "github.com/gopeln/pl/internal/queue"

// serve handles values until there are no more. A panic ends it early; then it reports true, with the value under way
// marked as failed.
func (w *worker[A, B]) serve(h *handler[A, B]) (again bool) {
	returned := false
	defer func() {
		if !returned && h.mine() {
			again = w.salvage(h, recover())
		}
	}()
	usual := (w.window != nil || w.direct != nil) && (h.port != nil || h.channel != nil) && !h.timed
	take := w.next
	switch {
	case usual && w.one != nil && w.window != nil && h.port != nil:
		take = w.streamWindow
	case usual:
		take = w.stream
	}
	for h.busy || take(h) {
		if !h.settle() {
			break
		}
	}
	returned = true
	if !h.replaced {
		w.flush()
	}
	return false
}

// next gives h a value to handle, from whatever queue.
func (w *worker[A, B]) next(h *handler[A, B]) (ok bool) {
	h.v, h.t, ok = w.in.Take(h.me)
	return ok && w.start(h)
}

// stream is the loop for the usual case: the queues are known, and the function succeeds without order or Timeout. It
// reports true with a value whose first attempt failed, false at the end.
func (w *worker[A, B]) stream(h *handler[A, B]) bool {
	for {
		if !w.receive(h) {
			return false
		}
		h.calling = true
		err := h.kernel(h.ctx, h.v, h.emit)
		h.calling = false
		switch {
		case h.refused:
			return false
		case err != nil:
			h.fault = err
			return true
		case h.given == 0:
			h.end()
		default:
			h.busy = false
		}
	}
}

// streamWindow is stream for a function that returns one result for each value, where the worker's two ends share a word: within a window, handing on a result and taking
// the next value is one exchange, all of it in this loop: a call for it would cost 15 %.
func (w *worker[A, B]) streamWindow(h *handler[A, B]) bool {
	in, port, one, ctx := w.window, h.port, w.one, h.ctx
	for more := w.receive(h); more; {
		h.calling = true
		out, err := one(ctx, h.v)
		h.calling = false
		if err != nil {
			h.fault = err
			return true
		}
		if at, ok := port.Steady(); ok && port.Offer(out, at, queue.AndClaim) {
			h.tally.out++
			h.v = in.Lift(at)
			in.Claimed(at)
			if w.site.stopped.Load() {
				h.busy = false
				return false
			}
			h.tally.in++ // the rest of begin stands as it is
			continue
		}
		h.busy = false
		if !port.Put(h.me, out, queue.Tag{}) {
			return false
		}
		h.tally.out++
		more = w.receive(h)
	}
	return false
}

// receive is next for the usual queues, without calls through an interface.
func (w *worker[A, B]) receive(h *handler[A, B]) bool {
	if w.window != nil {
		at, ok := w.window.Claim()
		if !ok {
			if at, ok = w.window.Next(h.me); !ok {
				return false
			}
		}
		h.v, _ = w.window.Remove(at)
	} else {
		if w.direct.Empty() {
			w.flush() // before it waits
		}
		v, ok := w.direct.Receive()
		if !ok {
			return false
		}
		h.v = v
	}
	return w.start(h)
}

// start begins the value that h has received, unless the stage stops.
func (w *worker[A, B]) start(h *handler[A, B]) bool {
	if w.site.stopped.Load() {
		return false
	}
	h.begin()
	return true
}
