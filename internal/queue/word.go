package queue

import "sync/atomic"

// Word is the state of a worker's ends at its queues, in one atomic word, so that publishing a result and claiming the
// next value can be one exchange:
//
//	tail:34 | credit:14 | valueAsked:1 | claimAsked:1 | next:7 | end:7
//
// tail and credit are of the end where it produces: how many values it has ever published, modulo 2^34, and how many
// more it may. next and end are of the end where it consumes: the unclaimed part of its window. Others change the word
// only under the lock of the queue they share with it: they take back credit, or lower end by stealing, or set an
// asked bit. Who finds that set when it publishes, or claims, must tell the queue. So the worker looks at no memory
// of the queue that others write to, unless the queue has asked for it.
type Word struct {
	_    [64]byte
	bits atomic.Uint64
	_    [56]byte
}

const (
	oneClaim   = 1 << 7
	claimAsked = 1 << 14
	valueAsked = 1 << 15
	oneCredit  = 1 << 16
	oneValue   = 1 << 30

	windowFields = claimAsked - 1
	creditField  = oneValue - oneCredit
	tailMask     = 1<<34 - 1
	mostCredit   = 1 << 13 // of a producer, far from overflow
)

// State is a word at one moment.
type State uint64

func (s State) next() uint64   { return uint64(s) / oneClaim % 128 }
func (s State) end() uint64    { return uint64(s) % 128 }
func (s State) credit() uint64 { return uint64(s) & creditField / oneCredit }
func (s State) tail() uint64   { return uint64(s) / oneValue }

// Window is how many values of the window are unclaimed.
func (s State) Window() int { return int(s.end()) - int(s.next()) }

func (w *Word) load() State { return State(w.bits.Load()) }

func (w *Word) compareAndSwap(before State, after State) bool {
	return w.bits.CompareAndSwap(uint64(before), uint64(after))
}

// set replaces the fields that mask covers.
func (w *Word) set(mask, fields State) (before State) {
	for {
		before = w.load()
		if w.compareAndSwap(before, before&^mask|fields) {
			return before
		}
	}
}

// AndClaim is what Offer and Publish add to claim the next value of the window too.
const AndClaim State = oneClaim
