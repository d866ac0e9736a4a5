package process

import (
	"encoding/json"
	"sync/atomic"
	"unsafe"

	"github.com/gopeln/pl/internal/crossing"
	"github.com/gopeln/pl/internal/wire"
)

// page is memory that the parent and one worker share. It tells each what the other does at the
// price of a store and a load per value, and it outlives the worker: what it says at the worker's
// death is exact.
type page struct {
	// Written by the worker.
	current  atomic.Uint64 // of the value begun last: (seq+1)<<1, and 1 more while its function runs
	stretch  atomic.Uint64 // counts the stretches in which a function runs without a pause
	spent    atomic.Int64  // nanoseconds that the current value took in its earlier stretches
	skipped  atomic.Uint64 // seq+1 of the first value skipped of those taken back; 0: none was
	decoding atomic.Uint64 // seq+1 of the value that is being decoded, where values come one by one
	produced atomic.Uint64 // results ever
	parting  atomic.Bool   // no value is with the worker any more: OnEnd may run

	// Written by whichever comes first; see mayOpen and mayKill.
	start atomic.Uint32

	// Written by the parent.
	granted atomic.Uint64 // results for which there is room downstream, of those ever
	revoked atomic.Uint64 // seq+1: that value and those after it are taken back, unless begun; 0: none is
	verdict atomic.Uint64 // (seq+1)<<1 of a value that failed and is waited for, and 1 more to run it again
	stop    atomic.Bool
	// How the run's context has ended, written before stop is set and not after.
	endSize uint32
	endText [mostEnding]byte
	// now is the time since the worker's start, in nanoseconds, at the watch's last glance, in a
	// run that is observed. While values are with the worker it is about right.
	now atomic.Int64
	// workersLeft is how many workers of the stage will be left when this one has ended.
	workersLeft atomic.Int64
}

// The states of start.
const (
	undecided uint32 = iota
	opening          // the worker runs the user's code: what it opens it must live to close
	refused          // the parent is about to kill the worker, which runs nothing
)

// mayOpen is called by the worker before it runs any code of the user's, and reports whether it may.
func (p *page) mayOpen() bool { return p.start.CompareAndSwap(undecided, opening) }

// mayKill is called by the parent before it kills a worker from which it has not heard yet, and
// reports whether the worker has run nothing of the user's, and never will.
func (p *page) mayKill() bool {
	return p.start.CompareAndSwap(undecided, refused) || p.start.Load() == refused
}

// unlimited is what granted says where the queue downstream has no bound.
const unlimited = 1 << 62

// pageSize is what the page takes of the shared memory. What is left of that is for arenas.
const pageSize = 4096

const _ = uint(pageSize - unsafe.Sizeof(page{})) // it fits

// pageOf lays a page over shared memory, which is zero and aligned to more than 8 bytes.
func pageOf(shared []byte) *page { return (*page)(unsafe.Pointer(unsafe.SliceData(shared))) }

// arenasOf lays out the rest of the shared memory: for the values, and for the results.
func arenasOf(shared []byte) (values, results *wire.Arena) {
	rest := shared[pageSize:]
	half := len(rest) / 2
	return wire.NewArena(rest[:half]), wire.NewArena(rest[half:])
}

// end tells the worker to stop, and how the run's context has ended. Only the first call counts.
func (p *page) end(ending []byte) {
	if !p.stop.Load() {
		p.endSize = uint32(copy(p.endText[:], ending))
		p.stop.Store(true)
	}
}

// ending is what end was told, once stop is set.
func (p *page) ending() (e crossing.Ending) {
	_ = json.Unmarshal(p.endText[:min(p.endSize, mostEnding)], &e)
	return e
}

// begun is the number of values that the worker has begun or skipped; the next one may be about to.
func (p *page) begun() uint64 { return p.current.Load() >> 1 }

// begin is called by the worker before it runs a value. It reports false where the value was taken
// back.
//
// The worker stores current, then loads revoked; the parent stores revoked, then loads current. So
// at least one of them sees what the other did, and a value is never run by two.
func (p *page) begin(seq uint64) bool {
	p.current.Store((seq+1)<<1 | 1)
	if r := p.revoked.Load(); r != 0 && seq+1 >= r {
		if p.skipped.Load() == 0 {
			p.skipped.Store(seq + 1)
		}
		p.current.Store((seq + 1) << 1)
		return false
	}
	return true
}

// begunOf tells, of a worker that is dead, how many of its values from first on it has begun, and
// whether the last of those was running. What it skipped it has not begun, though it may not have
// lived to say so.
func (p *page) begunOf(first uint64) (n int, running bool) {
	current := p.current.Load()
	begun := current >> 1
	running = current&1 == 1
	if skipped := p.skipped.Load(); skipped != 0 && skipped <= begun {
		begun, running = skipped-1, false
	}
	if begun <= first {
		return 0, false
	}
	return int(begun - first), running
}

// regrant ends a taking back: the worker has answered for all the values in question.
func (p *page) regrant() {
	p.revoked.Store(0)
	p.skipped.Store(0)
}

// idle says that no function runs: the value's is over, or waits.
func (p *page) idle() { p.current.Store(p.current.Load() &^ 1) }

// busy says that the function goes on.
func (p *page) busy() { p.current.Store(p.current.Load() | 1) }

// revoke takes back the values from seq on. Those from the returned number on are certain not to be
// begun; of those before it, the worker will say so if it skips them.
func (p *page) revoke(seq uint64) (certain uint64) {
	p.revoked.Store(seq + 1)
	return max(seq, p.begun())
}

// lower takes back the grant of results above n and returns what is left of it: results may have
// been produced meanwhile. It keeps as begin does.
func (p *page) lower(n uint64) uint64 {
	p.granted.Store(n)
	return max(n, p.produced.Load())
}

// mayProduce is called by the worker with each result, and reports whether there is room for it.
func (p *page) mayProduce() bool {
	n := p.produced.Add(1)
	return n <= p.granted.Load()
}
