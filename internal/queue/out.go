package queue

import "github.com/gopeln/pl/internal/timesheet"

// Out is a producer's end of a Windowed queue.
type Out[T any] struct {
	word *Word // of the worker; its fields tail and credit belong to this end

	// These are set before the first value, and then only read.
	q         *Windowed[T]
	increment State // what publishing adds to the word
	tagged    bool
	driven    bool // its credit is what it has reserved, and not taken back

	// Only the producer uses these.
	last *chunk[T]
	vals []T // of last
	pos  int // of the next value in vals

	_ [64]byte // without it, each fetch would cost the producer a cache miss

	// These are guarded by q.mu.
	first      *chunk[T]
	head       uint64 // values ever fetched
	handedOver uint64 // values ever handed over
	headPos    int    // of the next value to fetch, in first
	spares     spares[T]
	inReady    bool    // listed in q.ready
	nextReady  *Out[T] // the next there
	inCredited bool    // listed in q.credited

	_ [64]byte
}

// Producer implements Queue. It returns an *Out.
func (q *Windowed[T]) Producer() Sink[T] {
	q.mu.Lock()
	defer q.unlock()
	empty := new(chunk[T])
	p := &Out[T]{
		word: new(Word), q: q, increment: oneValue - oneCredit, tagged: q.tagged, first: empty, last: empty,
	}
	p.word.bits.Store(valueAsked) // invariant 5: the first value is announced
	if q.limit == 0 {
		p.increment = oneValue
		p.word.bits.Store(valueAsked | oneCredit) // a credit that publishing does not spend
	}
	q.outs = append(q.outs, p)
	return p
}

// Steady returns the worker's word, and reports whether it can publish a value and claim the next
// of its window without having to tell any queue.
//
// Like all that the workers' loop calls, it is a method of a generic type: the body of a plain
// function would not reach the packages that instantiate the loop, and could not be inlined there.
func (p *Out[T]) Steady() (s State, ok bool) {
	s = p.word.load()
	return s, s&valueAsked == 0 && s.Window() > 0
}

// Word returns the word of the worker, which its In may share.
func (p *Out[T]) Word() *Word { return p.word }

// unpulled returns the number of values that are published and not fetched. The caller must hold
// the lock, or be alone.
func (p *Out[T]) unpulled() int { return p.unpulledAt(p.word.load()) }

// unpulledAt is unpulled for a state of the word.
func (p *Out[T]) unpulledAt(w State) int { return int((w.tail() - p.head) & tailMask) }

// Given returns the number of values that have ever left the producer. No worker counts them, so
// this costs nothing until it is called.
func (p *Out[T]) Given() uint64 {
	p.q.mu.Lock()
	defer p.q.unlock()
	return p.head + p.handedOver + uint64(p.unpulled())
}

// available is unpulled for a consumer that will not look again: if it returns 0, the next value
// will be announced. The caller must hold the lock.
func (p *Out[T]) available() int {
	if n := p.unpulled(); n > 0 {
		return n
	}
	// Sets the bit and counts in one step, so that no value comes between the two.
	return p.unpulledAt(State(p.word.bits.Or(valueAsked)))
}

// Tagged reports whether the queue keeps the tags of its values.
func (p *Out[T]) Tagged() bool { return p.tagged }

// Put implements Sink.
func (p *Out[T]) Put(me *Waiter, v T, t Tag) bool {
	_, ok := p.Publish(me, v, t, 0)
	return ok
}

// Publish is Put that, if claim is AndClaim, also claims the next value of the window that shares
// the word, if there is one, in the same exchange. It returns the word as it was before that; the
// window of the returned state is not empty if a value was claimed.
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
		if p.Offer(v, w, also) { // v is published, and a value claimed if also says so
			return w, w&valueAsked == 0 || p.announceValue()
		}
		// Offer failed: the word has changed, or there is no credit, perhaps because what acquire
		// got was taken back.
		if w&creditField == 0 && !p.q.acquire(p, me) {
			return 0, false
		}
	}
}

// PutAll is Put for several values without tags, which are published at once as far as there is
// room for all. It returns how many it has put: all, unless the queue was stopped.
func (p *Out[T]) PutAll(me *Waiter, values []T) (n int) {
	for n < len(values) {
		if p.pos == len(p.vals) {
			p.grow()
		}
		some := values[n:min(len(values), n+len(p.vals)-p.pos)]
		got, wanted := p.offerAll(some)
		if got == 0 {
			got = 1
			_, wanted = p.Publish(me, some[0], Tag{}, 0)
		}
		if !wanted {
			return n
		}
		n += got
	}
	return n
}

// offerAll publishes the first values for which there is credit. Like Offer it publishes none if
// there is no credit or the word has changed. It reports false once the queue is stopped.
func (p *Out[T]) offerAll(values []T) (n int, wanted bool) {
	w := p.word.load()
	if n = len(values); p.q.limit > 0 {
		n = min(n, int(w.credit()))
	}
	place := p.vals[p.pos : p.pos+n]
	copy(place, values)
	if n == 0 || !p.word.compareAndSwap(w, w+State(n)*p.increment) {
		clear(place)
		return 0, true
	}
	p.pos += n
	return n, w&valueAsked == 0 || p.announceValue()
}

// Offer is the usual case of Publish, small enough to be inlined into the workers' loop. It reports
// false if there is no credit, no place in the chunk, or the word is no longer w. The caller must
// store the tag before the call and, if w has valueAsked set, announce the value after it.
func (p *Out[T]) Offer(v T, w, claim State) bool {
	if w&creditField == 0 || p.pos >= len(p.vals) {
		return false
	}
	p.vals[p.pos] = v // the place is the producer's until the exchange publishes it
	// The exchange publishes the place and spends a credit, if the queue has a bound; if claim is
	// AndClaim, it also claims the next value of the window.
	if !p.word.compareAndSwap(w, w+p.increment+claim) {
		var zero T
		p.vals[p.pos] = zero // the next try may hand v over, and this place would keep it alive
		return false
	}
	p.pos++
	return true
}

// handOver gives v to a parked consumer past the queue if the queue is empty, and reports whether
// it did. Such a value, which comes alone, is taken in half the time, and needs no room.
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

// announceValue tells the queue that p has a value, and wakes a consumer. It reports false once the
// queue is stopped.
func (p *Out[T]) announceValue() bool {
	q := p.q
	q.mu.Lock()
	if q.stopped {
		q.unlock()
		return false
	}
	p.word.bits.And(^uint64(valueAsked)) // p is listed, so its next values need no announcement
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

// popConsumer removes the consumer that is to be woken next and returns it, or nil. If that
// consumer shares its goroutine, and so may be delayed, the next value is announced too. The caller
// must hold the lock, and wakes the consumer after it has released the lock.
func (q *Windowed[T]) popConsumer() *Waiter {
	woken := q.parkedConsumers.popLast()
	if q.parkedConsumers.needsWake() {
		q.askForValue()
	}
	return woken
}

// askForValue sets valueAsked in the word of each producer, so that its next value is announced.
// The caller must hold the lock.
func (q *Windowed[T]) askForValue() {
	for _, p := range q.outs {
		p.word.bits.Or(valueAsked)
	}
}

// grow gives the producer a chunk to write to: a spare if it is not much smaller than the last
// chunk, otherwise a new one of twice the size. So the chunks stay small if the consumers keep up.
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

// acquire gets at least 1 credit for p, and waits for room if necessary. It reports false once the
// queue is stopped. Credit that it got can be taken back before it is spent.
func (q *Windowed[T]) acquire(p *Out[T], me *Waiter) bool {
	q.mu.Lock()
	defer q.unlock()
	if p.word.load().credit() > 0 { // got or reserved since the caller looked: there may be no other room
		return true
	}
	room := q.awaitRoom(me)
	switch {
	case room == 0:
		return false
	case p.word.load().credit() > 0: // another seat of the worker has got some
		q.wakeNextProducer()
	default:
		q.grant(p, q.bulk(p, room))
	}
	return true
}

// awaitRoom waits for room and returns how much there is, or 0 once the queue is stopped. The
// caller must hold the lock, which awaitRoom releases while it is parked.
//
// No wake-up is lost: the producer asks for the next claim of each window to be announced, and then
// looks once more, since a claim before that was not announced.
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
		case !me.listed:
			q.parkedProducers.add(me)
			q.askForClaim()
		default:
			q.unlock()
			me.park(timesheet.Blocked)
			q.mu.Lock()
			q.parkedProducers.unparked(me)
		}
	}
	q.parkedProducers.remove(me)
	q.wakeNextProducer() // it may have been woken for room
	return 0
}

// room returns how many more values may be promised. Claims and begins can only raise it meanwhile.
// The caller must hold the lock.
func (q *Windowed[T]) room() int64 {
	return q.limit - (q.granted - q.pulled + q.unclaimed())
}

// unclaimed returns the number of values that are fetched and not begun. The caller must hold the
// lock.
func (q *Windowed[T]) unclaimed() int64 {
	n, _ := q.survey()
	return q.unbegun.Load() + int64(n)
}

// revoke takes back all unspent credit that is not reserved, and returns the room that there is
// then. The caller must hold the lock.
func (q *Windowed[T]) revoke() int64 {
	for _, p := range q.credited {
		p.inCredited = false
		// The exchange takes back the credit that p has not spent until then.
		q.granted -= int64(p.word.set(creditField, 0).credit())
	}
	clear(q.credited)
	q.credited = q.credited[:0]
	return q.room()
}

// bulk returns how much credit to grant out of the room: all of it, up to a window, since each
// grant costs a lock, and producers that need some take it back. A driven worker gets a single
// credit: it reserves what it needs beyond that.
func (q *Windowed[T]) bulk(p *Out[T], room int64) int64 {
	if p.driven {
		return 1
	}
	return min(room, MostWindow)
}

// grant gives p n of the room. A single credit is spent at once, so it need not be listed. The
// caller must hold the lock.
func (q *Windowed[T]) grant(p *Out[T], n int64) {
	q.granted += n
	p.word.bits.Add(uint64(n) * oneCredit) // from here on p can spend it
	if n > 1 && !p.inCredited && !p.driven {
		p.inCredited = true
		q.credited = append(q.credited, p)
	}
	q.wakeNextProducer()
}

// askForClaim sets claimAsked in the word of each consumer with a window, so that its next claim is
// announced, and roomWanted for driven workers. The caller must hold the lock.
func (q *Windowed[T]) askForClaim() {
	q.roomWanted.Store(true)
	for _, p := range q.windows {
		p.word.bits.Or(claimAsked)
	}
}

// wakeNextProducer wakes the next producer if there is room, or unspent credit that it can take
// back. Invariant: while there is such credit, no producer is parked unless another is woken, which
// will wake it; the holder of the credit may keep it for as long as its function takes. The caller
// must hold the lock.
func (q *Windowed[T]) wakeNextProducer() {
	if !q.parkedProducers.empty() {
		q.askForClaim()
		if len(q.credited) > 0 || q.room() > 0 {
			q.wakeProducer()
		}
	}
}

// wakeProducer wakes the producer that has waited longest, unless one is woken already. It reports
// whether claims need not be announced any more. The caller must hold the lock.
func (q *Windowed[T]) wakeProducer() bool {
	q.parkedProducers.wakeFirst()
	if q.parkedProducers.needsWake() {
		return false
	}
	q.roomWanted.Store(false)
	return true
}
