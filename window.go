package pl

import (
	"math/bits"
	"sync"
	"sync/atomic"
)

// windowQueue is a queue without a lock per value.
//
// Each producer owns a port, a list of chunks, with how many values it has published and how many more it may publish
// (its credit). Each consumer owns a port too, a window of values it has fetched in bulk, with how many of them it has
// claimed, and where the window ends. All four are in one atomic [word] of the worker. Publishing and claiming are
// each a compare-and-swap on it, or even one together, and nobody else touches it in the normal case; the lock is
// taken once per window and once per bulk of credit.
//
// Nothing is private, which is what law 4 asks for: a consumer that finds nothing steals the unclaimed half of
// another's window, and a producer that finds no room takes back the others' unspent credit. So the queue behaves as
// if each value were handed over alone, and the bound is exact: room is what is neither published, nor in a window
// unclaimed, nor promised as credit.
type windowQueue[T any] struct {
	limit  int64 // 0: no bound
	tagged bool

	_      [64]byte
	alerts atomic.Uint32 // what a producer must look at when it announces a value
	// starved tells that a producer is parked for want of room.
	starved atomic.Bool
	// held counts values that driven workers have pulled and not begun; they are in no window.
	held atomic.Int64
	_    [48]byte

	mu      sync.Mutex
	origin  *origin[T] // instead of producers; nil: there is none
	outs    []*outPort[T]
	ready   []*atomic.Uint64 // a bit per producer: it may have values
	ins     []*inPort[T]
	windows []*inPort[T]  // those that may hold unclaimed values
	holders []*outPort[T] // those that may hold unspent credit
	back    []Item[T]     // values put back, taken before all others, the last first
	spare   *chunk[T]     // recycled chunks
	spares  int
	granted int64 // credits ever given, less those taken back
	pulled  int64 // values ever moved to consumers
	turn    int   // where the next pull begins, so that no producer starves
	edges   int
	gone    []func()
	stopped bool

	hungry    parking // consumers
	producers parking
}

const (
	alertHungry  = 1 // a consumer is parked
	alertStopped = 2
)

// chunk is a piece of a producer's list. Chunks are linked before the first value in them is published.
type chunk[T any] struct {
	vals []T
	tags []tag
	next *chunk[T]
}

const (
	firstChunk = 8
	mostChunk  = 256
	mostWindow = 64
)

func newWindowQueue[T any](bound int, tagged bool) *windowQueue[T] {
	return &windowQueue[T]{limit: int64(bound), tagged: tagged}
}

func (q *windowQueue[T]) attach(gone func()) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.edges++
	q.gone = append(q.gone, gone)
}

func (q *windowQueue[T]) closeOne() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.edges--; q.edges == 0 {
		q.hungry.wakeAll()
	}
}

func (q *windowQueue[T]) stop() {
	q.mu.Lock()
	stopped := q.stopped
	q.stopped = true
	q.alerts.Or(alertStopped)
	for _, p := range q.outs {
		p.word.Or(announceValue)
	}
	q.hungry.wakeAll()
	q.producers.wakeAll()
	gone := q.gone
	q.mu.Unlock()
	if !stopped {
		for _, f := range gone {
			f()
		}
	}
}

func (q *windowQueue[T]) length() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.origin != nil {
		return 0
	}
	n := int64(len(q.back)) + q.unclaimed()
	for _, p := range q.outs {
		n += int64(p.published())
	}
	return int(n)
}

// nextReady finds a producer with values, at or after from, else before it; -1: there is none.
//
// The bit of an empty producer is cleared, and then its next value is to be announced: its word tells whether one was
// published before that.
func (q *windowQueue[T]) nextReady(from int) int {
	words := len(q.ready)
	if words == 0 {
		return -1
	}
	from %= len(q.outs)
	for n := range words + 1 { // the first word twice: from its bit on, and what is before it
		i := (from/64 + n) % words
		set := q.ready[i].Load()
		if n == 0 {
			set &= ^uint64(0) << (from % 64)
		}
		for ; set != 0; set &= set - 1 {
			p := q.outs[i*64+bits.TrailingZeros64(set)]
			if p.published() > 0 {
				return p.index
			}
			p.flag.And(^p.bit)
			if p.unread(p.word.Or(announceValue)) > 0 {
				p.flag.Or(p.bit)
				return p.index
			}
		}
	}
	return -1
}
