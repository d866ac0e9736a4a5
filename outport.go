package pl

import (
	"runtime"
	"sync/atomic"
)

// outPort is a producer's end.
type outPort[T any] struct {
	word *word // its upper half
	q    *windowQueue[T]
	bit  uint64
	flag *atomic.Uint64 // the word of q.ready with bit
	step uint64         // what publishing adds to word

	// the producer's own
	last *chunk[T]
	pos  int

	// guarded by q.mu
	index   int
	first   *chunk[T]
	head    uint64 // values ever pulled
	headPos int
	holds   bool // listed in q.holders
	driven  bool // its credit is what it reserved, and never taken back
}

func (q *windowQueue[T]) producer() sink[T] {
	q.mu.Lock()
	defer q.mu.Unlock()
	empty := new(chunk[T])
	p := &outPort[T]{q: q, word: new(word), index: len(q.outs), step: oneValue - oneCredit, first: empty, last: empty}
	if q.limit == 0 {
		p.step = oneValue
		p.word.Store(oneCredit) // which is never spent
	}
	q.outs = append(q.outs, p)
	if p.index/64 == len(q.ready) {
		q.ready = append(q.ready, new(atomic.Uint64))
	}
	p.bit, p.flag = 1<<(p.index%64), q.ready[p.index/64]
	return p
}

func (p *outPort[T]) published() uint64 { return (tailOf(p.word.Load()) - p.head) & tailMask }

func (p *outPort[T]) put(seat parker, v T, t tag) bool {
	_, _, ok := p.publish(seat, v, t, 0)
	return ok
}

// publish is put that, with claim = oneClaim, also claims the next value of the window that shares p's word, and tells
// its place.
func (p *outPort[T]) publish(seat parker, v T, t tag, claim uint64) (next uint64, claimed, ok bool) {
	q := p.q
	var w uint64
	for {
		w = p.word.Load()
		if w&creditField == 0 {
			if !q.acquire(p, seat) {
				return 0, false, false
			}
			continue // the credit may have been taken back since
		}
		if p.pos == len(p.last.vals) {
			p.grow()
		}
		p.last.vals[p.pos] = v
		if q.tagged {
			p.last.tags[p.pos] = t
		}
		next = nextOf(w)
		change := p.step
		if claimed = claim != 0 && next != endOf(w); claimed {
			change += claim
		}
		if p.word.CompareAndSwap(w, w+change) {
			break
		}
	}
	p.pos++
	if p.flag.Load()&p.bit == 0 {
		p.flag.Or(p.bit)
	}
	if alerts := q.alerts.Load(); alerts != 0 {
		return next, claimed, q.alerted(alerts)
	}
	return next, claimed, true
}

// alerted does what a producer owes after a value: wake a hungry consumer, or learn that nobody listens.
func (q *windowQueue[T]) alerted(alerts uint32) bool {
	if alerts&alertHungry != 0 {
		q.mu.Lock()
		q.wakeConsumer()
		q.mu.Unlock()
	}
	return alerts&alertStopped == 0
}

// grow gives the producer a chunk to write to.
func (p *outPort[T]) grow() {
	c := p.q.spareChunk()
	if c == nil {
		size := max(firstChunk, min(2*len(p.last.vals), mostChunk))
		c = &chunk[T]{vals: make([]T, size)}
		if p.q.tagged {
			c.tags = make([]tag, size)
		}
	}
	p.last.next = c
	p.last, p.pos = c, 0
}

func (q *windowQueue[T]) spareChunk() *chunk[T] {
	q.mu.Lock()
	defer q.mu.Unlock()
	c := q.spare
	if c != nil {
		q.spare, c.next = c.next, nil
		q.spares--
	}
	return c
}

// acquire gets credit for p, at least 1, waiting for room. It reports false once the queue is stopped.
func (q *windowQueue[T]) acquire(p *outPort[T], seat parker) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	room := q.awaitRoom(seat)
	if room > 0 {
		q.grant(p, q.bulk(p, room))
	}
	return room > 0
}

// reserve gets credit of up to n that stays p's own, as far as there is room that nobody waits for.
func (p *outPort[T]) reserve(n int) int {
	q := p.q
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.limit == 0 {
		return n
	}
	if len(q.producers.parked) > 0 {
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
func (q *windowQueue[T]) awaitRoom(seat parker) int64 {
	me, patient := waiterOf(seat)
	for !q.stopped {
		room := q.room()
		if room <= 0 {
			room = q.revoke()
		}
		switch {
		case room > 0 && (!patient || room >= q.limit/4): // a little room is soon more, if others run first
			q.producers.remove(me)
			return room
		case patient: // as in await
			patient = false
			q.mu.Unlock()
			runtime.Gosched()
			q.mu.Lock()
		case !me.listed: // then look again: a claim made before starved was set woke nobody
			q.producers.add(me)
			q.starved.Store(true)
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

// unclaimed counts the values that consumers have fetched and not begun, and forgets the consumers without any.
func (q *windowQueue[T]) unclaimed() (n int64) {
	n = q.held.Load()
	kept := q.windows[:0]
	for _, p := range q.windows {
		if u := p.inWindow(); u > 0 {
			n += int64(u)
			kept = append(kept, p)
		} else {
			p.isOpen = false
		}
	}
	clear(q.windows[len(kept):])
	q.windows = kept
	return n
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
// others who need some take it back.
func (q *windowQueue[T]) bulk(p *outPort[T], room int64) int64 {
	if p.driven {
		return 1
	}
	return min(room, mostWindow)
}

// grant gives p n of the room.
func (q *windowQueue[T]) grant(p *outPort[T], n int64) {
	q.granted += n
	p.word.Add(uint64(n) * oneCredit)
	if n > 1 && !p.holds && !p.driven {
		p.holds = true
		q.holders = append(q.holders, p)
	}
	q.passRoomOn()
}

// passRoomOn wakes the next producer if there is room left for it.
func (q *windowQueue[T]) passRoomOn() {
	if len(q.producers.parked) > 0 {
		q.starved.Store(true)
		if q.room() > 0 {
			q.wakeProducer()
		}
	}
}

func (q *windowQueue[T]) wakeProducer() {
	if q.producers.wakeFirst() {
		q.starved.Store(false)
	}
}
