package cluster

import (
	"context"
	"runtime/debug"
	"time"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/internal/crossing"
	"github.com/gopeln/pl/internal/stopwatch"
	"github.com/gopeln/pl/internal/wire"
)

// far runs a stage's function at a worker, in one slot of one job.
type far[A, R any] struct {
	job    *job
	index  int
	given  crossing.Codec
	opener pl.Opener[A, R]

	in     crossing.Channel[A]
	out    crossing.Channel[R]
	dec    wire.Decoder[A]
	ctx    context.Context
	shared jobContext // of ctx
	kernel pl.Kernel[A, R]
	emit   func(R) bool // f.take
	onEnd  func(context.Context) error
	watch  *stopwatch.Watch // nil without Timeout
	outbox *outbox[R]

	d       *delivery
	values  []A
	bad     map[int]error // values that could not be decoded
	items   []itemContext
	calling bool
	stray   uint64 // of the function under way, if it was abandoned
}

func newFar[A, R any](j *job, slot int, c crossing.Codec, open pl.Opener[A, R]) *far[A, R] {
	return &far[A, R]{job: j, index: slot, given: c, opener: open}
}

// codec returns the names of the codecs of values and results.
func (f *far[A, R]) codec() (names [2]string, err error) {
	if f.in, err = crossing.ChannelFor[A](f.given); err != nil {
		return names, err
	}
	f.out, err = crossing.ChannelFor[R](f.given)
	return [2]string{f.in.Name, f.out.Name}, err
}

func (f *far[A, R]) open() (err error) {
	if _, err := f.codec(); err != nil {
		return err
	}
	f.ctx = pl.WithWorker(f.job.ctx, pl.WorkerInfo{Stage: f.job.Stage, Index: f.index})
	f.shared = jobContext{f.ctx, f.job.Job}
	f.outbox = newOutbox(f.job, f.out)
	f.emit = f.take
	f.kernel, f.onEnd, err = f.opener(f.ctx)
	f.time()
	return err
}

// time starts the clock of Timeout.
func (f *far[A, R]) time() {
	if f.job.Timeout > 0 {
		f.watch = stopwatch.New(stopwatch.Settings{
			Context: f.ctx, Timeout: f.job.Timeout, Cause: pl.ErrTimeout, Moves: f.job.Many, Replace: f.abandoned,
		})
	}
}

func (f *far[A, R]) close(left int) error {
	if f.watch != nil {
		f.watch.Stop()
	}
	if f.outbox != nil {
		f.outbox.close()
	}
	if f.onEnd == nil {
		return nil
	}
	ctx := pl.WithStatus(context.WithoutCancel(f.ctx), pl.StageStatus{ActiveWorkers: left, Done: left == 0})
	return f.onEnd(ctx)
}

// run runs the values of d, as long as they are to begin here.
func (f *far[A, R]) run(d *delivery) {
	if f.d != d && !f.load(d) {
		return
	}
	for {
		err := f.stretch(d)
		if err != nil {
			f.settle(err)
		}
		if f.d != d { // it was abandoned, and others have the rest
			return
		}
		if err == nil {
			break
		}
	}
	f.outbox.finish()
	clear(f.values)
	f.d = nil
}

// stretch runs values of d until one panics, of which it returns the error, or there is none left to begin here.
func (f *far[A, R]) stretch(d *delivery) (err error) {
	defer func() {
		if !f.calling {
			return
		}
		f.calling = false
		if r := recover(); r != nil { // else the function ends the goroutine
			err = &pl.PanicError{Value: r, Stack: debug.Stack()}
		}
	}()
	for f.d == d && !f.over() {
		i, ok := d.claim()
		if !ok {
			return nil
		}
		if err := f.bad[i]; err != nil {
			f.outbox.fail(f.job.failureOf(err))
			continue
		}
		f.settle(f.call(i))
	}
	return nil
}

// over reports whether nothing more must begin.
func (f *far[A, R]) over() bool { return f.job.ctx.Err() != nil }

// load gets the values of d. It reports false where there are none to run.
func (f *far[A, R]) load(d *delivery) bool {
	f.d, f.values, f.bad, f.items = d, f.values[:0], nil, nil
	if d.flags&flagLarge != 0 {
		ctx, cancel := context.WithTimeout(f.ctx, time.Minute)
		defer cancel()
		body, err := f.job.srv.getLarge(ctx, string(d.data))
		if err == nil {
			err = d.parseBody(body)
		}
		if err != nil { // the parent has taken it back, or will send it again
			f.job.srv.log.Warn("cluster: cannot fetch a value", "run", f.job.Run, "stage", f.job.Stage, "error", err)
			d.job.srv.mu.Lock()
			defer d.job.srv.mu.Unlock()
			f.d = nil
			d.returnWhole()
			return false
		}
	}
	f.decode()
	f.items = make([]itemContext, 0, d.values)
	for _, s := range d.ids {
		for i := range s.n {
			f.items = append(f.items, itemContext{&f.shared, s.first + uint64(i)})
		}
	}
	f.outbox.begin(d)
	d.begin()
	return true
}

// decode decodes all values. Those that cannot be decoded fail, each for itself.
func (f *far[A, R]) decode() {
	c := cutter{data: f.d.data}
	f.dec = decoder(f.in, f.dec)
	for len(f.values) < f.d.values {
		n, data := c.chunk()
		n = max(1, min(n, f.d.values-len(f.values)))
		err := c.err
		var values []A
		if err == nil {
			values, err = f.dec.Decode(data, n)
		}
		if err != nil {
			values = make([]A, n)
			if f.bad == nil {
				f.bad = map[int]error{}
			}
			for i := range n {
				f.bad[len(f.values)+i] = crossing.Explained("cannot decode the value", err)
			}
		}
		f.values = append(f.values, values...)
		clear(values) // the decoder must not keep them
	}
}

// call calls the function with value i.
func (f *far[A, R]) call(i int) error {
	item := &f.items[i]
	f.outbox.release()
	if f.watch != nil {
		item.jobContext = &jobContext{f.watch.Enter(), f.job.Job}
	}
	f.calling = true
	err := f.kernel(item, f.values[i], f.emit)
	f.calling = false
	return err
}

// take takes a result of the value under way. It returns when there is room for it, and reports false
// when no more are wanted.
func (f *far[A, R]) take(r R) bool {
	if !f.calling || f.job.Many && f.over() || f.watch != nil && !f.watch.Pause() {
		return false
	}
	ok := f.outbox.put(r)
	if f.watch != nil && f.job.Many {
		f.watch.Resume()
	}
	return ok
}

// settle says what became of the value under way.
func (f *far[A, R]) settle(err error) {
	timedOut := false
	if f.watch != nil {
		err = f.watch.Leave(err)
		if err == stopwatch.ErrAbandoned { // asking it would call the user's methods
			f.cameBack()
			return
		}
		timedOut = err == pl.ErrTimeout
	}
	switch {
	case err == nil:
		f.outbox.done()
	case f.over():
	case timedOut:
		f.outbox.fail(f.timedOut())
	default:
		f.outbox.fail(f.job.failureOf(err))
	}
}

// exited settles a value whose function has ended the goroutine.
func (f *far[A, R]) exited() bool {
	f.settle(pl.ErrGoexit)
	return f.d != nil
}

func (f *far[A, R]) timedOut() *failure {
	why := f.job.failureOf(pl.ErrTimeout)
	why.TimedOut = true
	return why
}

// abandoned gives up a function that has ignored the end of its time: its value has failed, others get the rest, and the
// slot is occupied until the function returns. It is called under the watch's lock, while the function runs.
func (f *far[A, R]) abandoned() {
	d, s := f.d, f.job.srv
	f.d = nil
	s.mu.Lock()
	f.stray = f.job.strays.add()
	s.mu.Unlock()
	d.giveRestBack()
	why := f.timedOut()
	why.Worker, why.Stray = s.id, f.stray
	f.outbox.fail(why)
	f.outbox.finish()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stuck++
	d.given = true
	s.ended(d)
	if at := f.job.runners[f.index]; at != nil {
		at.stuck = true
	}
	if s.stuck == s.live { // else nothing would begin here any more
		s.addSlot()
	}
	s.wake.Broadcast()
	if f.job.over {
		f.job.reportEnd()
	}
}

// cameBack goes on after a function that was abandoned has returned.
func (f *far[A, R]) cameBack() {
	f.watch.Stop()
	f.time()
	s := f.job.srv
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stuck--
	f.job.strays.remove(f.stray)
	if !f.job.closed {
		f.job.giveSignOfLife(time.Now())
	}
	if at := f.job.runners[f.index]; at != nil {
		at.stuck = false
	}
}

// streams reports whether an encoder's batches need those before them: then each message has one of its own.
func streams[T any](c crossing.Channel[T]) bool { return c.Name == "gob" }

// encoder returns an encoder for a message.
func encoder[T any](c crossing.Channel[T], last wire.Encoder[T]) wire.Encoder[T] {
	if last == nil || streams(c) {
		return c.Encoder()
	}
	return last
}

// decoder returns a decoder for a message.
func decoder[T any](c crossing.Channel[T], last wire.Decoder[T]) wire.Decoder[T] {
	if last == nil || streams(c) {
		return c.Decoder()
	}
	return last
}
