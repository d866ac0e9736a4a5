package pl

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// ErrDrain is the cause of the contexts that end because of [Drain]: those of the sources when the
// run is to stop reading, and those of all functions when the grace is over. Then it is the run's
// error too.
var ErrDrain = errors.New("pl: the run is draining")

// Drain returns a context whose runs can be ended in an orderly way, as on SIGTERM. When stop ends,
// such a run stops reading: the contexts of its sources end, with [ErrDrain] as their cause, and
// yield reports false in them. It then finishes all that it has read, and ends without an error;
// whether that was before the end of the sources, stop.Err tells. The contexts of functions do not
// end. If the run is still going on when grace has passed since stop ended, it is cancelled: all
// contexts end, with ErrDrain as their cause, and it fails with ErrDrain. A grace of 0 is no limit.
//
// Nothing that a source has read is lost: a value that it hands to yield at that moment is kept.
// [FromSeq] does not ask its sequence for another value; while that computes one, only the value
// can end the wait. [Batch] hands out what it has. A run that starts after stop has ended reads
// nothing and ends without an error. A run that a function starts with its own context does not
// drain, since its values are part of one that has been read.
//
// The context also ends with ctx, at once, and its runs with it. Drain may be given a context of
// Drain; then either stop counts. A nil stop or a negative grace fails the runs before any value
// moves.
func Drain(ctx, stop context.Context, grace time.Duration) context.Context {
	if ctx == nil {
		ctx = context.Background()
	}
	outer := drainsOf(ctx)
	return context.WithValue(ctx, drainKey{}, append(slices.Clip(outer), drain{stop, grace}))
}

// drain is one call of Drain.
type drain struct {
	stop  context.Context
	grace time.Duration
}

type drainKey struct{}

func drainsOf(ctx context.Context) []drain {
	all, _ := ctx.Value(drainKey{}).([]drain)
	return all
}

// err returns what is wrong with the arguments.
func (d *drain) err() error {
	switch {
	case d.stop == nil:
		return fmt.Errorf("Drain(…, nil, %v): stop must not be nil", d.grace)
	case d.grace < 0:
		return fmt.Errorf("Drain(…, %v): the grace must be at least 0 (0: no limit)", d.grace)
	}
	return nil
}

// draining carries out the Drains of a run's context. A nil *draining has none.
type draining struct {
	run    *run
	drains []drain
	// reading ends, with ErrDrain, when the sources must stop. stop ends it.
	reading context.Context
	stop    context.CancelCauseFunc

	mu     sync.Mutex     // guards hooks, timers and over
	hooks  []func()       // called when the sources must stop
	timers []*time.Timer  // of the graces
	over   bool           // the run has ended; no timer starts any more
	busy   sync.WaitGroup // functions that a stop or a timer will call, or has called
}

// mayDrain prepares the run for the Drains of its context, if there are any.
func (r *run) mayDrain() error {
	drains := drainsOf(r.caller)
	if len(drains) == 0 {
		return nil
	}
	var errs []error
	for i := range drains {
		errs = append(errs, drains[i].err())
	}
	r.draining = &draining{run: r, drains: drains}
	r.draining.reading, r.draining.stop = context.WithCancelCause(context.Background())
	return errors.Join(errs...)
}

// begun reports whether the sources must stop. Without a Drain it reports false. It asks the stops
// themselves, since begin is called in a goroutine of its own, a moment later.
func (d *draining) begun() bool {
	return d != nil && slices.ContainsFunc(d.drains, func(one drain) bool { return one.stop.Err() != nil })
}

// begins returns a channel that is closed when the sources must stop; it is nil without a Drain.
func (d *draining) begins() <-chan struct{} {
	if d == nil {
		return nil
	}
	return d.reading.Done()
}

// onStop makes f be called when the sources must stop. It must be called before the run starts.
func (d *draining) onStop(f func()) {
	if d == nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.hooks = append(d.hooks, f)
}

// follow makes the run drain when one of its stops ends, until release is called.
func (d *draining) follow() (release func()) {
	if d == nil {
		return func() {}
	}
	var unfollow []func() bool
	for _, one := range d.drains {
		if one.stop.Err() != nil { // before any source starts
			d.begin(one.grace)
			continue
		}
		d.busy.Add(1)
		unfollow = append(unfollow, context.AfterFunc(one.stop, func() {
			defer d.busy.Done()
			d.begin(one.grace)
		}))
	}
	return func() {
		for _, cancel := range unfollow {
			if cancel() {
				d.busy.Done()
			}
		}
		d.end()
		d.busy.Wait()
		d.stop(nil)
	}
}

// begin stops the sources, and makes the run be cancelled after grace.
func (d *draining) begin(grace time.Duration) {
	d.mu.Lock()
	hooks := d.hooks
	d.hooks = nil
	if grace > 0 && !d.over {
		d.busy.Add(1)
		d.timers = append(d.timers, time.AfterFunc(grace, func() {
			defer d.busy.Done()
			d.run.expire()
		}))
	}
	d.mu.Unlock()
	d.stop(ErrDrain)
	for _, hook := range hooks {
		hook()
	}
}

// end stops the timers.
func (d *draining) end() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.over = true
	for _, t := range d.timers {
		if t.Stop() {
			d.busy.Done()
		}
	}
}

// sourceContext returns the context of a source: it ends with ctx, and when the sources must stop.
// release must be called when the source has ended.
func (d *draining) sourceContext(ctx context.Context) (_ context.Context, release func()) {
	if d == nil {
		return ctx, func() {}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	unfollow := context.AfterFunc(d.reading, func() { cancel(ErrDrain) })
	return ctx, func() {
		unfollow()
		cancel(nil)
	}
}

// expire cancels the run, since its grace is over.
func (r *run) expire() {
	r.cancel(ErrDrain) // before stop does it for another reason
	r.fail(ErrDrain)
}
