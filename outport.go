package pl

// outPort is a producer's end.
type outPort[T any] struct {
	word   *word // its upper half
	q      *windowQueue[T]
	step   uint64 // what publishing adds to word
	tagged bool
	driven bool // its credit is what it reserved, and never taken back

	// the producer's own
	last *chunk[T]
	vals []T // of last
	pos  int

	_ [64]byte // or each pull would cost the producer a cache miss

	// guarded by q.mu
	first     *chunk[T]
	head      uint64 // values ever pulled
	headPos   int
	spares    spares[T]
	isReady   bool // listed in q.ready, followed by
	nextReady *outPort[T]
	holds     bool // listed in q.holders

	_ [64]byte
}

func (q *windowQueue[T]) producer() sink[T] {
	q.mu.Lock()
	defer q.mu.Unlock()
	empty := new(chunk[T])
	p := &outPort[T]{
		word: new(word), q: q, step: oneValue - oneCredit, tagged: q.tagged, first: empty, last: empty,
	}
	p.word.Store(announceValue)
	if q.limit == 0 {
		p.step = oneValue
		p.word.Store(announceValue | oneCredit) // which is never spent
	}
	q.outs = append(q.outs, p)
	return p
}

// published is how many values are in the port.
func (p *outPort[T]) published() int { return p.unread(p.word.Load()) }

// unread is published, when the word was w.
func (p *outPort[T]) unread(w uint64) int { return int((tailOf(w) - p.head) & tailMask) }

// available is published. Where that is none, the next value will be announced.
func (p *outPort[T]) available() int {
	if n := p.published(); n > 0 {
		return n
	}
	return p.unread(p.word.Or(announceValue))
}

func (p *outPort[T]) put(seat Seat, v T, t tag) bool {
	_, ok := p.publish(seat, v, t, 0)
	return ok
}

// publish is put that, with claim = oneClaim, also claims the next value of the window that shares p's word, if there
// is one, in the same exchange, which is how [worker.pass] takes it. It returns the word as it was before.
func (p *outPort[T]) publish(seat Seat, v T, t tag, claim uint64) (w uint64, ok bool) {
	if w = p.word.Load(); w&announceValue != 0 && windowOf(w) == 0 && p.q.receptive.Load() && p.handOver(v) {
		return w, true
	}
	for {
		if p.pos == len(p.vals) {
			p.grow()
		}
		if p.tagged {
			p.last.tags[p.pos] = t
		}
		w = p.word.Load()
		also := claim
		if windowOf(w) == 0 {
			also = 0
		}
		if p.offer(v, w, also) {
			return w, w&announceValue == 0 || p.announce()
		}
		if w&creditField == 0 && !p.q.acquire(p, seat) {
			return 0, false
		}
	}
}

// offer is publish without its slow cases, small enough to be inlined into the workers' loop: it fails where there is no
// credit or no place, and where the word is no longer w. It leaves the tag, and the announcement, to its caller.
func (p *outPort[T]) offer(v T, w, claim uint64) bool {
	if w&creditField == 0 || p.pos >= len(p.vals) {
		return false
	}
	p.vals[p.pos] = v
	if !p.word.CompareAndSwap(w, w+p.step+claim) {
		p.vals[p.pos] = *new(T) // the next try may hand v over, past this place, which must not keep it alive
		return false
	}
	p.pos++
	return true
}

// handOver gives a value to a consumer that waits, past the queue, if the queue is empty. A value that comes alone is there
// in half the time, and needs no room.
func (p *outPort[T]) handOver(v T) bool {
	q := p.q
	q.mu.Lock()
	q.receptive.Store(false)
	var to *waiter
	if q.ready.first == nil && !p.tagged && !p.driven {
		to = q.hungry.popReceiver()
	}
	if to == nil {
		q.mu.Unlock()
		return false
	}
	in := to.into.(*inPort[T])
	in.buf, in.handed = append(in.buf[:0], v), true
	q.mu.Unlock()
	to.seat.Wake()
	return true
}

// announce tells the queue that p is no longer empty. It reports false where nobody listens any more.
func (p *outPort[T]) announce() bool {
	q := p.q
	q.mu.Lock()
	if q.stopped {
		q.mu.Unlock()
		return false
	}
	p.word.And(^uint64(announceValue))
	if !p.isReady {
		p.isReady = true
		q.ready.push(p)
	}
	woken := q.wakeConsumer()
	q.mu.Unlock()
	if woken != nil {
		woken.seat.Wake()
	}
	return true
}

// wakeConsumer names the consumer to be woken next, if there is one. Where that one may be kept from running, the next
// value is announced too.
func (q *windowQueue[T]) wakeConsumer() *waiter {
	woken := q.hungry.popLast()
	if q.hungry.waits() {
		q.awaitValues()
	}
	return woken
}

// awaitValues has the next value announced, whoever publishes it.
func (q *windowQueue[T]) awaitValues() {
	for _, p := range q.outs {
		p.word.Or(announceValue)
	}
}

// grow gives the producer a chunk to write to: one that was emptied, if it is not much smaller than the last, else
// one of twice the size. So a port has small chunks while its consumers keep up.
func (p *outPort[T]) grow() {
	p.q.mu.Lock()
	c := p.spares.pop()
	p.q.mu.Unlock()
	if size := len(p.vals); c == nil || len(c.vals) < size/2 {
		c = newChunk[T](max(firstChunk, min(2*size, mostChunk)), p.tagged)
	}
	p.last.next = c
	p.last, p.vals, p.pos = c, c.vals, 0
}

func newChunk[T any](size int, tagged bool) *chunk[T] {
	c := &chunk[T]{vals: make([]T, size)}
	if tagged {
		c.tags = make([]tag, size)
	}
	return c
}

// acquire gets credit for p, at least 1, waiting for room. It reports false once the queue is stopped.
func (q *windowQueue[T]) acquire(p *outPort[T], seat Seat) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	room := q.awaitRoom(seat)
	switch {
	case room == 0:
		return false
	case creditOf(p.word.Load()) > 0: // another seat of the worker got some meanwhile
		q.passRoomOn()
	default:
		q.grant(p, q.bulk(p, room))
	}
	return true
}

// reserve gets credit of up to n that stays p's own, as far as there is room that nobody waits for.
func (p *outPort[T]) reserve(n int) int {
	q := p.q
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.limit == 0 {
		return n
	}
	if q.producers.busy() {
		return 0
	}
	room := q.room()
	if room <= 0 {
		room = q.revoke()
	}
	got := max(0, min(int64(n), room, mostCredit-int64(creditOf(p.word.Load()))))
	if got > 0 {
		q.grant(p, got)
	}
	return int(got)
}

// unreserve gives back n of what reserve got.
func (p *outPort[T]) unreserve(n int) {
	q := p.q
	if q.limit == 0 || n == 0 {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	for {
		w := p.word.Load()
		less := min(uint64(n), creditOf(w))
		if p.word.CompareAndSwap(w, w-less*oneCredit) {
			q.granted -= int64(less)
			break
		}
	}
	q.passRoomOn()
}

// awaitRoom waits for room and returns how much there is; 0 once the queue is stopped. The lock is held on entry and on
// return.
func (q *windowQueue[T]) awaitRoom(seat Seat) int64 {
	me := waiterOf(seat)
	for !q.stopped {
		room := q.room()
		if room <= 0 {
			room = q.revoke()
		}
		switch {
		case room > 0:
			q.producers.remove(me)
			return room
		case !me.listed: // then look again: a claim made before it was to be announced woke nobody
			q.producers.add(me)
			q.awaitClaims()
		default:
			q.mu.Unlock()
			seat.Park()
			q.mu.Lock()
			q.producers.awake(me)
		}
	}
	q.producers.remove(me)
	q.passRoomOn() // it may have been woken for room
	return 0
}

// room is how many values more may be promised. Claims made meanwhile can only add to it.
func (q *windowQueue[T]) room() int64 {
	return q.limit - (q.granted - q.pulled + q.unclaimed())
}

// unclaimed counts the values that consumers have fetched and not begun.
func (q *windowQueue[T]) unclaimed() int64 {
	n, _ := q.survey()
	return q.held.Load() + int64(n)
}

// revoke takes back all unspent credit and returns the room there is then.
func (q *windowQueue[T]) revoke() int64 {
	for _, p := range q.holders {
		p.holds = false
		q.granted -= int64(creditOf(p.word.set(creditField, 0)))
	}
	clear(q.holders)
	q.holders = q.holders[:0]
	return q.room()
}

// bulk is how much credit p gets when it needs some: all there is, up to a window, since each grant costs a lock, and
// others who need some take it back: one who is parked is woken for that.
func (q *windowQueue[T]) bulk(p *outPort[T], room int64) int64 {
	if p.driven {
		return 1
	}
	return min(room, mostWindow)
}

// grant gives p n of the room. A single credit is spent at once, so that nobody needs to take it back.
func (q *windowQueue[T]) grant(p *outPort[T], n int64) {
	q.granted += n
	p.word.Add(uint64(n) * oneCredit)
	if n > 1 && !p.holds && !p.driven {
		p.holds = true
		q.holders = append(q.holders, p)
	}
	q.passRoomOn()
}

// awaitClaims has the next claim announced, by whomever it is.
func (q *windowQueue[T]) awaitClaims() {
	q.starved.Store(true)
	for _, p := range q.windows {
		p.word.Or(announceClaim)
	}
}

// passRoomOn wakes the next producer if there may be room for it, be it credit of another, who may keep it for as long
// as its function takes. So nobody is parked, without one awake who would wake him, while there is credit to take back.
func (q *windowQueue[T]) passRoomOn() {
	if !q.producers.empty() {
		q.awaitClaims()
		if len(q.holders) > 0 || q.room() > 0 {
			q.wakeProducer()
		}
	}
}

// wakeProducer reports whether no claim needs to be announced now.
func (q *windowQueue[T]) wakeProducer() bool {
	q.producers.wakeFirst()
	if q.producers.waits() {
		return false
	}
	q.starved.Store(false)
	return true
}
