package queue

import (
	"sync"
	"sync/atomic"
)

// Windowed is a queue without a lock per value.
//
// Each producer has an end, a list of chunks, with how many values it has published and how many more it may publish
// (its credit). Each consumer has an end too, a window of values it has fetched in bulk, with how many of them it has
// claimed, and where the window ends. All four are in one atomic [Word] of the worker. Publishing and claiming are
// each a compare-and-swap on it, or even one together, and nobody else touches it in the normal case; the lock is
// taken once per window and once per bulk of credit.
//
// Nothing is private, which is what law 4 asks for: a consumer that finds nothing steals the unclaimed half of
// another's window, and a producer that finds no room takes back the others' unspent credit. So the queue behaves as
// if each value were handed over alone, and the bound is exact: room is what is neither published, nor in a window
// unclaimed, nor promised as credit.
type Windowed[T any] struct {
	// What a value touches that comes alone stands first, on as few cache lines as can be.

	mu sync.Mutex
	// mayHandOver tells producers that a value might be handed over.
	mayHandOver     atomic.Bool
	stopped         bool
	tagged          bool
	ready           readyList[T]     // the producers that may have values
	parkedConsumers parking          // consumers
	static          *staticValues[T] // instead of producers; nil: there is none
	windows         []*In[T]         // those that may hold unclaimed values

	limit           int64 // 0: no bound
	stages          int
	parkedProducers parking
	credited        []*Out[T] // those that may hold unspent credit
	granted         int64     // credits ever given, less those taken back
	pulled          int64     // values ever moved from producers to consumers
	handedOver      int64     // values ever handed to a consumer past the queue
	outs            []*Out[T]
	ins             []*In[T]
	onStop          []func()

	// unbegun counts values that driven workers have pulled and not begun; they are in no window.
	unbegun atomic.Int64
	// roomWanted tells driven workers that a producer is parked for want of room.
	roomWanted atomic.Bool
}

// chunk is a piece of a producer's list. Chunks are linked before the first value in them is published.
type chunk[T any] struct {
	vals []T
	tags []Tag
	next *chunk[T]
}

const (
	firstChunk = 8
	mostChunk  = 256
	MostWindow = 64
	mostSpares = 4
)

// spares are emptied chunks, to be used again: as many as a queue of a thousand values needs.
type spares[T any] struct {
	last *chunk[T]
	n    int
}

func (s *spares[T]) push(c *chunk[T]) {
	c.next = nil
	if s.n < mostSpares && len(c.vals) > 0 { // an Out's first chunk has no place
		c.next, s.last = s.last, c
		s.n++
	}
}

func (s *spares[T]) pop() *chunk[T] {
	c := s.last
	if c != nil {
		s.last, c.next = c.next, nil
		s.n--
	}
	return c
}

func NewWindowed[T any](bound int, tagged bool) *Windowed[T] {
	return &Windowed[T]{limit: int64(bound), tagged: tagged}
}

// SetStatic gives the queue n values that are there already, instead of producers.
func (q *Windowed[T]) SetStatic(n int, at func(i int) T) {
	q.static = &staticValues[T]{at: at, end: n}
}

func (q *Windowed[T]) AddStage(onStop func()) {
	q.mu.Lock()
	defer q.unlock()
	q.stages++
	q.onStop = append(q.onStop, onStop)
}

func (q *Windowed[T]) StageEnded() {
	q.mu.Lock()
	defer q.unlock()
	if q.stages--; q.stages == 0 {
		q.parkedConsumers.wakeAll()
	}
}

func (q *Windowed[T]) Stop() {
	q.mu.Lock()
	stopped := q.stopped
	q.stopped = true
	q.askForValue()
	q.parkedConsumers.wakeAll()
	q.parkedProducers.wakeAll()
	onStop := q.onStop
	q.unlock()
	if !stopped {
		for _, f := range onStop {
			f()
		}
	}
}

// Taken is how many values consumers have ever taken: claimed, or begun, if the consumer is driven. Nobody counts them, so
// that this costs nothing until it is asked.
func (q *Windowed[T]) Taken() uint64 {
	q.mu.Lock()
	defer q.unlock()
	return uint64(q.pulled + q.handedOver + q.static.fetched() - q.unclaimed())
}

func (q *Windowed[T]) Len() int {
	q.mu.Lock()
	defer q.unlock()
	if q.static != nil {
		return 0
	}
	n := q.unclaimed()
	for _, p := range q.outs {
		n += int64(p.unpulled())
	}
	return int(n)
}
