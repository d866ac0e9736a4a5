package pl

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/gopeln/pl/internal/queue"
)

// From is a stage of these values.
func From[T any](items ...T) Stage[T] { return slice(fmt.Sprintf("from(%d)", len(items)), items) }

// FromSlice is a stage of the values of items, which must not change while a run goes on.
func FromSlice[T any](items []T) Stage[T] { return slice(fmt.Sprintf("slice(%d)", len(items)), items) }

// Range is a stage of the numbers 0 … n-1; there are none where n is not positive.
func Range(n int) Stage[int] {
	return staticSource(fmt.Sprintf("range(%d)", n), n, func(i int) int { return i })
}

func slice[T any](name string, items []T) Stage[T] {
	return staticSource(name, len(items), func(i int) T { return items[i] })
}

// staticSource makes a source of n values that are there already. It calls no function of the user's that could fail.
func staticSource[T any](name string, n int, at func(i int) T) Stage[T] {
	o := newSource[T](name)
	o.static, o.values = true, &staticValues[T]{n, at}
	o.compose = func(b *builder, o *operator[T], s *Site) flow[T] {
		counts := b.figures[o].addWorker()
		return numbered(b, o, s, func(yield func(T, queue.Tag) bool) {
			for i := range n {
				if s.stopped.Load() { // nobody else looks where what follows yields nothing
					return
				}
				if i%64 == 0 {
					counts.out.Store(uint64(i))
				}
				if !yield(at(i), queue.Tag{}) {
					counts.out.Store(uint64(i + 1))
					return
				}
			}
			counts.out.Store(uint64(max(n, 0)))
		})
	}
	return Stage[T]{o}
}

// staticValues are values that are there already.
type staticValues[T any] struct {
	n  int
	at func(i int) T
}

func newSource[T any](name string) *operator[T] {
	return &operator[T]{base: base{
		verb: name, backend: "source", cfg: config{name: name, workers: 1}, known: optName, inline: true,
		renumbers: true,
	}}
}

// FromSeq is a stage of the values of seq, which is started once for each run. It is asked for the next value only when
// there is room for it; while it computes one, nothing can interrupt it, the end of the run included.
func FromSeq[T any](seq iter.Seq[T]) Stage[T] {
	return source("seq", missing(seq == nil), func(_ context.Context, yield func(T) bool) error {
		seq(yield)
		return nil
	})
}

// FromSeq2 is FromSeq for a sequence that can fail: the first error in it fails the run, and the value beside it is
// dropped.
func FromSeq2[T any](seq iter.Seq2[T, error]) Stage[T] {
	return source("seq2", missing(seq == nil), func(_ context.Context, yield func(T) bool) (failure error) {
		seq(func(v T, err error) bool {
			if failure == nil {
				failure = err
			}
			return failure == nil && yield(v)
		})
		return failure
	})
}

// FromChan is a stage of the values received from ch until it is closed. The end of the run does not wait for ch; at most
// one value that was received by then is dropped. Runs of the stage share the channel's values.
func FromChan[T any](ch <-chan T) Stage[T] {
	return source("chan", missing(ch == nil), func(ctx context.Context, yield func(T) bool) error {
		for {
			select {
			case v, open := <-ch:
				if !open || !yield(v) {
					return nil
				}
			case <-ctx.Done():
				return nil
			}
		}
	})
}

// FromFunc is a stage of the values that f yields. yield waits for room, and reports false when no more values are
// wanted; f should return then. An error of f fails the run. ctx ends with the run. yield must not be called from
// several goroutines at once; after f has returned it does nothing.
func FromFunc[T any](f func(ctx context.Context, yield func(T) bool) error) Stage[T] {
	return source("func", missing(f == nil), f)
}

func missing(is bool) error {
	if is {
		return errNoSource
	}
	return nil
}

var errNoSource = errors.New("the source is nil")

// source makes a source of what f yields.
func source[T any](name string, err error, f func(context.Context, func(T) bool) error) Stage[T] {
	o := newSource[T](name)
	if err != nil {
		o.fail(err)
	}
	o.compose = func(b *builder, o *operator[T], s *Site) flow[T] {
		counts := b.figures[o].addWorker()
		return numbered(b, o, s, func(yield func(T, queue.Tag) bool) {
			r := &reading[T]{site: s, op: &o.base, yield: yield, counts: counts}
			r.read(f)
		})
	}
	return Stage[T]{o}
}

// reading is one run of a source.
type reading[T any] struct {
	site      *Site
	op        *base
	yield     func(T, queue.Tag) bool
	counts    *counts
	tally     tally
	handingOn bool // in yield: what happens there is not the source's doing
	over      bool
}

func (r *reading[T]) read(f func(context.Context, func(T) bool) error) {
	ctx := r.site.workerContext(r.op, 0)
	returned := false
	defer func() {
		r.over = true
		r.counts.publish(&r.tally)
		if returned || r.handingOn {
			return
		}
		r.site.Fail(&StageError{Stage: r.op.cfg.name, Err: panicOrGoexit(recover())})
	}()
	err := f(ctx, r.handOn)
	returned = true
	if err != nil && ctx.Err() == nil && !r.over { // after a refused value it only says that it was stopped
		r.site.Fail(&StageError{Stage: r.op.cfg.name, Err: err})
	}
}

func (r *reading[T]) handOn(v T) bool {
	if r.over || r.site.stopped.Load() {
		return false
	}
	if r.tally.out++; r.tally.out%64 == 0 {
		r.counts.publish(&r.tally)
	}
	r.handingOn = true
	r.over = !r.yield(v, queue.Tag{})
	r.handingOn = false
	return !r.over
}
