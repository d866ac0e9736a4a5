package pl

import (
	"reflect"

	"github.com/gopeln/pl/internal/queue"
)

// ByKey runs the values of one key one after the other, in the order in which they arrived at the
// stage, and values of other keys beside them: at most one value of a key is begun and not ended,
// over all workers, event loops and subprocesses of the stage, the waits of [Retry] included. The
// results of a key leave the stage in that order too.
//
// A value whose key is busy waits in the queue. It occupies no worker, counts for [MaxSize], and is
// overtaken by values of other keys. Under [Timeout] a key stays busy until a function that ignores
// its context has returned. The stage remembers a key as long as it has a value of it, and the last
// thousand or so without.
//
// key is called once for each value, by the goroutine that hands the value to the stage. If it
// panics, or if the key cannot be hashed, the value has failed, without a further attempt. A key
// that differs from itself, such as NaN, is a new one each time. A stage whose input is not of type
// A fails its run.
func ByKey[A any, K comparable](key func(A) K) Option {
	return option(optByKey, "ByKey", key != nil, "the key function must not be nil",
		func(c *config) { c.keys = keyFunc[A, K](key) })
}

// keys is the key function of a stage with values of type A, whatever the type of the keys.
type keys[A any] interface {
	// newQueue makes a queue in which at most one value of a key is with a consumer.
	newQueue(limit int, a *admission[A]) queue.Queue[A]
	// check asks for the key of v. It panics if there is none.
	check(v A)
}

type keyFunc[A any, K comparable] func(A) K

func (f keyFunc[A, K]) newQueue(limit int, a *admission[A]) queue.Queue[A] {
	return queue.NewLanes(limit, a.most, !a.alone, func() queue.Ask[A, K] {
		reject := a.rejecter()
		return func(me *queue.Waiter, v A, t queue.Tag) (key K, weight int64, ok bool) {
			if !a.guarded(me, v, t, reject, func() error {
				key = f.keyOf(v)
				weight = a.weigh(v)
				return negative(weight)
			}) {
				return key, 0, false
			}
			return key, weight, true
		}
	}).OneByOne(a.fetchesOne(limit))
}

// keyOf returns the key of v. It panics if f does, or if the key cannot be hashed.
func (f keyFunc[A, K]) keyOf(v A) K {
	key := f(v)
	_ = map[K]struct{}(nil)[key]
	return key
}

func (f keyFunc[A, K]) check(v A) { f.keyOf(v) }

func (keyFunc[A, K]) inputType() reflect.Type { return reflect.TypeFor[A]() }
