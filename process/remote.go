package process

import (
	"context"
	"sync"
	"time"

	"github.com/gopeln/pl/internal/child"
	"github.com/gopeln/pl/internal/wire"
)

const (
	// startWindow is how many values a worker gets before it is known what they cost: one to run,
	// and one more so that it need not wait.
	startWindow = 2
	// windowTime is how much work a worker gets in advance.
	windowTime = time.Millisecond
)

// remote is a worker process as its slot sees it.
type remote[A, R any] struct {
	proc   *child.Process
	stderr *stderrReader
	page   *page
	began  time.Time
	ctx    context.Context // ends with the worker's results
	// cancel ends ctx; ended is closed when no goroutine reads the worker's results any more.
	cancel context.CancelFunc
	ended  chan struct{}

	// Of the sender.
	out      *wire.Writer
	enc      wire.Encoder[A]
	sizing   sizing
	budget   int  // values until the worker is replaced
	oneByOne bool // the worker gets no value before it has done with the last

	// Of the receiver.
	frames *wire.Reader
	dec    wire.Decoder[R]
	header resultsHeader
	named  []*flight[A] // the values that the header speaks of
	over   []*flight[A] // of them, those that have ended well

	mu       sync.Mutex
	freed    chan struct{} // there may be credit
	flights  []*flight[A]  // sent and not finished; the end of line
	line     []*flight[A]
	first    uint64 // the seq of flights[0]
	window   int
	cost     time.Duration // of a value
	revoking bool          // no value is sent until the worker has skipped those taken back
	granted  uint64        // results for which there is or was room
	received uint64        // results ever
	handing  bool          // results are being handed on
	welcomed bool
	opened   bool
	farewell bool
	progress bool // it has finished a value
	closing  bool // it was told to end
	gone     bool // page and process must not be touched
	broken   error
	single   bool // at most one value at a time is sent, so that what was sent has begun
	watched  watched
}

// credit waits until values may be sent, and returns how many; 0 when the worker must get no more.
// It waits until half of the window is free, which makes batches.
func (w *remote[A, R]) credit() int {
	for {
		w.mu.Lock()
		n := w.window - len(w.flights)
		if w.revoking || n < (w.window+1)/2 {
			n = 0
		}
		n = min(n, w.budget)
		w.mu.Unlock()
		if n > 0 || w.budget <= 0 || w.ctx.Err() != nil {
			return n
		}
		select {
		case <-w.freed:
		case <-w.ctx.Done():
			return 0
		}
	}
}

// free tells the sender that there may be credit.
func (w *remote[A, R]) free() {
	select {
	case w.freed <- struct{}{}:
	default:
	}
}

// adapt sets the window from what the last n values took.
func (w *remote[A, R]) adapt(took time.Duration, n int) {
	if w.single {
		return
	}
	each := max(took/time.Duration(max(n, 1)), 1)
	if w.cost == 0 {
		w.cost = each
	}
	w.cost = (3*w.cost + each) / 4
	if w.oneByOne {
		return
	}
	w.window = int(min(max(windowTime/max(w.cost, 1), startWindow), maxBatch, time.Duration(4*w.window)))
}

// add puts values that were sent on the list. The list moves along its line, and back to the start
// at the end of it, so that memory is used again and again. Where line has no value it has nil.
func (w *remote[A, R]) add(values []*flight[A]) {
	n := len(w.flights)
	if n+len(values) > cap(w.flights) {
		if n+len(values) > len(w.line) {
			w.line = make([]*flight[A], 2*(n+len(values)))
			copy(w.line, w.flights)
		} else {
			copy(w.line, w.flights)
			clear(w.line[n:])
		}
		w.flights = w.line[:n]
	}
	w.flights = append(w.flights, values...)
}

// finish takes the first n values off the list of those that are with the worker.
func (w *remote[A, R]) finish(n int) {
	clear(w.flights[:n])
	w.flights = w.flights[n:]
	w.first += uint64(n)
	w.progress = w.progress || n > 0
	if len(w.flights) == 0 {
		w.flights = w.line[:0]
		if w.revoking {
			w.revoking = false
			w.page.regrant()
		}
	}
	w.free()
}

// noteBegun counts the values below seq as begun, those that were not yet; closes says that they
// are not open any more then. Of values that are being taken back only the worker's answer tells.
func (w *remote[A, R]) noteBegun(seq uint64, closes bool) (b begun) {
	if r := w.page.revoked.Load(); r != 0 {
		seq = min(seq, r-1)
	}
	for i := 0; i < len(w.flights) && w.first+uint64(i) < seq; i++ {
		if f := w.flights[i]; !f.taken {
			f.count(&b, closes)
		}
	}
	return b
}

// close tells the worker that there are no more values for it, also in the middle of sending it
// some. With an ending, it must not run those that it has.
func (w *remote[A, R]) close(left int, ending []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.gone {
		return
	}
	w.page.workersLeft.Store(int64(left))
	if ending != nil {
		w.page.end(ending)
		w.ring()
	}
	w.closing = w.closing || w.ctx.Err() == nil // else it was dead before
	w.proc.In.Close()
}

// ring makes the worker look at the page. A full pipe rings as well, and a worker that is not there
// any more has ended its results, which tells.
func (w *remote[A, R]) ring() {
	_ = w.proc.Life.SetWriteDeadline(time.Now().Add(time.Second))
	if _, err := w.proc.Life.Write([]byte{0}); child.IsGone(err) {
		w.proc.Kill() // it is dead, or would never hear of anything
	}
}

// kill ends the worker.
func (w *remote[A, R]) kill() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.gone {
		w.proc.Kill()
	}
}
