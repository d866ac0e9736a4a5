package pl

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"

	"github.com/gopeln/pl/internal/guard"
	"github.com/gopeln/pl/internal/queue"
)

// From returns a stage of these values.
func From[T any](items ...T) Stage[T] { return slice(fmt.Sprintf("from(%d)", len(items)), items) }

// FromSlice returns a stage of the values of items, which must not change during a run.
func FromSlice[T any](items []T) Stage[T] { return slice(fmt.Sprintf("slice(%d)", len(items)), items) }

// Range returns a stage of the numbers from 0 to n-1; there are none if n is not positive.
func Range(n int) Stage[int] {
	return staticSource(fmt.Sprintf("range(%d)", n), n, func(i int) int { return i })
}

func slice[T any](name string, items []T) Stage[T] {
	return staticSource(name, len(items), func(i int) T { return items[i] })
}

// staticSource makes a source of n values that are there already. at returns the i-th; it must not
// fail, and several goroutines may call it.
func staticSource[T any](name string, n int, at func(i int) T) Stage[T] {
	o := newSource[T](name)
	o.static, o.values, o.most = true, &staticValues[T]{n, at}, max(n, 0)+1
	o.compose = func(b *builder, o *operator[T], s *Site) flow[T] {
		return numbered(b, o, s, func(yield func(T, queue.Tag) bool) {
			for i := range n {
				if s.stopped.Load() || s.run.draining.begun() { // a Filter downstream that yields nothing would not notice
					return
				}
				if !yield(at(i), queue.Tag{}) {
					return
				}
			}
		})
	}
	return Stage[T]{o}
}

// staticValues are the values of a static source.
type staticValues[T any] struct {
	n  int
	at func(i int) T
}

func newSource[T any](name string) *operator[T] {
	return &operator[T]{base: base{
		verb: name, backend: "source", cfg: config{name: name, workers: 1}, known: optName | optTotal, inline: true,
		renumbers: true,
	}}
}

// FromSeq returns a stage of the values of seq. Each run starts seq anew, and asks it for the next
// value only when there is room for it. While seq computes a value nothing can interrupt it, not
// even the end of the run.
func FromSeq[T any](seq iter.Seq[T]) Stage[T] {
	return source("seq", missing(seq == nil), false, func(_ context.Context, yield func(T) bool) error {
		seq(yield)
		return nil
	})
}

// FromSeq2 is FromSeq for a sequence that can fail: its first error fails the run, and the value
// beside that is dropped.
func FromSeq2[T any](seq iter.Seq2[T, error]) Stage[T] {
	return source("seq2", missing(seq == nil), false, func(_ context.Context, yield func(T) bool) (failure error) {
		seq(func(v T, err error) bool {
			if failure == nil {
				failure = err
			}
			return failure == nil && yield(v)
		})
		return failure
	})
}

// FromChan returns a stage of the values received from ch until it is closed. Runs of the stage
// share the channel's values. The end of a run does not wait for ch.
//
// A value is received when there is room for it downstream, which need not mean that it is used: if
// the run ends early, values that wait in queues or are in the hands of workers are dropped, and
// no other receiver can get them. Without [MaxSize] that may be all that ch had; with it, at most
// MaxSize and Workers of each stage, the last stage's MaxSize once more in front of the loop, and
// one value at the source. If no stage has workers, the loop has got every value that was received,
// except for one if the context ended. Out of this stage in [Stats] is how many were received. To
// stop and lose nothing, close ch.
func FromChan[T any](ch <-chan T) Stage[T] {
	return source("chan", missing(ch == nil), true, func(ctx context.Context, yield func(T) bool) error {
		for ctx.Err() == nil { // else a value could still be received, and be dropped
			select {
			case v, open := <-ch:
				if !open || !yield(v) {
					return nil
				}
			case <-ctx.Done():
				return nil
			}
		}
		return nil
	})
}

// FromFunc returns a stage of the values that f yields. yield waits for room, and reports false if
// no more values are wanted; f should return then. An error of f fails the run. ctx ends with the
// run. yield must not be called from several goroutines at once; after f has returned it does
// nothing and reports false.
func FromFunc[T any](f func(ctx context.Context, yield func(T) bool) error) Stage[T] {
	return source("func", missing(f == nil), true, f)
}

func missing(is bool) error {
	if is {
		return atUserPlace(errNoSource)
	}
	return nil
}

var errNoSource = errors.New("the source is nil")

// source makes a source of the values that f yields. If heeds, f looks at its context, so that its
// error may only say that the context has ended.
func source[T any](name string, err error, heeds bool, f func(context.Context, func(T) bool) error) Stage[T] {
	o := newSource[T](name)
	if err != nil {
		o.fail(err)
	}
	o.compose = func(b *builder, o *operator[T], s *Site) flow[T] {
		return numbered(b, o, s, func(yield func(T, queue.Tag) bool) {
			r := &reading[T]{site: s, op: &o.base, yield: yield, heeds: heeds, draining: s.run.draining}
			if !r.draining.begun() {
				r.read(f)
			}
		})
	}
	return Stage[T]{o}
}

// reading is one run of a source. Only the source's goroutine uses it.
type reading[T any] struct {
	site      *Site
	op        *base
	yield     func(T, queue.Tag) bool
	heeds     bool
	draining  *draining
	handingOn bool // yield runs: a panic now is not the source's
	over      bool // no more values are wanted, or f has returned
}

// read calls f. A panic, or Goexit, in f fails the run.
func (r *reading[T]) read(f func(context.Context, func(T) bool) error) {
	ctx, release := r.draining.sourceContext(r.site.workerContext(r.op, 0))
	defer release()
	returned := false
	defer func() {
		r.over = true
		if returned || r.handingOn {
			return
		}
		r.site.Fail(&StageError{Stage: r.op.cfg.name, Err: panicOrGoexit(recover())})
	}()
	err := f(ctx, r.handOn)
	returned = true
	if err != nil {
		r.failed(ctx, err)
	}
}

// failed is called with f's error. An error after yield has reported false, or after ctx has ended,
// only says that f was stopped, and does not fail the run; after a Drain it is logged unless it is
// the context's.
func (r *reading[T]) failed(ctx context.Context, err error) {
	switch {
	case r.site.ctx.Err() != nil:
	case !r.over && (ctx.Err() == nil || !r.heeds):
		r.site.Fail(&StageError{Stage: r.op.cfg.name, Err: err})
	case r.draining.begun() && !guard.Is(err, ErrDrain) && !guard.Is(err, context.Canceled):
		slog.Warn("pl: a source that was told to stop reading returned an error", "stage", r.op.cfg.name,
			"err", guard.Text(err))
	}
}

// handOn is the yield that f gets.
func (r *reading[T]) handOn(v T) bool {
	if r.over || r.site.stopped.Load() {
		return false
	}
	r.handingOn = true
	r.over = !r.yield(v, queue.Tag{}) || r.draining.begun()
	r.handingOn = false
	return !r.over
}
