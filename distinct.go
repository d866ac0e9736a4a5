package pl

import (
	"container/list"
	"context"
	"fmt"
)

// Distinct drops values whose key is among the last keys that were seen. To see a key again makes
// it the latest, so the one that was seen least recently is forgotten first. With last = 0 all keys
// are remembered, for as long as the run goes on. A key that differs from itself, such as NaN, is a
// new one each time and is not remembered.
//
// key is called once for each value, in the consumer's goroutine. A key that panics, or one that
// cannot be hashed, is the failure of its value.
func Distinct[T any, K comparable](key func(T) K, last int) Partial[T, T] {
	op := Operation[T, T]{Verb: "Distinct", Results: AtMostOne, Func: key}
	if last < 0 {
		op.Err = fmt.Errorf("Distinct(…, %d): last must be at least 0 (0: all keys are remembered)", last)
	}
	op.Open = func(context.Context) (Kernel[T, T], func(context.Context) error, error) {
		seen := newRecent[K](last)
		return func(_ context.Context, v T, emit func(T) bool) error {
			if seen.add(key(v)) {
				emit(v)
			}
			return nil
		}, nil, nil
	}
	return NewInline("pl", op)
}

// recent remembers the last keys that were added; all of them if most is 0.
type recent[K comparable] struct {
	most   int
	places map[K]*list.Element
	order  *list.List // of keys, the latest in front; unused if all are remembered
}

func newRecent[K comparable](most int) *recent[K] {
	return &recent[K]{most: most, places: map[K]*list.Element{}, order: list.New()}
}

// add reports whether k is new, and makes it the latest.
func (r *recent[K]) add(k K) bool {
	if k != k { // a map could neither find it again nor delete it
		return true
	}
	place, known := r.places[k]
	switch {
	case r.most == 0:
		r.places[k] = nil
	case known:
		r.order.MoveToFront(place)
	default:
		if r.order.Len() == r.most {
			delete(r.places, r.order.Remove(r.order.Back()).(K))
		}
		r.places[k] = r.order.PushFront(k)
	}
	return !known
}
