package pl

import "sync/atomic"

// word is the state of a worker's ends at its queues, in one atomic word, so that publishing a result and claiming the
// next value can be one exchange:
//
//	tail:34 | credit:14 | announceValue:1 | announceClaim:1 | next:7 | end:7
//
// tail and credit are of the end where it produces: how many values it has ever published, modulo 2^34, and how many
// more it may. next and end are of the end where it consumes: the unclaimed part of its window. Others change the word
// only under the lock of the queue they share with it: they take back credit, or lower end by stealing, or set an
// announce bit. Who finds that set when it publishes, or claims, must tell the queue. So the worker looks at no memory
// of the queue that others write to, unless the queue has asked for it.
type word struct {
	_ [64]byte
	atomic.Uint64
	_ [56]byte
}

const (
	oneClaim      = 1 << 7
	announceClaim = 1 << 14
	announceValue = 1 << 15
	oneCredit     = 1 << 16
	oneValue      = 1 << 30

	windowFields = announceClaim - 1
	creditField  = oneValue - oneCredit
	tailMask     = 1<<34 - 1
	mostCredit   = 1 << 13 // of a producer, far from overflow
)

func nextOf(w uint64) uint64   { return w / oneClaim % 128 }
func endOf(w uint64) uint64    { return w % 128 }
func creditOf(w uint64) uint64 { return w & creditField / oneCredit }
func tailOf(w uint64) uint64   { return w / oneValue }

// windowOf is how many values of the window are unclaimed.
func windowOf(w uint64) int { return int(endOf(w)) - int(nextOf(w)) }

// set replaces the fields that mask covers.
func (w *word) set(mask, fields uint64) (before uint64) {
	for {
		before = w.Load()
		if w.CompareAndSwap(before, before&^mask|fields) {
			return before
		}
	}
}
