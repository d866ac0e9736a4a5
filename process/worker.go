package process

import (
	"context"
	"encoding/binary"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/internal/crossing"
	"github.com/gopeln/pl/internal/wire"
)

// far runs a stage's function in a worker.
type far[A, R any] struct {
	*worker
	ctx    context.Context
	kernel pl.Kernel[A, R]
	emit   func(R) bool
	out    *outbox[R]
	clock  clock

	dec      wire.Decoder[A]
	values   []A // decoded and not finished
	finished chan struct{}
}

// serve runs the function that open prepares until the parent sends no more. Its error means that
// it could not begin.
func serve[A, R any](w *worker, codec Codec, open pl.Opener[A, R]) error {
	in, err := crossing.ChannelFor[A](codec)
	if err != nil {
		return err
	}
	out, err := crossing.ChannelFor[R](codec)
	if err != nil {
		return err
	}
	if here := [2]string{in.Name, out.Name}; here != w.Codec {
		return fmt.Errorf("the codec is %v here and %v in the worker process: give process.WithCodec where the stage is "+
			"made, not with Stage.With", w.Codec, here)
	}
	w.say(frameWelcome, report{})
	raiseHeapFloor(w.MemoryLimit > 0)
	f := &far[A, R]{
		worker: w, dec: in.Decoder(), finished: make(chan struct{}),
		ctx: w.ctx, clock: clock{page: w.page, timed: w.Timeout > 0},
	}
	if w.Observed {
		f.clock.measure = newMeasure(w.page)
	}
	f.out = newOutbox[R](w, &f.clock, out)
	f.emit = f.out.emit
	f.live(open)
	return nil
}

// live opens the resource, handles values, and closes the resource.
func (f *far[A, R]) live(open pl.Opener[A, R]) {
	if f.page.stop.Load() || !f.page.mayOpen() {
		return
	}
	var onEnd func(context.Context) error
	err := f.setUp()
	if err == nil {
		err = crossing.Apart(func() (err error) {
			f.kernel, onEnd, err = open(f.ctx)
			return err
		})
	}
	if err != nil {
		f.say(frameOpened, report{Failure: crossing.NewFailure(err)})
		return
	}
	f.say(frameOpened, report{})
	go f.loop()
	<-f.finished
	f.out.flush(false)
	f.page.parting.Store(true)
	if onEnd != nil {
		left := int(f.page.workersLeft.Load())
		ctx := pl.WithStatus(context.WithoutCancel(f.ctx), pl.StageStatus{ActiveWorkers: left, Done: left == 0})
		err = crossing.Apart(func() error { return onEnd(ctx) })
	}
	farewell := report{}
	if err != nil {
		farewell.Failure = crossing.NewFailure(err)
	}
	f.say(frameFarewell, farewell)
}

// loop handles values until there are no more. Where the function ends the goroutine, another loop
// takes over.
func (f *far[A, R]) loop() {
	for f.more() {
		if !f.page.stop.Load() {
			f.handle(f.values[0])
		}
	}
	close(f.finished)
}

// more fetches values if there are none, and reports whether there are any.
func (f *far[A, R]) more() bool {
	for len(f.values) == 0 && !f.page.stop.Load() {
		if !f.frames.Ready() {
			f.out.flush(false)
		}
		kind, payload, err := f.frames.Next()
		if err != nil {
			return false // the parent has closed the pipe: that was all
		}
		f.out.wakeUp()
		if kind == frameValues {
			f.decode(payload)
		}
	}
	return !f.page.stop.Load()
}

// decode takes a batch in. Values that cannot be decoded fail.
func (f *far[A, R]) decode(payload []byte) {
	first, width := binary.Uvarint(payload)
	n, more := binary.Uvarint(payload[max(width, 0):])
	if width <= 0 || more <= 0 || first != f.out.seq {
		f.values = nil
		f.page.stop.Store(true) // the parent notices by the farewell that values are missing
		return
	}
	f.page.decoding.Store(first + 1)
	values, err := wire.Decode(f.frames, f.dec, payload[width+more:], int(n))
	f.page.decoding.Store(0)
	if err == nil {
		f.values = values
		return
	}
	for range n {
		if f.page.begin(f.out.seq) {
			f.page.idle()
			f.out.note(fateFailed, crossing.NewFailure(crossing.Explained("cannot decode the value", err)))
		} else {
			f.out.note(fateSkipped, nil)
		}
	}
}

// handle runs the first value.
func (f *far[A, R]) handle(in A) {
	f.clock.reset()
	if !f.page.begin(f.out.seq) {
		f.out.note(fateSkipped, nil)
		f.next()
		return
	}
	f.settle(f.call(in))
}

// call calls the function.
func (f *far[A, R]) call(in A) (err error) {
	returned := false
	defer func() {
		if returned {
			return
		}
		if r := recover(); r != nil {
			err = &pl.PanicError{Value: r, Stack: debug.Stack()}
			return
		}
		f.settle(pl.ErrGoexit)
		go f.loop()
	}()
	ctx := f.ctx
	if f.Timeout > 0 && !f.Pauses {
		ctx = valueContext{ctx, time.Now().Add(f.Timeout)}
	}
	f.clock.measure.begin()
	err = f.kernel(ctx, in, f.emit)
	returned = true
	f.clock.measure.end()
	return err
}

// settle says what became of the first value, and leaves it unless it must run again.
func (f *far[A, R]) settle(err error) {
	f.page.idle()
	if err == nil {
		err = f.out.done()
	}
	switch {
	case err == nil:
	case f.Holds:
		f.out.note(fateHeld, crossing.NewFailure(err))
		if f.again() {
			return
		}
		f.out.skip()
	default:
		f.out.note(fateFailed, crossing.NewFailure(err))
	}
	f.next()
}

func (f *far[A, R]) next() {
	var zero A
	f.values[0] = zero // it may be large
	f.values = f.values[1:]
}

// again waits for the verdict on a value that failed.
func (f *far[A, R]) again() bool {
	for !f.page.stop.Load() {
		if v := f.page.verdict.Load(); v>>1 == f.out.seq+1 {
			f.page.verdict.Store(0)
			return v&1 == 1
		}
		<-f.bell
	}
	return false
}
