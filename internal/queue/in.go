package queue

import "github.com/gopeln/pl/internal/timesheet"

// In is a consumer's end of a Windowed queue.
type In[T any] struct {
	word   *Word        // of the worker; its fields next and end belong to this end
	q      *Windowed[T] // never changes
	tagged bool         // never changes
	handed bool         // buf[0] is a value that was handed over, and in no window; guarded by q.mu

	// The window. q.mu guards the slices; the exchanges on word say to which goroutine each place
	// belongs.
	buf  []T
	tags []Tag // empty unless tagged

	// OnFill, if it is not nil, is called by the consumer before each fetch, so at most once for
	// each window. It is set before the first Take.
	OnFill func()

	pace pace // only the consumer uses it

	_         [64]byte
	inWindows bool // listed in q.windows; guarded by q.mu
	_         [64]byte
}

// Consumer implements Queue. It returns an *In.
func (q *Windowed[T]) Consumer(shared *Word) Inlet[T] {
	q.mu.Lock()
	defer q.unlock()
	p := &In[T]{word: shared, q: q, tagged: q.tagged}
	if shared == nil {
		p.word = new(Word)
	}
	q.ins = append(q.ins, p)
	return p
}

// WindowSize returns how many values the last windows had, or would have had if there had been
// enough.
func (p *In[T]) WindowSize() int { return p.pace.size }

func (p *In[T]) unclaimed() int { return p.word.load().Window() }

// Take implements Inlet.
func (p *In[T]) Take(me *Waiter) (v T, t Tag, ok bool) { return p.takeUnless(me, nil) }

// takeUnless is Take that also fails once quit reports true. The goroutine that makes quit true
// must wake the seat.
func (p *In[T]) takeUnless(me *Waiter, quit func() bool) (v T, t Tag, ok bool) {
	w, ok := p.Claim()
	if !ok {
		w, ok = p.next(me, quit)
	}
	if ok {
		v, t = p.Remove(w)
	}
	return v, t, ok
}

// Claim claims the next value of the window and returns the word as it was before; Remove must
// follow. It fails if the window is empty, or the word changed meanwhile. It is small enough to be
// inlined into the workers' loop.
func (p *In[T]) Claim() (w State, ok bool) {
	w = p.word.load()
	// The exchange claims the place next for the consumer: a thief can no longer have it.
	return w, w.next() != w.end() && p.word.compareAndSwap(w, w+oneClaim)
}

// Next is Claim that fetches a window if there is none, and waits for one. It fails at the end of
// the input, and once the queue is stopped.
func (p *In[T]) Next(me *Waiter) (s State, ok bool) { return p.next(me, nil) }

func (p *In[T]) next(me *Waiter, quit func() bool) (w State, ok bool) {
	for p.unclaimed() > 0 {
		if w, ok = p.Claim(); ok {
			return w, true
		}
	}
	return p.fill(me, quit)
}

// Remove returns the value that was claimed when the word was w, and so completes the claim.
func (p *In[T]) Remove(w State) (v T, t Tag) {
	v, t = p.lift(w.next()), p.liftTag(w.next())
	if w&claimAsked != 0 {
		p.AnnounceClaim()
	}
	return v, t
}

// Lift is the part of Remove that is small enough to be inlined into the workers' loop, for a queue
// without tags. If asked is set, the caller must call AnnounceClaim next, since a producer waits
// for the room.
func (p *In[T]) Lift(w State) (v T, asked bool) { return p.lift(w.next()), w&claimAsked != 0 }

// lift returns the value at place i, and clears the place, which would keep alive what the value
// points to.
func (p *In[T]) lift(i uint64) (v T) {
	v, p.buf[i] = p.buf[i], v
	return v
}

// liftTag is lift for the tag at place i, if the queue keeps tags.
func (p *In[T]) liftTag(i uint64) (t Tag) {
	if p.tagged {
		t, p.tags[i] = p.tags[i], t
	}
	return t
}

// AnnounceClaim tells the queue that a value has left it, and so wakes a producer that waits for
// room.
func (p *In[T]) AnnounceClaim() {
	p.q.mu.Lock()
	defer p.q.unlock()
	if p.q.wakeProducer() {
		p.word.bits.And(^uint64(claimAsked)) // claims nothing; the next claim is not announced
	}
}

// fill fetches a window and claims its first value. It waits for one, and fails as Next does.
func (p *In[T]) fill(me *Waiter, quit func() bool) (w State, ok bool) {
	if p.OnFill != nil {
		p.OnFill()
	}
	size := p.pace.nextSize()
	q := p.q
	q.mu.Lock()
	defer q.unlock()
	n := 0
	if !q.surelyEmpty() {
		n = q.fetch(p, size)
	}
	if n == 0 {
		if n, w, ok = p.wait(me, size, quit); n == 0 {
			return w, ok
		}
	}
	fields := State(oneClaim | n)
	if !q.parkedProducers.empty() {
		fields |= claimAsked
	}
	// The exchange claims the first value for this consumer, and leaves the others unclaimed: from
	// here on they can be stolen.
	p.word.set(windowFields|claimAsked, fields)
	if n > 1 {
		q.listWindow(p)
	}
	p.pace.fetched(n)
	q.wakeNext(n > 1)
	return 0, true
}

// wait waits until it has fetched n values. If it returns 0, it has fetched none: if ok, a value
// was claimed when the word was w, or was handed over; otherwise the input has ended, or the wait
// is to end. The caller must hold the lock, which wait releases while it is parked.
func (p *In[T]) wait(me *Waiter, size int, quit func() bool) (n int, w State, ok bool) {
	q := p.q
	me.receiver = nil
	if me.ownsGoroutine && quit == nil {
		me.receiver = p
		q.mayHandOver.Store(true)
	}
	for q.await(me, quit) {
		if p.handed {
			p.handed = false
			if !q.surelyEmpty() {
				q.wakeNext(false)
			}
			return 0, 0, true
		}
		if p.unclaimed() > 0 { // another seat of this worker has fetched them
			q.parkedConsumers.remove(me)
			// Claims the value at next. It is there: only a holder of the lock could steal it.
			w = State(p.word.bits.Add(oneClaim)) - oneClaim
			q.wakeNext(w.Window() > 1)
			return 0, w, true
		}
		if n = q.fetch(p, size); n > 0 {
			q.parkedConsumers.remove(me)
			return n, 0, true
		}
	}
	return 0, 0, false
}

// await parks the worker after it has found nothing to fetch; the caller then looks again. It
// reports false at the end of the input, once the queue is stopped, and if quit reports true. The
// caller must hold the lock, which await releases while it is parked.
//
// No wake-up is lost: a producer that is not on the ready list must take the lock to announce its
// next value, so none can come between the look and the park.
func (q *Windowed[T]) await(me *Waiter, quit func() bool) bool {
	switch {
	case q.stopped:
		return false
	case quit != nil && quit():
		q.parkedConsumers.remove(me)
		q.wakeNext(false) // it may have been woken for a value, which is another's now
		return false
	case q.victim() != nil: // the owner claimed what was to be stolen; there is more to steal
		return true
	case q.stages == 0 || !me.ownsGoroutine && !me.listed && !me.seat.WaitInput():
		q.parkedConsumers.remove(me)
		return false
	}
	q.parkedConsumers.add(me)
	q.unlock()
	me.park(timesheet.Starved)
	q.mu.Lock()
	q.parkedConsumers.unparked(me)
	return true
}

// surelyEmpty reports whether hasValue would have nothing to look at. It costs less than that.
func (q *Windowed[T]) surelyEmpty() bool {
	return q.ready.first == nil && len(q.windows) == 0 && q.static == nil
}

// hasValue reports whether a consumer would find a value.
func (q *Windowed[T]) hasValue() bool {
	return q.ready.any() || q.static.remaining() > 0 || q.victim() != nil
}

// wakeNext wakes the next consumer if there is work left, and a producer if there is room. A
// consumer calls it when it has been served; own says that its own window has unclaimed values. The
// caller must hold the lock.
func (q *Windowed[T]) wakeNext(own bool) {
	if q.parkedConsumers.needsWake() && (own || q.hasValue()) {
		q.popConsumer().seat.Wake()
	}
	if q.limit > 0 && q.parkedProducers.needsWake() && q.room() > 0 {
		q.wakeProducer()
	}
}

// listWindow lists p among the windows with unclaimed values (invariant 3).
func (q *Windowed[T]) listWindow(p *In[T]) {
	if !p.inWindows {
		p.inWindows = true
		q.windows = append(q.windows, p)
	}
}

// fetch moves up to size values to the front of p's buffer and returns how many. If no producer has
// any, it steals. It may return 0 although there is a window to steal from, if the owner empties it
// meanwhile. The caller must hold the lock.
func (q *Windowed[T]) fetch(p *In[T], size int) int {
	if n := q.pull(p, size); n > 0 {
		return n
	}
	return q.steal(p)
}

// pull moves up to n values from the producers, or the static values, to the front of p's buffer,
// and returns how many. The caller must hold the lock.
func (q *Windowed[T]) pull(p *In[T], n int) int {
	p.buf = p.buf[:0]
	p.tags = p.tags[:0]
	q.ready.moveTo(p, n)
	q.pulled += int64(len(p.buf))
	if q.static.remaining() > 0 {
		q.static.moveTo(p, n)
	}
	return len(p.buf)
}

// moveTo appends n published values to the consumer's buffer. The caller must hold the lock, to
// which published places belong.
func (p *Out[T]) moveTo(in *In[T], n int) {
	for todo := n; todo > 0; {
		c := p.first
		if p.headPos == len(c.vals) {
			p.first, p.headPos = c.next, 0
			p.spares.push(c, p.mostSpares())
			continue
		}
		from := c.vals[p.headPos:min(p.headPos+todo, len(c.vals))]
		in.buf = append(in.buf, from...)
		if p.tagged {
			tags := c.tags[p.headPos : p.headPos+len(from)]
			in.tags = append(in.tags, tags...)
			clear(tags)
		}
		clear(from) // the places would keep alive what the values point to
		p.headPos += len(from)
		p.head += uint64(len(from))
		todo -= len(from)
	}
}

// victim returns the consumer with the most unclaimed values, or nil.
func (q *Windowed[T]) victim() *In[T] {
	_, most := q.survey()
	return most
}

// survey counts the unclaimed values in all windows, and finds the consumer with the most of them,
// or nil. It removes consumers without any from the list. The caller must hold the lock.
func (q *Windowed[T]) survey() (n int, most *In[T]) {
	if len(q.windows) == 0 {
		return 0, nil
	}
	kept, record := q.windows[:0], 0
	for _, p := range q.windows {
		u := p.unclaimed()
		if p.inWindows = u > 0; !p.inWindows {
			continue
		}
		if n += u; u > record {
			record, most = u, p
		}
		kept = append(kept, p)
	}
	clear(q.windows[len(kept):])
	q.windows = kept
	return n, most
}

// steal moves the later half of the unclaimed values of another window to p's buffer, and returns
// how many. The caller must hold the lock. The owner of the window touches its buffer without the
// lock, but only places that it has claimed.
func (q *Windowed[T]) steal(p *In[T]) int {
	victim := q.victim()
	if victim == nil {
		return 0
	}
	from, end := victim.word.stealHalf()
	if from == end {
		return 0
	}
	p.buf = append(p.buf[:0], victim.buf[from:end]...)
	clear(victim.buf[from:end])
	if q.tagged {
		p.tags = append(p.tags[:0], victim.tags[from:end]...)
		clear(victim.tags[from:end])
	}
	return end - from
}
