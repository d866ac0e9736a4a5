package pl

// inPort is a consumer's end.
type inPort[T any] struct {
	word   *word // its lower half
	q      *windowQueue[T]
	tagged bool
	handed bool // buf has a value that is in no window; guarded by q.mu
	buf    []T
	tags   []tag

	// onFill is called before each fill, at most once per window.
	onFill func()

	pace pace

	_      [64]byte
	isOpen bool // listed in q.windows; guarded by q.mu
	_      [64]byte
}

func (q *windowQueue[T]) consumer(shared *word) inlet[T] {
	q.mu.Lock()
	defer q.mu.Unlock()
	p := &inPort[T]{word: shared, q: q, tagged: q.tagged}
	if shared == nil {
		p.word = new(word)
	}
	q.ins = append(q.ins, p)
	return p
}

func (p *inPort[T]) inWindow() int { return windowOf(p.word.Load()) }

func (p *inPort[T]) take(seat Seat) (v T, t tag, ok bool) { return p.takeUnless(seat, nil) }

// takeUnless is take that gives up, with ok false, when quit says so; whoever makes quit true wakes the seat.
func (p *inPort[T]) takeUnless(seat Seat, quit func() bool) (v T, t tag, ok bool) {
	w, ok := p.claim()
	if !ok {
		w, ok = p.next(seat, quit)
	}
	if ok {
		v, t = p.remove(w)
	}
	return v, t, ok
}

// claim takes the next value of the window, if there is one, and returns the word as it was before. It is small enough
// to be inlined into the workers' loop.
func (p *inPort[T]) claim() (w uint64, ok bool) {
	w = p.word.Load()
	return w, nextOf(w) != endOf(w) && p.word.CompareAndSwap(w, w+oneClaim)
}

// next is claim that fetches a window where there is none.
func (p *inPort[T]) next(seat Seat, quit func() bool) (w uint64, ok bool) {
	for p.inWindow() > 0 {
		if w, ok = p.claim(); ok {
			return w, true
		}
	}
	return p.fill(seat, quit)
}

// remove gets the value that was claimed when the word was w. With that it leaves the queue.
func (p *inPort[T]) remove(w uint64) (v T, t tag) {
	v, t = p.lift(nextOf(w)), p.liftTag(nextOf(w))
	p.claimed(w)
	return v, t
}

// lift gets the value at place i. The place is cleared, or it would keep alive what the value points to.
func (p *inPort[T]) lift(i uint64) (v T) {
	v, p.buf[i] = p.buf[i], v
	return v
}

// liftTag gets the tag at place i, if there are tags.
func (p *inPort[T]) liftTag(i uint64) (t tag) {
	if p.tagged {
		t, p.tags[i] = p.tags[i], t
	}
	return t
}

// claimed tells the queue, if it wants to hear of it, that a value was claimed when the word was w.
func (p *inPort[T]) claimed(w uint64) {
	if w&announceClaim != 0 {
		p.announceClaim()
	}
}

// announceClaim tells the queue that a value has left it: a producer waits for room.
func (p *inPort[T]) announceClaim() {
	p.q.mu.Lock()
	defer p.q.mu.Unlock()
	if p.q.wakeProducer() {
		p.word.And(^uint64(announceClaim))
	}
}

// fill fetches a window and claims its first value, waiting for one.
func (p *inPort[T]) fill(seat Seat, quit func() bool) (w uint64, ok bool) {
	if p.onFill != nil {
		p.onFill()
	}
	size := p.pace.window()
	q := p.q
	q.mu.Lock()
	defer q.mu.Unlock()
	n := 0
	if !q.quiet() {
		n = q.fetch(p, size)
	}
	if n == 0 {
		if n, w, ok = p.wait(seat, size, quit); n == 0 {
			return w, ok
		}
	}
	fields := oneClaim | uint64(n)
	if !q.producers.empty() {
		fields |= announceClaim
	}
	p.word.set(windowFields|announceClaim, fields)
	if n > 1 {
		q.open(p)
	}
	p.pace.begin(n)
	q.passOn(n > 1)
	return 0, true
}

// wait is fetch that waits for values. Where n is 0 there is nothing left to fetch: with ok, the first value of the window
// was claimed when the word was w; else there is none.
func (p *inPort[T]) wait(seat Seat, size int, quit func() bool) (n int, w uint64, ok bool) {
	q := p.q
	me := waiterOf(seat)
	me.into = nil
	if me.alone && quit == nil {
		me.into = p
		q.receptive.Store(true)
	}
	for q.await(me, quit) {
		if p.handed {
			p.handed = false
			if !q.quiet() {
				q.passOn(false)
			}
			return 0, 0, true
		}
		if p.inWindow() > 0 { // another seat of this worker has filled it meanwhile
			q.hungry.remove(me)
			w = p.word.Add(oneClaim) - oneClaim // nobody steals while the lock is held
			q.passOn(windowOf(w) > 1)
			return 0, w, true
		}
		if n = q.fetch(p, size); n > 0 {
			q.hungry.remove(me)
			return n, 0, true
		}
	}
	return 0, 0, false
}

// await parks the worker where there was nothing to fetch; then the caller looks again. It reports false at the end of
// the input, once the queue is stopped, and when quit says so; whoever makes quit true wakes the seat. The lock is held
// on entry and on return, so that no value can have come between the look and the park: who is not ready announces its
// next value, which takes the lock too.
func (q *windowQueue[T]) await(me *waiter, quit func() bool) bool {
	switch {
	case q.stopped:
		return false
	case quit != nil && quit():
		q.hungry.remove(me)
		q.passOn(false) // it may have been woken for a value
		return false
	case q.victim() != nil: // its owner was faster, once
		return true
	case q.edges == 0 || !me.alone && !me.listed && !me.seat.WaitInput():
		q.hungry.remove(me)
		return false
	}
	q.hungry.add(me)
	q.mu.Unlock()
	me.seat.Park()
	q.mu.Lock()
	q.hungry.awake(me)
	return true
}

// quiet tells, at the least price, that there is no value, and nothing that might be one.
func (q *windowQueue[T]) quiet() bool {
	return q.ready.first == nil && len(q.windows) == 0 && q.origin == nil
}

// anything tells whether a consumer would find a value.
func (q *windowQueue[T]) anything() bool {
	return q.ready.any() || q.origin.left() > 0 || q.victim() != nil
}

// passOn is called by a consumer that was served: it wakes the next if there is work left, its own included.
func (q *windowQueue[T]) passOn(own bool) {
	if q.hungry.waits() && (own || q.anything()) {
		q.wakeConsumer().seat.Wake()
	}
	if q.limit > 0 && q.producers.waits() && q.room() > 0 {
		q.wakeProducer()
	}
}

func (q *windowQueue[T]) open(p *inPort[T]) {
	if !p.isOpen {
		p.isOpen = true
		q.windows = append(q.windows, p)
	}
}

// fetch moves up to size values to the front of p's buffer and returns how many. It steals where there is nothing
// else; 0 is possible, since the window to steal from may just have been emptied by its owner.
func (q *windowQueue[T]) fetch(p *inPort[T], size int) int {
	if n := q.pull(p, size); n > 0 {
		return n
	}
	return q.steal(p)
}

// share limits n to an equal part, of what is there, for each worker: those that are driven cannot be stolen from.
func (q *windowQueue[T]) share(n int) int {
	return max(1, min(n, q.ready.count(n*len(q.ins))/len(q.ins)))
}

// pull moves up to n values from the producers, or from the origin, to the front of p's buffer.
func (q *windowQueue[T]) pull(p *inPort[T], n int) int {
	p.buf = p.buf[:0]
	p.tags = p.tags[:0]
	q.ready.moveTo(p, n)
	q.pulled += int64(len(p.buf))
	if q.origin.left() > 0 {
		p.buf = q.origin.appendTo(p.buf, n)
	}
	return len(p.buf)
}

// moveTo appends n published values to the consumer's buffer.
func (p *outPort[T]) moveTo(in *inPort[T], n int) {
	for todo := n; todo > 0; {
		c := p.first
		if p.headPos == len(c.vals) {
			p.first, p.headPos = c.next, 0
			p.spares.push(c)
			continue
		}
		from := c.vals[p.headPos:min(p.headPos+todo, len(c.vals))]
		in.buf = append(in.buf, from...)
		if p.tagged {
			tags := c.tags[p.headPos : p.headPos+len(from)]
			in.tags = append(in.tags, tags...)
			clear(tags)
		}
		clear(from) // or the queue would keep alive what the values point to
		p.headPos += len(from)
		p.head += uint64(len(from))
		todo -= len(from)
	}
}

// victim is the consumer with the most unclaimed values in its window, or nil.
func (q *windowQueue[T]) victim() *inPort[T] {
	_, most := q.survey()
	return most
}

// survey counts the values that consumers have in their windows, unclaimed, and finds who has the most of them, nil where
// there are none. It forgets the consumers without any.
func (q *windowQueue[T]) survey() (n int, most *inPort[T]) {
	if len(q.windows) == 0 {
		return 0, nil
	}
	kept, record := q.windows[:0], 0
	for _, p := range q.windows {
		u := p.inWindow()
		if p.isOpen = u > 0; !p.isOpen {
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

// steal moves the later half of another consumer's unclaimed values to p's buffer. Only the owner writes to its
// buffer outside the lock, and only below the end that the exchange lowers.
func (q *windowQueue[T]) steal(p *inPort[T]) int {
	victim := q.victim()
	if victim == nil {
		return 0
	}
	w := victim.word.Load()
	end := endOf(w)
	n := (end - nextOf(w) + 1) / 2
	if n == 0 || !victim.word.CompareAndSwap(w, w-n) {
		return 0
	}
	p.buf = append(p.buf[:0], victim.buf[end-n:end]...)
	clear(victim.buf[end-n : end])
	if q.tagged {
		p.tags = append(p.tags[:0], victim.tags[end-n:end]...)
		clear(victim.tags[end-n : end])
	}
	return int(n)
}
