package pl

import (
	"context"
	"time"

	"github.com/gopeln/pl/internal/queue"
	"github.com/gopeln/pl/internal/timesheet"
)

// valueLoop takes values through a kernel, one at a time: attempts, errors, order, figures. A
// worker has one for each of its seats, which can be very many, so it is small. Only the goroutine
// of its seat uses it, except that worker.replace reads it and sets replaced, under the lock of the
// seat's watch.
type valueLoop[A, B any] struct {
	*worker[A, B]
	*opened[A, B]
	seat Seat
	me   *queue.Waiter // of the seat
	emit func(B) bool

	// The value under way.
	v       A
	t       queue.Tag
	hold    queue.Hold
	attempt int
	given   int   // results handed on, in all attempts
	yielded int   // results of this attempt
	fault   error // of an attempt that did not return: a panic, Goexit, or a Timeout that was ignored

	busy      bool // there is a value under way
	calling   bool // the user's function runs
	putting   bool // the user's function waits in emit
	refused   bool // no consumer wants more results
	exchanges bool // its goroutine takes the next value as soon as one has ended
	bracketed bool // the seat's Enter and Leave surround each call
	timed     bool // there is a Timeout: the seat's Pause and Resume surround each result
	replaced  bool // another goroutine has taken the worker over; this one closes what it opened
}

// order tells the Ordered stages downstream which values will not reach them as themselves.
type order struct {
	trackers []queue.Tracker
	results  Results
}

// finished tells the trackers that the value of tag t has ended with n results.
func (p *order) finished(t queue.Tag, n int) {
	for _, m := range p.trackers {
		switch {
		case n == 0:
			m.Hole(t)
		case p.results == Many:
			m.Children(t, n)
		}
	}
}

// tag returns the tag of the i-th result of the value of tag t.
func (p *order) tag(t queue.Tag, i int) queue.Tag {
	if p.results != Many || len(p.trackers) == 0 {
		return t
	}
	return t.Child(i)
}

// begin begins the value in v and t. streamWindow only counts instead, since there neither attempt
// nor given can have changed since the value before.
func (l *valueLoop[A, B]) begin() {
	l.busy = true
	l.attempt, l.given = 1, 0
}

// handle takes the value under way through all its attempts. It reports false if the stage must
// stop.
func (l *valueLoop[A, B]) handle() bool {
	for l.busy {
		err := l.fault
		if err == nil {
			err = l.call()
		}
		if !l.endAttempt(err) {
			return false
		}
	}
	return true
}

// endAttempt ends an attempt that returned err. If the value is to be tried again, it stays under
// way. endAttempt reports false if the stage must stop. It calls no method of err, which may be the
// user's code.
func (l *valueLoop[A, B]) endAttempt(err error) bool {
	if err == nil && !l.refused {
		l.end()
		return true
	}
	l.fault = nil
	if l.refused || l.replaced || !l.applyPolicy(err) {
		l.busy = false
		return false
	}
	return true
}

// call makes one attempt.
func (l *valueLoop[A, B]) call() error {
	l.yielded = 0
	if l.bracketed {
		return l.callBracketed()
	}
	l.calling = true
	err := l.kernel(l.ctx, l.v, l.emit)
	l.calling = false
	return err
}

// callBracketed is call between the seat's Enter and Leave.
func (l *valueLoop[A, B]) callBracketed() error {
	ctx := l.seat.Enter(l.ctx)
	l.calling = true
	err := l.kernel(ctx, l.v, l.emit)
	l.calling = false
	return l.seat.Leave(err)
}

// handOn is the emit of the kernel. The usual case comes first: one consumer, no order, no Timeout,
// first attempt.
func (l *valueLoop[A, B]) handOn(b B) (ok bool) {
	if l.timed || l.attempt > 1 || !l.calling || l.refused {
		return l.handOnSlowly(b)
	}
	l.putting = true
	switch {
	case l.windowOut != nil:
		ok = l.windowOut.Put(l.me, b, queue.Tag{})
	case l.channelOut != nil:
		ok = l.putChannel(b)
	default:
		l.putting = false
		return l.handOnSlowly(b)
	}
	l.putting = false
	l.given++
	l.refused = !ok
	return ok
}

// putChannel is put for a worker with a channelOut.
func (l *valueLoop[A, B]) putChannel(b B) bool {
	ok := l.channelOut.Put(l.me, b, queue.Tag{})
	if ok {
		l.counts.give()
	}
	return ok
}

// handOnSlowly is handOn for all other cases.
func (l *valueLoop[A, B]) handOnSlowly(b B) bool {
	if !l.calling || l.refused {
		return false
	}
	if l.yielded++; l.yielded <= l.given {
		return true // an earlier attempt has handed it on
	}
	if l.timed && !l.seat.Pause() {
		return false
	}
	l.putting = true
	ok := l.put(l.me, b, l.tag(l.t, l.given))
	l.putting = false
	if ok {
		l.given++
	}
	l.refused = !ok
	// With at most one result the function has returned by now. If the clock ran on, a value whose
	// result has been handed on could still fail.
	if l.timed && l.results == Many {
		l.seat.Resume()
	}
	return ok
}

// end ends a value that has succeeded.
func (l *valueLoop[A, B]) end() {
	l.busy = false
	if l.given == 0 && l.results == AtMostOne {
		l.counts.filter()
	}
	l.finished(l.t, l.given)
	l.release()
}

// release gives back what the value has kept of the queue. A worker that takes the next value at
// once gives it back in the same step, by Exchange.
func (l *valueLoop[A, B]) release() {
	if !l.exchanges {
		l.hold.Release()
	}
}

// drop ends a value that has failed, without further results.
func (l *valueLoop[A, B]) drop() {
	l.busy = false
	l.counts.drop()
	l.finished(l.t, l.given)
	l.release()
}

// applyPolicy asks the stage's policy about the failure err. When it returns true, the value is
// either to be tried again, and the wait for that is over, or no longer under way. It reports false
// if the stage must stop.
func (l *valueLoop[A, B]) applyPolicy(err error) bool {
	if l.endedByStop() {
		return false
	}
	e := &StageError{
		Stage: l.op.cfg.name, Worker: l.index, Item: itemOf(l.item, l.v), Err: err, Attempts: l.attempt,
	}
	decision := l.decider.decide(l.ctx, l.me, e)
	if decision.Again {
		l.attempt++
		l.counts.retry()
		return (decision.After <= 0 || l.sleep(decision.After)) && l.pass(again)
	}
	l.counts.fail()
	l.figures.failed(err)
	if decision.Err != nil && l.site.failValue(l.t, decision.Err) {
		return false
	}
	l.drop()
	return true
}

// sleep waits for the next attempt. It reports false if the run has ended first.
func (l *valueLoop[A, B]) sleep(d time.Duration) bool {
	l.me.Track.Wait(timesheet.Retrying)
	defer l.me.Track.Resume(timesheet.Retrying)
	return l.seat.Sleep(l.ctx, d) == nil
}

// endedByStop reports whether the stage is stopping, in which case an error of the function is
// expected and ignored. The context may end slightly before the run has recorded why.
func (l *valueLoop[A, B]) endedByStop() bool {
	if l.site.ctx.Err() == nil {
		return false
	}
	l.site.Fail(context.Cause(l.site.ctx))
	return true
}

// inFunction reports, in a deferred function, whether a panic comes from the user's function
// itself. A panic from downstream, in emit, must go on.
func (l *valueLoop[A, B]) inFunction() bool { return l.calling && !l.putting }

// recordPanic makes a panic with value, or Goexit if value is nil, the fault of the attempt.
func (l *valueLoop[A, B]) recordPanic(value any) {
	l.calling = false
	l.fault = panicOrGoexit(value)
	if l.bracketed {
		l.fault = l.seat.Leave(l.fault)
	}
}
