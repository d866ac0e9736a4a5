package queue

import (
	"sync"
	"sync/atomic"
)

// Windowed is a queue without a lock for each value. The package comment explains it.
type Windowed[T any] struct {
	// A value that comes alone touches the first fields, which stand together to be on few cache
	// lines. mu guards all fields but the atomic ones and those that never change: limit, tagged.
	mu sync.Mutex
	// mayHandOver is set if a consumer may be parked that a value can be handed to. It is written
	// under the lock, by a consumer that parks and a producer that looks for one; producers read it
	// without the lock.
	mayHandOver     atomic.Bool
	stopped         bool
	tagged          bool
	ready           readyList[T] // producers that may have values
	parkedConsumers parking
	static          *staticValues[T] // instead of producers, or nil
	windows         []*In[T]         // of consumers that may have unclaimed values

	limit           int64 // the bound; 0: none
	stages          int   // producing stages that have not ended
	parkedProducers parking
	credited        []*Out[T] // of producers that may have unspent credit
	granted         int64     // credits ever given, less those taken back
	pulled          int64     // values ever moved from producers to consumers
	handedOver      int64     // values ever handed to a consumer past the queue
	outs            []*Out[T]
	ins             []*In[T]
	onStop          []func() // called by the first Stop

	// unbegun counts the values that driven workers have pulled and not begun, which are in no
	// window. A worker that pulls raises it under the lock; Begin lowers it without.
	unbegun atomic.Int64
	// roomWanted tells driven workers that a producer waits for room. It is written under the lock,
	// and read by Begin without.
	roomWanted atomic.Bool
}

// chunk is a piece of a producer's list of values. A chunk is linked before the first value in it
// is published.
type chunk[T any] struct {
	vals []T
	tags []Tag
	next *chunk[T]
}

const (
	// MostWindow is the most values that a consumer fetches at once, and the most credit that a
	// producer gets at once.
	MostWindow = 64

	firstChunk = 8 // places in the first chunk of a producer
	mostChunk  = 256

	mostSpares       = 4  // what a queue of a thousand values needs
	mostDrivenSpares = 32 // for the results of messages, which come in bulk
)

// spares are emptied chunks for the producer to use again.
type spares[T any] struct {
	last *chunk[T]
	n    int
}

func (s *spares[T]) push(c *chunk[T], most int) {
	c.next = nil
	if s.n < most && len(c.vals) > 0 { // the first chunk of an Out is empty
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

// NewWindowed makes a queue with that bound; 0 means none. If tagged is set, it keeps the tags of
// the values.
func NewWindowed[T any](bound int, tagged bool) *Windowed[T] {
	return &Windowed[T]{limit: int64(bound), tagged: tagged}
}

// SetStatic gives the queue n values that are there from the start. Such a queue has no producers.
func (q *Windowed[T]) SetStatic(n int, at func(i int) T) {
	q.static = &staticValues[T]{at: at, end: n}
}

// EndStatic ends the static values with those that have been fetched.
func (q *Windowed[T]) EndStatic() {
	q.mu.Lock()
	defer q.unlock()
	q.static.end = q.static.next
}

// AddStage implements Queue.
func (q *Windowed[T]) AddStage(onStop func()) {
	q.mu.Lock()
	defer q.unlock()
	q.stages++
	q.onStop = append(q.onStop, onStop)
}

// StageEnded implements Queue.
func (q *Windowed[T]) StageEnded() {
	q.mu.Lock()
	defer q.unlock()
	if q.stages--; q.stages == 0 {
		q.parkedConsumers.wakeAll()
	}
}

// Stop implements Queue.
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

// Taken returns the number of values that consumers have ever taken: claimed, or begun if the
// consumer is driven. No worker counts them, so this costs nothing until it is called.
func (q *Windowed[T]) Taken() uint64 {
	q.mu.Lock()
	defer q.unlock()
	return uint64(q.pulled + q.handedOver + q.static.fetched() - q.unclaimed())
}

// Len implements Queue. Static values are not in the queue.
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
