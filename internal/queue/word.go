package queue

import "sync/atomic"

// Word is the state of a worker's two ends, so that it can publish a result and claim its next
// value in one exchange:
//
//	tail:34 | credit:14 | valueAsked:1 | claimAsked:1 | next:7 | end:7
//
// tail and credit belong to its Out: the number of values that it has ever published, modulo 2^34,
// and how many more it may publish. next and end belong to its In: the values of the window from
// next to end-1 are unclaimed.
//
// The worker changes its word by publishing and claiming. Others change it only under the lock of
// the queue that they share with the worker: they give or take back credit, lower end to steal, or
// set an asked bit. A worker that publishes and finds valueAsked set, or claims and finds
// claimAsked set, must tell the queue; otherwise it touches no cache line that other workers write
// to.
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
	mostCredit   = 1 << 13 // that a producer may reserve; the field holds twice as much
)

// State is the value of a Word at one moment.
type State uint64

func (s State) next() uint64   { return uint64(s) / oneClaim % 128 }
func (s State) end() uint64    { return uint64(s) % 128 }
func (s State) credit() uint64 { return uint64(s) & creditField / oneCredit }
func (s State) tail() uint64   { return uint64(s) / oneValue }

// Window returns the number of unclaimed values in the window.
func (s State) Window() int { return int(s.end()) - int(s.next()) }

func (w *Word) load() State { return State(w.bits.Load()) }

func (w *Word) compareAndSwap(before State, after State) bool {
	return w.bits.CompareAndSwap(uint64(before), uint64(after))
}

// set replaces the fields that mask covers in one exchange, and returns the word as it was before.
func (w *Word) set(mask, fields State) (before State) {
	for {
		before = w.load()
		if w.compareAndSwap(before, before&^mask|fields) {
			return before
		}
	}
}

// stealHalf claims the later half of the window for a thief: the places from to end-1. It claims none
// if there are none, or if the owner has claimed one meanwhile.
func (w *Word) stealHalf() (from, end int) {
	before := w.load()
	end = int(before.end())
	n := (before.Window() + 1) / 2
	if n == 0 || !w.compareAndSwap(before, before-State(n)) {
		return end, end
	}
	return end - n, end
}

// closeWindow claims all that is left of the window, for the queue.
func (w *Word) closeWindow() {
	for before := w.load(); !w.compareAndSwap(before, before-State(before.Window())); {
		before = w.load()
	}
}

// AndClaim is the claim argument with which Offer and Publish also claim the next value of the
// window.
const AndClaim State = oneClaim
