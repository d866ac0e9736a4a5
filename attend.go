package pl

import "github.com/gopeln/pl/internal/queue"

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
