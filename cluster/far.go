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
	ctx    context.Context
	kernel pl.Kernel[A, R]
	onEnd  func(context.Context) error
	watch  *stopwatch.Watch // nil without Timeout
	outbox *outbox[R]

	d       *delivery
	at      int // of d's values, the one under way
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
	f.outbox = newOutbox(f.job, f.out)
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
	for !f.over() {
		i, ok := d.claim()
		if !ok {
			break
		}
		f.at = i
		if err := f.bad[i]; err != nil {
			f.outbox.fail(f.failureOf(err))
			continue
		}
		f.settle(f.call(i))
		if f.d != d { // it was abandoned, and others have the rest
			return
		}
	}
	f.outbox.finish()
	clear(f.values)
	f.d = nil
}

// over reports whether nothing more must begin.
func (f *far[A, R]) over() bool { return f.job.ctx.Err() != nil }

// load gets the values of d. It reports false where there are none to run.
func (f *far[A, R]) load(d *delivery) bool {
	f.d, f.at, f.values, f.bad, f.items = d, 0, f.values[:0], nil, nil
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
	f.items = make([]itemContext, len(d.ids))
	for i, id := range d.ids {
		f.items[i] = itemContext{f.ctx, f.job.Job, id}
	}
	f.outbox.begin(d)
	d.begin()
	return true
}

// decode decodes all values. Those that cannot be decoded fail, each for itself.
func (f *far[A, R]) decode() {
	c := cutter{data: f.d.data}
	dec := f.in.Decoder()
	for len(f.values) < len(f.d.ids) {
		n, data := c.chunk()
		n = max(1, min(n, len(f.d.ids)-len(f.values)))
		err := c.err
		var values []A
		if err == nil {
			values, err = dec.Decode(data, n)
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
	}
}

// call calls the function with value i.
func (f *far[A, R]) call(i int) (err error) {
	item := &f.items[i]
	if f.watch != nil {
		item.Context = f.watch.Enter()
	}
	f.calling = true
	returned := false
	defer func() {
		f.calling = false
		if r := recover(); r != nil && !returned {
			err = &pl.PanicError{Value: r, Stack: debug.Stack()}
		}
	}()
	err = f.kernel(item, f.values[i], f.emit)
	returned = true
	return err
}

// emit takes a result of the value under way. It returns when there is room for it, and reports false
// when no more are wanted.
func (f *far[A, R]) emit(r R) bool {
	if !f.calling || f.over() || f.watch != nil && !f.watch.Pause() {
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
	case f.over():
	case timedOut:
		f.outbox.fail(f.timedOut())
	case err != nil:
		f.outbox.fail(f.failureOf(err))
	default:
		f.outbox.done(f.failureOf)
	}
}

// exited settles a value whose function has ended the goroutine.
func (f *far[A, R]) exited() bool {
	f.settle(pl.ErrGoexit)
	return f.d != nil
}

func (f *far[A, R]) failureOf(err error) *failure {
	return &failure{Failure: crossing.NewFailure(err), Where: f.job.srv.where()}
}

func (f *far[A, R]) timedOut() *failure {
	return &failure{Failure: crossing.NewFailure(pl.ErrTimeout), Where: f.job.srv.where(), TimedOut: true}
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
