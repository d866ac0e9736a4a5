package queue

// Out is a producer's end.
type Out[T any] struct {
	word      *Word // its upper half
	q         *Windowed[T]
	increment State // what publishing adds to word
	tagged    bool
	driven    bool // its credit is what it reserved, and never taken back

	// the producer's own
	last *chunk[T]
	vals []T // of last
	pos  int

	_ [64]byte // or each pull would cost the producer a cache miss

	// guarded by q.mu
	first      *chunk[T]
	head       uint64 // values ever pulled
	handedOver uint64 // values ever handed over, past the queue
	headPos    int
	spares     spares[T]
	inReady    bool // listed in q.ready, followed by
	nextReady  *Out[T]
	inCredited bool // listed in q.credited

	_ [64]byte
}

func (q *Windowed[T]) Producer() Sink[T] {
	q.mu.Lock()
	defer q.unlock()
	empty := new(chunk[T])
	p := &Out[T]{
		word: new(Word), q: q, increment: oneValue - oneCredit, tagged: q.tagged, first: empty, last: empty,
	}
	p.word.bits.Store(valueAsked)
	if q.limit == 0 {
		p.increment = oneValue
		p.word.bits.Store(valueAsked | oneCredit) // which is never spent
	}
	q.outs = append(q.outs, p)
	return p
}

// Steady returns the worker's word, and whether a value can be published and the next of the window claimed without
// anybody having to be told.
//
// It is a method of the generic type on purpose: the body of a plain function does not reach the packages that
// instantiate the workers' loop, and would not be inlined there.
func (p *Out[T]) Steady() (s State, ok bool) {
	s = p.word.load()
	return s, s&valueAsked == 0 && s.Window() > 0
}

// Word is the worker's, which the worker's In may share.
func (p *Out[T]) Word() *Word { return p.word }

// unpulled is how many published values have not been pulled.
func (p *Out[T]) unpulled() int { return p.unpulledAt(p.word.load()) }

// unpulledAt is published, when the word was w.
func (p *Out[T]) unpulledAt(w State) int { return int((w.tail() - p.head) & tailMask) }

// Given is how many values have ever left the producer. Nobody counts them, so that this costs nothing until it is asked.
func (p *Out[T]) Given() uint64 {
	p.q.mu.Lock()
	defer p.q.unlock()
	return p.head + p.handedOver + uint64(p.unpulled())
}

// available is published. Where that is none, the next value will be announced.
func (p *Out[T]) available() int {
	if n := p.unpulled(); n > 0 {
		return n
	}
	return p.unpulledAt(State(p.word.bits.Or(valueAsked)))
}

func (p *Out[T]) Put(me *Waiter, v T, t Tag) bool {
	_, ok := p.Publish(me, v, t, 0)
	return ok
}

// Publish is Put that, with claim = oneClaim, also claims the next value of the window that shares p's word, if there
// is one, in the same exchange, which is how a worker of shared seats takes it. It returns the word as it was before.
func (p *Out[T]) Publish(me *Waiter, v T, t Tag, claim State) (w State, ok bool) {
	if w = p.word.load(); w&valueAsked != 0 && w.Window() == 0 && p.q.mayHandOver.Load() && p.handOver(v) {
		return w, true
	}
	for {
		if p.pos == len(p.vals) {
			p.grow()
		}
		if p.tagged {
			p.last.tags[p.pos] = t
		}
		w = p.word.load()
		also := claim
		if w.Window() == 0 {
			also = 0
		}
		if p.Offer(v, w, also) {
			return w, w&valueAsked == 0 || p.announceValue()
		}
		if w&creditField == 0 && !p.q.acquire(p, me) {
			return 0, false
		}
	}
}

// Offer is Publish without its slow cases, small enough to be inlined into the workers' loop: it fails where there is no
// credit or no place, and where the word is no longer w. It leaves the tag, and the announcement, to its caller.
func (p *Out[T]) Offer(v T, w, claim State) bool {
	if w&creditField == 0 || p.pos >= len(p.vals) {
		return false
	}
	p.vals[p.pos] = v
	if !p.word.compareAndSwap(w, w+p.increment+claim) {
		p.vals[p.pos] = *new(T) // the next try may hand v over, past this place, which must not keep it alive
		return false
	}
	p.pos++
	return true
}

// handOver gives a value to a consumer that waits, past the queue, if the queue is empty. A value that comes alone is there
// in half the time, and needs no room.
func (p *Out[T]) handOver(v T) bool {
	q := p.q
	q.mu.Lock()
	q.mayHandOver.Store(false)
	var to *Waiter
	if q.ready.first == nil && !p.tagged && !p.driven {
		to = q.parkedConsumers.popReceiver()
	}
	if to == nil {
		q.unlock()
		return false
	}
	in := to.receiver.(*In[T])
	in.buf, in.handed = append(in.buf[:0], v), true
	q.handedOver++
	p.handedOver++
	q.unlock()
	to.seat.Wake()
	return true
}

// announceValue tells the queue that p is no longer empty. It reports false where nobody listens any more.
func (p *Out[T]) announceValue() bool {
	q := p.q
	q.mu.Lock()
	if q.stopped {
		q.unlock()
		return false
	}
	p.word.bits.And(^uint64(valueAsked))
	if !p.inReady {
		p.inReady = true
		q.ready.push(p)
	}
	woken := q.popConsumer()
	q.unlock()
	if woken != nil {
		woken.seat.Wake()
	}
	return true
}

// popConsumer names the consumer to be woken next, if there is one. Where that one may be kept from running, the next
// value is announced too.
func (q *Windowed[T]) popConsumer() *Waiter {
	woken := q.parkedConsumers.popLast()
	if q.parkedConsumers.needsWake() {
		q.askForValue()
	}
	return woken
}

// askForValue has the next value announced, whoever publishes it.
func (q *Windowed[T]) askForValue() {
	for _, p := range q.outs {
		p.word.bits.Or(valueAsked)
	}
}

// grow gives the producer a chunk to write to: one that was emptied, if it is not much smaller than the last, else
// one of twice the size. So a producer has small chunks while its consumers keep up.
func (p *Out[T]) grow() {
	p.q.mu.Lock()
	c := p.spares.pop()
	p.q.unlock()
	if size := len(p.vals); c == nil || len(c.vals) < size/2 {
		c = newChunk[T](max(firstChunk, min(2*size, mostChunk)), p.tagged)
	}
	p.last.next = c
	p.last, p.vals, p.pos = c, c.vals, 0
}

func newChunk[T any](size int, tagged bool) *chunk[T] {
	c := &chunk[T]{vals: make([]T, size)}
	if tagged {
		c.tags = make([]Tag, size)
	}
	return c
}

// acquire gets credit for p, at least 1, waiting for room. It reports false once the queue is stopped.
func (q *Windowed[T]) acquire(p *Out[T], me *Waiter) bool {
	q.mu.Lock()
	defer q.unlock()
	room := q.awaitRoom(me)
	switch {
	case room == 0:
		return false
	case p.word.load().credit() > 0: // another seat of the worker got some meanwhile
		q.wakeNextProducer()
	default:
		q.grant(p, q.bulk(p, room))
	}
	return true
}

// awaitRoom waits for room and returns how much there is; 0 once the queue is stopped. The lock is held on entry and on
// return.
func (q *Windowed[T]) awaitRoom(me *Waiter) int64 {
	for !q.stopped {
		room := q.room()
		if room <= 0 {
			room = q.revoke()
		}
		switch {
		case room > 0:
			q.parkedProducers.remove(me)
			return room
		case !me.listed: // then look again: a claim made before it was to be announced woke nobody
			q.parkedProducers.add(me)
			q.askForClaim()
		default:
			q.unlock()
			me.seat.Park()
			q.mu.Lock()
			q.parkedProducers.unparked(me)
		}
	}
	q.parkedProducers.remove(me)
	q.wakeNextProducer() // it may have been woken for room
	return 0
}

// room is how many values more may be promised. Claims made meanwhile can only add to it.
func (q *Windowed[T]) room() int64 {
	return q.limit - (q.granted - q.pulled + q.unclaimed())
}

// unclaimed counts the values that consumers have fetched and not begun.
func (q *Windowed[T]) unclaimed() int64 {
	n, _ := q.survey()
	return q.unbegun.Load() + int64(n)
}

// revoke takes back all unspent credit and returns the room there is then.
func (q *Windowed[T]) revoke() int64 {
	for _, p := range q.credited {
		p.inCredited = false
		q.granted -= int64(p.word.set(creditField, 0).credit())
	}
	clear(q.credited)
	q.credited = q.credited[:0]
	return q.room()
}

// bulk is how much credit p gets when it needs some: all there is, up to a window, since each grant costs a lock, and
// others who need some take it back: one who is parked is woken for that.
func (q *Windowed[T]) bulk(p *Out[T], room int64) int64 {
	if p.driven {
		return 1
	}
	return min(room, MostWindow)
}

// grant gives p n of the room. A single credit is spent at once, so that nobody needs to take it back.
func (q *Windowed[T]) grant(p *Out[T], n int64) {
	q.granted += n
	p.word.bits.Add(uint64(n) * oneCredit)
	if n > 1 && !p.inCredited && !p.driven {
		p.inCredited = true
		q.credited = append(q.credited, p)
	}
	q.wakeNextProducer()
}

// askForClaim has the next claim announced, by whomever it is.
func (q *Windowed[T]) askForClaim() {
	q.roomWanted.Store(true)
	for _, p := range q.windows {
		p.word.bits.Or(claimAsked)
	}
}

// wakeNextProducer wakes the next producer if there may be room for it, be it credit of another, who may keep it for as long
// as its function takes. So nobody is parked, without one awake who would wake him, while there is credit to take back.
func (q *Windowed[T]) wakeNextProducer() {
	if !q.parkedProducers.empty() {
		q.askForClaim()
		if len(q.credited) > 0 || q.room() > 0 {
			q.wakeProducer()
		}
	}
}

// wakeProducer reports whether no claim needs to be announced now.
func (q *Windowed[T]) wakeProducer() bool {
	q.parkedProducers.wakeFirst()
	if q.parkedProducers.needsWake() {
		return false
	}
	q.roomWanted.Store(false)
	return true
}
