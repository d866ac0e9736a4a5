package pl

import (
	"fmt"
	"reflect"

	"github.com/gopeln/pl/internal/queue"
)

// admission is what a stage asks about each value before the value enters its queue: its key and
// its weight.
type admission[A any] struct {
	keys   keys[A]       // nil without ByKey
	weight weightFunc[A] // nil without MaxWeight
	most   int64         // of weight; 0: no bound
	// alone is set if the stage's only worker has several values but runs one after the other:
	// lanes would only change their order.
	alone bool
	// oneByOne is set if the values must begin in the order in which they leave the queue.
	oneByOne bool
	// rejecter makes the rejecter of one producer.
	rejecter func() rejecter[A]
	site     *Site
}

// fetchesOne reports whether workers fetch one value at a time from a queue with that bound. A bound
// of weight is taken for a narrow one, since nothing is known of how many values make it up.
func (a *admission[A]) fetchesOne(limit int) bool { return a.oneByOne || a.most > 0 || narrow(limit) }

// rejecter ends a value that failed with err before it entered.
type rejecter[A any] func(me *queue.Waiter, v A, t queue.Tag, err error)

// checkAdmission returns an error if the function of ByKey or MaxWeight takes values of another
// type.
func checkAdmission[A any](c *config) error {
	for _, o := range []struct {
		name string
		f    inputFunc
	}{{"ByKey", c.keys}, {"MaxWeight", c.weight}} {
		if want := reflect.TypeFor[A](); o.f != nil && o.f.inputType() != want {
			return fmt.Errorf("%s: its function takes a value of type %v, but the stage's are of type %v; give it a func(%v)",
				o.name, o.f.inputType(), want, want)
		}
	}
	return nil
}

// inputFunc is the user's function of an option that is asked about a stage's values.
type inputFunc interface{ inputType() reflect.Type }

// newAdmission returns what o asks about its values at site s, or nil if it asks nothing.
func newAdmission[A, B any](b *builder, o *operator[B], s *Site, op Operation[A, B], d *decider) *admission[A] {
	c := &o.cfg
	if c.keys == nil && c.weight == nil {
		return nil
	}
	a := &admission[A]{most: c.mostWeight, oneByOne: c.oneByOne(), site: s}
	a.keys, _ = c.keys.(keys[A])
	a.weight, _ = c.weight.(weightFunc[A])
	a.rejecter = func() rejecter[A] {
		p := order{trackers: b.planned[o].trackers, results: op.Results}
		r := &rejection[A]{site: s, item: op.Item, cfg: c, order: p, decider: d.forWorker(), counts: b.planned[o].figures.addWorker()}
		return r.reject
	}
	return a
}

// rejection ends values that fail before they enter. One producer uses it.
type rejection[A any] struct {
	site    *Site
	item    func(A) any
	cfg     *config
	order   order
	decider *decider
	counts  *counts
}

func (r *rejection[A]) reject(me *queue.Waiter, v A, t queue.Tag, err error) {
	e := &StageError{Stage: r.cfg.name, Worker: -1, Item: itemOf(r.item, v), Err: Permanent(err), Attempts: 1}
	r.counts.take()
	r.counts.fail()
	if decision := r.decider.decide(r.site.ctx, me, e); decision.Err != nil && r.site.failValue(t, decision.Err) {
		return
	}
	r.counts.drop()
	r.order.finished(t, 0)
}

// newQueue makes the queue of a stage that asks about its values.
func (a *admission[A]) newQueue(limit int) queue.Queue[A] {
	if a.keys != nil {
		return a.keys.newQueue(limit, a)
	}
	return newWeightedQueue(limit, a)
}

// weigh returns the weight of v; it calls the user's function.
func (a *admission[A]) weigh(v A) int64 {
	if a.weight == nil {
		return 0
	}
	return a.weight(v)
}

// flow returns the flow of the values that enter an inline operator. There is no queue, and no
// value has to wait for another.
func (a *admission[A]) flow(values flow[A]) flow[A] {
	return func(yield func(A, queue.Tag) bool) {
		reject := a.rejecter()
		values(func(v A, t queue.Tag) bool {
			ok := a.guarded(a.site.waiter, v, t, reject, func() error {
				if a.keys != nil {
					a.keys.check(v)
				}
				return negative(a.weigh(v))
			})
			return !ok && !a.site.stopped.Load() || ok && yield(v, t)
		})
	}
}

// guarded calls ask, which calls the user's functions about v. If ask panics or returns an error,
// guarded rejects v and reports false. Goexit fails the run.
func (a *admission[A]) guarded(me *queue.Waiter, v A, t queue.Tag, reject rejecter[A], ask func() error) (ok bool) {
	err := ErrGoexit // unless ask returns
	defer func() {
		switch value := recover(); {
		case value != nil:
			err = recovered(value)
		case err == ErrGoexit:
			a.site.Fail(&StageError{Stage: a.site.Name(), Worker: -1, Item: v, Err: err})
			return
		}
		if ok = err == nil; !ok {
			reject(me, v, t, err)
		}
	}()
	err = ask()
	return true
}
