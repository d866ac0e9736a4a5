package pl

// attend is serve for a seat of the backend's own, which wants to know of each call. Very many of them may wait within a
// call at a time, and each keeps its stack; so from here down to the function there are few frames, and small ones.
func (w *worker[A, B]) attend(h *handler[A, B]) (again bool) {
	returned := false
	defer func() {
		if !returned && h.mine() {
			again = w.salvage(h, recover())
		}
	}()
	for h.busy || w.next(h) {
		err := h.fault
		if err == nil {
			ctx := h.seat.Enter(h.ctx)
			h.yielded, h.calling = 0, true
			err = h.kernel(ctx, h.v, h.emit)
			h.calling = false
			err = h.seat.Leave(err)
		}
		if !h.conclude(err) {
			break
		}
	}
	returned = true
	w.flush()
	return false
}
