package pl

import (
	"fmt"
	"time"

	"github.com/gopeln/pl/internal/queue"
)

// Batch collects values into slices of up to n. With wait > 0 it yields a slice that is not full
// when wait has passed since the slice's first value; 0 means no limit. The last slice may be
// short, none is empty, and the receiver may keep and change each. For [Ordered] the order begins
// anew here.
//
// If the source fails, or an operator without workers between it and Batch, the slices that were
// full before are yielded before the error, and the values of a slice that was not are dropped.
func Batch[T any](n int, wait time.Duration) Partial[T, []T] {
	return func(s Stage[T]) Stage[[]T] {
		in := s.node()
		o := plain[[]T]("Batch", in)
		o.renumbers = true
		switch {
		case n < 1:
			o.fail(fmt.Errorf("Batch(%d, %v): the size must be at least 1", n, wait))
		case wait < 0:
			o.fail(fmt.Errorf("Batch(%d, %v): the wait must be at least 0 (0: no limit)", n, wait))
		}
		o.compose = func(b *builder, o *operator[[]T], at *Site) flow[[]T] {
			if wait > 0 {
				return numbered(b, o, at, timedBatches[T](b, o, in, at, n, wait))
			}
			return numbered(b, o, at, batches(at, upstream[T](b, o, in, at), n))
		}
		return Stage[[]T]{o}
	}
}

// batches yields full slices of values; the last may be short.
func batches[T any](at *Site, values flow[T], n int) flow[[]T] {
	return func(yield func([]T, queue.Tag) bool) {
		var batch []T
		wanted := true
		values(func(v T, _ queue.Tag) bool {
			if batch = append(batch, v); len(batch) == n {
				full := batch
				batch = nil
				wanted = yield(full, queue.Tag{})
			}
			return wanted
		})
		if wanted && len(batch) > 0 && !at.stopped.Load() {
			yield(batch, queue.Tag{})
		}
	}
}

// timedBatches yields slices of what arrives within wait. To wait for a limited time it needs a
// queue, and so a goroutine for what is upstream.
func timedBatches[T any](
	b *builder, o *operator[[]T], in node, at *Site, n int, wait time.Duration,
) flow[[]T] {
	q := newQueue[T](b, b.bound(&o.base, in), false, false, in)
	b.planned[o].figures.addInput(q)
	connect(b, at, q, in)
	failed := b.holdFailure(in)
	values := q.Consumer(nil).(queue.TimedInlet[T])
	return func(yield func([]T, queue.Tag) bool) {
		defer q.Stop()
		defer failed.report(at)
		for !at.stopped.Load() {
			v, _, ok := values.Take(at.waiter)
			if !ok {
				return
			}
			batch := append([]T{v}, values.TakeFor(at.waiter, n-1, wait)...)
			if cutShort := len(batch) < n && failed.pending(); cutShort {
				return
			}
			if at.stopped.Load() || !yield(batch, queue.Tag{}) {
				return
			}
		}
	}
}

// Flatten yields the elements of slices.
func Flatten[T any](s Stage[[]T]) Stage[T] {
	return step("Flatten", s, func(b *builder, o *operator[T], at *Site, values flow[[]T]) flow[T] {
		p := order{trackers: b.planned[o].trackers, results: Many}
		return func(yield func(T, queue.Tag) bool) {
			values(func(batch []T, t queue.Tag) bool {
				for i, v := range batch {
					if at.stopped.Load() || !yield(v, p.tag(t, i)) {
						return false
					}
				}
				p.finished(t, len(batch))
				return true
			})
		}
	})
}
