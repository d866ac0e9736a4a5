package pl

import (
	"errors"
	"fmt"
	"time"

	"github.com/gopeln/pl/internal/queue"
)

// BatchWeight is [Batch] with a bound on the weight of a slice, such as bytes: it closes a slice
// before the value that would make it heavier than most. A value that is heavier than most by
// itself is alone in its slice. weight is called once for each value, in the consumer's goroutine.
// If it panics or returns a negative number, the run fails with a *[StageError] that names the
// value.
func BatchWeight[T any](n int, most int64, weight func(T) int64, wait time.Duration) Partial[T, []T] {
	var wrong error
	switch {
	case n < 1:
		wrong = errors.New("the size must be at least 1")
	case most < 1:
		wrong = errors.New("the weight of a slice must be at least 1")
	case weight == nil:
		wrong = atUserPlace(errNilFunction)
	case wait < 0:
		wrong = errors.New("the wait must be at least 0 (0: no limit)")
	}
	return func(s Stage[T]) Stage[[]T] {
		in := s.node()
		o := plain[[]T]("BatchWeight", in)
		o.renumbers = true
		if wrong != nil {
			o.fail(fmt.Errorf("BatchWeight(%d, %d, …, %v): %w", n, most, wait, wrong))
		}
		o.compose = func(b *builder, o *operator[[]T], at *Site) flow[[]T] {
			w := &weighing[T]{site: at, op: &o.base, weight: weight, n: n, most: most} // made anew for each run
			if wait > 0 {
				return numbered(b, o, at, w.timed(b, o, in, wait))
			}
			return numbered(b, o, at, w.untimed(upstream[T](b, o, in, at)))
		}
		return Stage[[]T]{o}
	}
}

// weighing is one run of a BatchWeight.
type weighing[T any] struct {
	site   *Site
	op     *base
	weight func(T) int64
	n      int
	most   int64

	batch []T
	sum   int64 // the weight of batch
}

// weigh returns the weight of v, and reports whether it has one; if not, the run has failed.
func (w *weighing[T]) weigh(v T) (weight int64, ok bool) {
	if weight, ok = asked(w.site, w.op, v, w.weight); ok && weight < 0 {
		w.site.Fail(&StageError{
			Stage: w.op.cfg.name, Item: v, Err: fmt.Errorf("the weight is %d; it must be at least 0", weight),
		})
		return 0, false
	}
	return weight, ok
}

// fits reports whether a value of that weight can join the batch.
func (w *weighing[T]) fits(weight int64) bool {
	return len(w.batch) == 0 || len(w.batch) < w.n && w.sum <= w.most && weight <= w.most-w.sum
}

// add adds v to the batch.
func (w *weighing[T]) add(v T, weight int64) {
	w.batch = append(w.batch, v)
	w.sum += weight
}

// closed returns the batch and begins another.
func (w *weighing[T]) closed() []T {
	batch := w.batch
	w.batch, w.sum = nil, 0
	return batch
}

// untimed yields a batch when it is full, and the last one at the end.
func (w *weighing[T]) untimed(values flow[T]) flow[[]T] {
	return func(yield func([]T, queue.Tag) bool) {
		wanted := true
		values(func(v T, _ queue.Tag) bool {
			weight, ok := w.weigh(v)
			if !ok {
				return false
			}
			if !w.fits(weight) {
				wanted = yield(w.closed(), queue.Tag{})
			}
			w.add(v, weight)
			if wanted && len(w.batch) == w.n {
				wanted = yield(w.closed(), queue.Tag{})
			}
			return wanted
		})
		if wanted && len(w.batch) > 0 && !w.site.stopped.Load() {
			yield(w.closed(), queue.Tag{})
		}
	}
}

// timed yields a batch also when wait has passed since its first value came. To wait for a limited
// time it needs a queue, and so a goroutine for what is upstream.
func (w *weighing[T]) timed(b *builder, o *operator[[]T], in node, wait time.Duration) flow[[]T] {
	q := newQueue[T](b, b.bound(&o.base, in), false, false, in)
	b.planned[o].figures.addInput(q)
	connect(b, w.site, q, in)
	failed := b.holdFailure(in)
	values := q.Consumer(nil).(queue.TimedInlet[T])
	return func(yield func([]T, queue.Tag) bool) {
		defer q.Stop()
		defer failed.report(w.site)
		for {
			if len(w.batch) == 0 {
				v, _, open := values.Take(w.site.waiter)
				if !open {
					return
				}
				weight, ok := w.weigh(v)
				if !ok {
					return
				}
				w.add(v, weight)
			}
			next, weight, ok := w.fill(values, time.Now().Add(wait))
			if cutShort := len(next) == 0 && len(w.batch) < w.n && failed.pending(); cutShort {
				return
			}
			if !ok || w.site.stopped.Load() || !yield(w.closed(), queue.Tag{}) {
				return
			}
			for _, v := range next {
				w.add(v, weight)
			}
		}
	}
}

// fill adds values to the batch until it is full or the deadline has passed. It returns the value,
// with its weight, that came and did not fit, if there is one. It reports false if the run has
// failed.
func (w *weighing[T]) fill(values queue.TimedInlet[T], deadline time.Time) (next []T, weight int64, ok bool) {
	for len(w.batch) < w.n {
		next = values.TakeFor(w.site.waiter, 1, time.Until(deadline))
		if len(next) == 0 {
			return nil, 0, true
		}
		if weight, ok = w.weigh(next[0]); !ok {
			return nil, 0, false
		}
		if !w.fits(weight) {
			return next, weight, true
		}
		w.add(next[0], weight)
	}
	return nil, 0, true
}
