package cluster

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/gopeln/pl/internal/crossing"
	"github.com/gopeln/pl/internal/wire"
)

const (
	// lag is how long a result may wait at the worker while the function runs on.
	lag = time.Millisecond
	// frameSize is about how large a message of several values or results becomes.
	frameSize = 256 << 10
	// mostOpen limits the results of a FlatMap in a frame.
	mostOpen = 256
	// mostUnanswered limits the frames of a FlatMap that the parent has not answered.
	mostUnanswered = 4
	// longWork is how long a worker works for results that it sends again if there is no answer.
	longWork = time.Second
)

// outbox collects what becomes of a delivery's values, and sends it: when the delivery is done with, when there is a
// frame's worth, and at the latest after lag.
type outbox[R any] struct {
	job     *job
	channel crossing.Channel[R]
	enc     wire.Encoder[R]
	buf     []byte // of the encoded results
	body    []byte // of a frame
	message []byte // of a frame that is not kept

	// The goroutine that runs the delivery holds mu all the time but within the function, so that a value costs it no more
	// than to let go of mu and to take it again. A FlatMap's lets go of it after each result too, since the function goes on.
	mu      sync.Mutex
	holds   bool      // that goroutine does; only it reads and writes this
	d       *delivery // nil: none
	at      int       // the value under way
	first   int       // the value of the first mark
	marks   []mark
	results []R
	open    int   // results of the value under way that no mark counts yet
	failed  error // why a result of it could not be sent
	batch   int   // results for a frame
	since   time.Time
	flusher *time.Timer
	armed   bool
}

func newOutbox[R any](j *job, c crossing.Channel[R]) *outbox[R] {
	o := &outbox[R]{job: j, channel: c, batch: 1 << 20}
	if j.Many {
		o.batch = mostOpen
	}
	o.flusher = time.AfterFunc(time.Hour, func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.armed = false
		o.flush(false)
	})
	return o
}

func (o *outbox[R]) close() { o.flusher.Stop() }

// begin is for the values of d.
func (o *outbox[R]) begin(d *delivery) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.d, o.at, o.first, o.open, o.failed = d, 0, 0, 0, nil
	o.marks, o.results = o.marks[:0], o.results[:0]
	o.since = time.Now()
}

// hold keeps what the outbox has as it is until release: no function is under way.
func (o *outbox[R]) hold() {
	if !o.holds {
		o.mu.Lock()
		o.holds = true
	}
}

// release lets what the outbox has leave while a function is under way.
func (o *outbox[R]) release() {
	if o.holds {
		o.holds = false
		o.mu.Unlock()
	}
}

// put takes a result of the value under way. Of a FlatMap, it waits for room where the parent has none, and reports
// false if no more are wanted.
func (o *outbox[R]) put(r R) bool {
	o.hold()
	o.results = append(o.results, r)
	o.open++
	o.arm()
	if !o.job.Many { // it was the only one, and the function has returned
		return true
	}
	if len(o.results) >= o.batch || o.job.bounded.Load() {
		o.flush(false)
	}
	d, broken := o.d, o.failed != nil
	o.release()
	return d != nil && !broken && o.await(d)
}

// await waits until the parent has taken the frames, or most of them if it has no bound.
func (o *outbox[R]) await(d *delivery) bool {
	for {
		d.mu.Lock()
		stop := d.stopped
		n := len(d.waiting)
		d.mu.Unlock()
		switch {
		case stop || o.job.ctx.Err() != nil:
			return false
		case n == 0 || !o.job.bounded.Load() && n <= mostUnanswered:
			return true
		}
		select {
		case <-d.bell:
		case <-o.job.ctx.Done():
		}
	}
}

// done says that the value under way has ended well, unless a result of it could not be sent.
func (o *outbox[R]) done() {
	o.hold()
	m := mark{fate: fateDone}
	if o.failed != nil {
		m = mark{fate: fateFailed, failure: o.job.failureOf(o.failed)}
	}
	o.conclude(m)
}

// fail says that the value under way has failed.
func (o *outbox[R]) fail(why *failure) {
	o.hold()
	o.conclude(mark{fate: fateFailed, failure: why})
}

// conclude ends the value under way. The lock is held.
func (o *outbox[R]) conclude(m mark) {
	m.results = o.open
	o.mark(m)
	o.at++
	o.failed = nil
	o.arm()
}

// mark adds a mark for the value under way. The lock is held.
func (o *outbox[R]) mark(m mark) {
	if len(o.marks) == 0 {
		o.first = o.at
	}
	m.n = 1
	o.marks = addMark(o.marks, m)
	o.open = 0
}

func (o *outbox[R]) arm() {
	if !o.armed {
		o.armed = true
		o.flusher.Reset(lag)
	}
}

// finish sends what is left, and says that nothing more comes of the delivery.
func (o *outbox[R]) finish() {
	o.hold()
	defer o.release()
	o.flush(true)
	o.d = nil
	if o.armed && o.flusher.Stop() {
		o.armed = false
	}
}

// flush sends what there is. The lock is held.
func (o *outbox[R]) flush(last bool) {
	d := o.d
	if d == nil || o.job.ctx.Err() != nil {
		return
	}
	if o.open > 0 {
		o.mark(mark{fate: fateOpen, results: o.open})
	}
	if len(o.marks) == 0 && !last {
		return
	}
	now := time.Now()
	f := frame{
		parcel: d.parcel, worker: []byte(o.job.srv.id), attempt: d.attempt, part: d.part + 1, first: o.first, worked: now.Sub(o.since),
		marks: o.marks,
	}
	o.since = now
	d.part++
	if last {
		f.flags |= flagLast
		f.begun, f.ack = d.begun(), d.ack
	}
	if o.job.Many || f.worked >= longWork {
		f.flags |= flagAnswer
	}
	o.encode(&f)
	o.send(d, &f)
	clear(o.results)
	o.results, o.marks = o.results[:0], o.marks[:0]
}

// encode encodes the results. Where one cannot be encoded its value's mark says so.
func (o *outbox[R]) encode(f *frame) {
	if len(o.results) == 0 {
		return
	}
	if !o.channel.Single {
		o.enc = encoder(o.channel, o.enc)
		if buf, err := appendChunk(o.buf[:0], o.enc, o.results); err == nil {
			o.buf, f.data = buf, buf
			return
		}
	}
	f.marks = apart(f.marks)
	f.data = o.encodeEach(f.marks)
}

// encodeEach encodes the results of each value for themselves.
func (o *outbox[R]) encodeEach(marks []mark) []byte {
	o.buf = o.buf[:0]
	results := o.results
	for i := range marks {
		m := &marks[i]
		mine := results[:m.results]
		results = results[m.results:]
		if len(mine) == 0 {
			continue
		}
		o.enc = encoder(o.channel, o.enc)
		buf, err := appendChunk(o.buf, o.enc, mine)
		if err == nil {
			o.buf = buf
			continue
		}
		o.enc = nil
		o.spoil(m, crossing.Explained("cannot encode the result", err))
	}
	return o.buf
}

// spoil makes a mark say that its results are lost.
func (o *outbox[R]) spoil(m *mark, err error) {
	m.results = 0
	switch m.fate {
	case fateOpen:
		o.failed = err
	case fateDone:
		m.fate = fateFailed
		m.failure = o.job.failureOf(err)
	}
}

// send sends a frame, as an object if it is large.
func (o *outbox[R]) send(d *delivery, f *frame) {
	body := f.appendBody(o.body)
	o.body = kept(body)
	if limit := int(o.job.srv.nc.MaxPayload()) - overhead; len(body) > limit {
		f.flags |= flagLarge
		name := fmt.Sprintf("%s/r/%s/%d/%d", o.job.Job, o.job.srv.id, d.attempt, f.part)
		ctx, cancel := context.WithTimeout(o.job.ctx, time.Minute)
		defer cancel()
		if err := o.job.srv.putLarge(ctx, name, body, &settings{replicas: 1}); err != nil {
			err = fmt.Errorf("cannot send the results, of %d bytes, as an object: %w", len(body), err)
			f.marks = apart(f.marks)
			for i := range f.marks {
				o.spoil(&f.marks[i], err)
			}
			f.flags &^= flagLarge
			f.data = nil
			name = string(f.appendBody(nil))
		}
		body = []byte(name)
	}
	message := append(f.append(o.message), body...)
	d.send(message, f.part, f.flags&flagAnswer != 0)
	o.message = kept(message)
}
