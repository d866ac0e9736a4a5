package process

import (
	"os"
	"sync"
	"time"

	"github.com/gopeln/pl/internal/crossing"
	"github.com/gopeln/pl/internal/wire"
)

const (
	// lag is how long a result may wait in the worker while the function runs on.
	lag = time.Millisecond
	// frameSize is about how large a frame of several values becomes.
	frameSize = 64 << 10
	// maxBatch limits the values of a frame, and those that are with a worker.
	maxBatch = 1024
)

// outbox collects what becomes of a worker's values, and sends it: when the worker has nothing to
// do, when there is a frame's worth, when the function waits for room, and at the latest after lag.
type outbox[R any] struct {
	worker *worker
	clock  *clock
	enc    wire.Encoder[R]
	single bool

	seq uint64 // of the current value; only the worker's loop changes it

	mu      sync.Mutex // guards what follows; held while a frame is written
	header  resultsHeader
	results []R
	open    int // results of the current value that no mark counts yet
	failed  error
	batch   int // results for a frame
	since   time.Time
	flusher *time.Timer
	armed   bool
}

func newOutbox[R any](w *worker, c *clock, ch crossing.Channel[R]) *outbox[R] {
	o := &outbox[R]{worker: w, clock: c, enc: ch.Encoder(), single: ch.Single, batch: 1}
	o.flusher = time.AfterFunc(time.Hour, func() { o.flush(false) })
	return o
}

// wakeUp is called when values have come, from which time on the worker works for them.
func (o *outbox[R]) wakeUp() {
	o.mu.Lock()
	o.since = time.Now()
	o.mu.Unlock()
}

// emit takes a result of the current value. It returns when there is room for it downstream, and
// reports false when no more are wanted.
func (o *outbox[R]) emit(r R) bool {
	page := o.worker.page
	if page.stop.Load() {
		return false
	}
	room := page.mayProduce()
	if !o.mu.TryLock() { // a frame is being written, which may take its time
		o.clock.pause()
		o.mu.Lock()
		o.clock.resume()
	}
	o.results = append(o.results, r)
	o.open++
	o.arm()
	full, failed := len(o.results) >= o.batch, o.failed != nil
	o.mu.Unlock()
	if full || !room {
		failed = !o.deliver(!room)
	}
	return !failed
}

// deliver sends what there is, and where wait is set, waits until there was room for it.
func (o *outbox[R]) deliver(wait bool) bool {
	page := o.worker.page
	o.clock.pause()
	defer o.clock.resume()
	o.flush(wait)
	for wait && page.granted.Load() < page.produced.Load() && !page.stop.Load() {
		<-o.worker.bell
	}
	return !page.stop.Load() && o.broken() == nil
}

// done says that the current value has ended well, unless a result of it could not be sent: then
// the error is why.
func (o *outbox[R]) done() error {
	o.mu.Lock()
	if err := o.failed; err != nil {
		o.mu.Unlock()
		return err
	}
	o.conclude(fateDone, nil)
	return nil
}

// note says what became of the current value, if it did not end well. Unless it is held, the next
// one is current then.
func (o *outbox[R]) note(f fate, why *crossing.Failure) {
	o.mu.Lock()
	o.conclude(f, why)
}

// conclude is called with o.mu held, and releases it.
func (o *outbox[R]) conclude(f fate, why *crossing.Failure) {
	o.mark(mark{fate: f, results: o.open, failure: why})
	if c, ok := o.clock.measure.take(); ok {
		c.value = len(o.header.marks) - 1
		o.header.calls = append(o.header.calls, c)
	}
	o.arm()
	o.failed = nil
	if f != fateHeld {
		o.seq++
	}
	full := len(o.header.marks) >= maxBatch || o.worker.Prompt || f == fateHeld
	o.mu.Unlock()
	if full {
		o.flush(false)
	}
}

// skip leaves a held value.
func (o *outbox[R]) skip() {
	o.mu.Lock()
	o.seq++
	o.mu.Unlock()
}

// broken is why a result of the current value could not be sent, if it could not.
func (o *outbox[R]) broken() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.failed
}

func (o *outbox[R]) mark(m mark) {
	if len(o.header.marks) == 0 {
		o.header.first = o.seq
	}
	o.header.marks = append(o.header.marks, m)
	o.open = 0
}

func (o *outbox[R]) arm() {
	if !o.armed {
		o.armed = true
		o.flusher.Reset(lag)
	}
}

// flush sends what there is. With waits it says that the worker waits for room.
func (o *outbox[R]) flush(waits bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.armed = false
	if o.open > 0 || waits {
		o.mark(mark{fate: fateOpen, results: o.open})
	}
	if len(o.header.marks) == 0 {
		return
	}
	now := time.Now()
	o.header.worked, o.header.waits = now.Sub(o.since), waits
	o.since = now
	if o.single || o.send(&o.header, o.results) != nil {
		o.sendEach()
	}
	clear(o.results)
	o.results, o.header.marks, o.header.calls = o.results[:0], o.header.marks[:0], o.header.calls[:0]
	if o.worker.answer.Flush() != nil { // the parent is gone, or the function has closed the pipe: results would be lost
		os.Exit(exitOrphaned)
	}
}

// sendEach sends the results of each value in a frame of their own. Those that cannot be encoded
// make their value fail.
func (o *outbox[R]) sendEach() {
	results, calls := o.results, o.header.calls
	h := resultsHeader{first: o.header.first}
	h.worked = o.header.worked / time.Duration(len(o.header.marks))
	for i, m := range o.header.marks {
		h.marks = append(h.marks[:0], m)
		h.calls, calls = callsOf(i, calls)
		h.waits = o.header.waits && i == len(o.header.marks)-1
		if err := o.send(&h, results[:m.results]); err != nil {
			err = crossing.Explained("cannot encode the result", err)
			switch m.fate {
			case fateOpen:
				o.failed = err
			case fateHeld: // it has failed already, and the worker waits for the verdict
			default:
				m.fate, m.failure = fateFailed, crossing.NewFailure(err)
			}
			o.worker.page.produced.Add(-uint64(m.results)) // they never arrive, and need no room
			m.results = 0
			h.marks[0] = m
			_ = o.send(&h, nil) // only text is left, which always encodes
		}
		results = results[o.header.marks[i].results:]
		if m.fate != fateOpen && m.fate != fateHeld {
			h.first++
		}
	}
}

// send appends one frame.
func (o *outbox[R]) send(h *resultsHeader, results []R) error {
	return o.worker.answer.Append(frameResults, func(buf []byte) ([]byte, error) {
		buf, err := h.appendTo(buf)
		if err != nil || len(results) == 0 {
			return buf, err
		}
		buf, size, err := wire.Encode(o.worker.answer, o.enc, buf, results)
		if err != nil {
			return buf, err
		}
		o.batch = max(1, min(maxBatch, frameSize/max(1, size/len(results))))
		return buf, nil
	})
}
