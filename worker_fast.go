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

// restAfter is how many values a worker handles at most before its seat may rest. A turn is a window of the queue, and so
// becomes shorter, down to one value, once it is known that each takes its time.
const restAfter = queue.MostWindow

// attend is serve for a seat of the backend's own, which wants to know of each call. Very many of them may wait within a
// call at a time, and each keeps its stack; so from here down to the function there are few frames, and small ones.
func (w *worker[A, B]) attend(h *handler[A, B]) (again bool) {
	defer func() {
		if h.mine() { // else attend has returned
			again = w.salvage(h, recover())
		}
	}()
	one := w.one
	if w.window == nil || h.port == nil {
		one = nil
	}
	for w.rested(h) && (h.busy || w.next(h)) {
		w.unrested++
		var out B
		err := h.fault
		if err == nil {
			ctx := h.seat.Enter(h.ctx)
			h.yielded, h.calling = 0, true
			if one == nil {
				err = h.kernel(ctx, h.v, h.emit)
			} else {
				out, err = one(ctx, h.v)
			}
			h.calling = false
			err = h.seat.Leave(err)
		}
		if one != nil && err == nil {
			if !w.pass(h, out) {
				break
			}
		} else if !h.conclude(err) {
			break
		}
	}
	w.flush()
	return false
}

// rested lets the seat rest now and then.
func (w *worker[A, B]) rested(h *handler[A, B]) bool {
	if w.unrested >= w.turn {
		w.unrested = 0
		h.seat.Rest(h.busy)
	}
	return true
}

// pass hands a result on. Where that can be one step with it, and there is no rest due before, it also begins the next
// value. It reports false where the stage shall stop.
func (w *worker[A, B]) pass(h *handler[A, B], out B) (ok bool) {
	h.busy = false
	claim := queue.AndClaim
	if w.unrested >= w.turn {
		claim = 0
	}
	before, ok := h.port.Publish(h.me, out, queue.Tag{}, claim)
	if !ok {
		return false
	}
	h.tally.out++
	if claim == 0 || before.Window() == 0 {
		return true
	}
	h.v, _ = w.window.Remove(before)
	return w.start(h)
}
