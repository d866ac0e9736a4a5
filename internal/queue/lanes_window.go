package queue

// claim takes the next value of the window. It reports false if there is none.
func (in *lanesInlet[T, K]) claim() bool {
	w, ok := in.claimNext()
	if ok && w&claimAsked != 0 {
		in.announceClaim()
	}
	return ok
}

// claimNext is claim that leaves it to the caller to announce it. It returns the word as it was
// before.
func (in *lanesInlet[T, K]) claimNext() (w State, ok bool) {
	for w = in.word.load(); w.Window() > 0; w = in.word.load() {
		// The exchange claims the place next, which a thief can no longer have, and lets go of the
		// one before.
		if in.word.compareAndSwap(w, w+oneClaim) {
			in.given = &in.buf[w.next()]
			return w, true
		}
	}
	return w, false
}

// announceClaim makes use of what a value has given back, and another has by leaving the queue, for
// a producer that waits.
func (in *lanesInlet[T, K]) announceClaim() {
	q := in.q
	q.mu.Lock()
	defer q.mu.Unlock()
	q.settle(in, 1)
	q.admit()
	q.wakeNext()
	if q.entering.count == 0 {
		in.word.bits.And(^uint64(claimAsked))
	}
}

// fetch moves up to n values that are ready to the window of in, takes the first, and returns how
// many there were. The caller must hold q.mu.
func (q *Lanes[T, K]) fetch(in *lanesInlet[T, K], n int) int {
	if n = min(n, q.ready.count); n == 0 {
		return 0
	}
	in.buf = q.ready.moveTo(in.buf[:0], n)
	for i := range in.buf {
		in.buf[i].number = q.pulled + int64(i)
	}
	q.fetched += n
	q.open(in)
	q.left(n)
	q.admit()
	return n
}

// steal moves the later half of the unclaimed values of another window to that of in, takes the
// first, and returns how many there were. It returns 0 if the owner has claimed them meanwhile. The
// caller must hold q.mu.
func (q *Lanes[T, K]) steal(in *lanesInlet[T, K]) int {
	victim := q.survey()
	if victim == nil {
		return 0
	}
	from, end := victim.word.stealHalf()
	if from == end {
		return 0
	}
	in.buf = append(in.buf[:0], victim.buf[from:end]...)
	clear(victim.buf[from:end])
	q.open(in)
	q.admit()
	q.wakeNext()
	return end - from
}

// open makes what is in the buffer of in its window, of which the first value is claimed. The
// caller must hold q.mu.
func (q *Lanes[T, K]) open(in *lanesInlet[T, K]) {
	fields := State(oneClaim | len(in.buf))
	if q.entering.count > 0 {
		fields |= claimAsked
	}
	in.given, in.claimed, in.ended = &in.buf[0], 1, 0
	q.fetched--
	in.word.set(windowFields|claimAsked, fields) // from here on the others can be stolen
	if len(in.buf) > 1 && !in.inWindows {
		in.inWindows = true
		q.windows = append(q.windows, in)
	}
}

// settle records what the worker of in has claimed, and gives back what its values have kept, but
// for the last so many, which have not ended. It returns how many are unclaimed. The caller must
// hold q.mu.
func (q *Lanes[T, K]) settle(in *lanesInlet[T, K], last int) (unclaimed int) {
	w := in.word.load()
	next := int(w.next())
	q.fetched -= next - in.claimed
	in.claimed = next
	for ; in.ended < next-last; in.ended++ {
		e := &in.buf[in.ended]
		q.reopen(e.lane, e.weight)
		e.lane = nil
	}
	return w.Window()
}

// survey settles all windows, and returns the one with the most unclaimed values, or nil. It
// forgets the others that have none: nothing of theirs changes without the lock. The caller must
// hold q.mu, and wakes a consumer if there is a value for it.
func (q *Lanes[T, K]) survey() (most *lanesInlet[T, K]) {
	kept, record := q.windows[:0], 0
	for _, in := range q.windows {
		n := q.settle(in, 1)
		if in.inWindows = n > 0; !in.inWindows {
			continue
		}
		if n > record {
			record, most = n, in
		}
		kept = append(kept, in)
	}
	clear(q.windows[len(kept):])
	q.windows = kept
	return most
}

// refresh makes use of all that windows have given back. The caller must hold q.mu.
func (q *Lanes[T, K]) refresh() {
	if len(q.windows) > 0 {
		q.survey()
		q.admit()
		q.wakeNext()
	}
}

// makesRoom is fits after a look at what has left the windows. The caller must hold q.mu.
func (q *Lanes[T, K]) makesRoom(weight int64) bool {
	q.refresh()
	return q.fits(weight)
}

// askForClaim makes the next claim of each window announce itself, for the producers that wait. It
// looks once more for room, since a claim before that was not announced. The caller must hold q.mu.
func (q *Lanes[T, K]) askForClaim() {
	for _, in := range q.windows {
		in.word.bits.Or(claimAsked)
	}
	q.refresh()
}

// closeWindows takes all unclaimed values from the windows, and settles what was claimed before,
// since no worker need come back for that. The queue must be stopped, and the caller hold q.mu.
func (q *Lanes[T, K]) closeWindows() {
	for _, in := range q.windows {
		in.word.closeWindow()
		q.settle(in, 1)
	}
	q.windows = nil
}
