package pl

import (
	"context"

	"github.com/gopeln/pl/internal/queue"
)

// valueLoop takes values through a kernel: attempts, errors, order, figures. It has one value under way at a time. A
// pooled worker has one for each of its seats, and that can be very many, so it is small; an inline operator has one for
// its run.
type valueLoop[A, B any] struct {
	*worker[A, B]
	*opened[A, B]
	seat Seat
	me   *queue.Waiter // of the seat
	emit func(B) bool

	// the value under way
	v       A
	t       queue.Tag
	attempt int
	given   int   // results handed on, in all attempts
	yielded int   // results of this attempt
	fault   error // what ended the attempt where it could not return: a panic

	busy    bool
	calling bool // the user's function runs
	putting bool // or rather, it waits in emit
	refused bool // nobody wants more results
	// bracketed: the seat wants to know of each call. timed: and of each result, since there is a Timeout.
	bracketed, timed bool
	replaced         bool // the worker was: what it opened is this one's to close
}

// order tells the Ordered stages downstream what becomes of values that do not reach them as themselves.
type order struct {
	trackers []queue.Tracker
	results  Results
}

// finished reports a value that has ended with n results.
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

// tag is the tag of a value's i-th result.
func (p *order) tag(t queue.Tag, i int) queue.Tag {
	if p.results != Many || len(p.trackers) == 0 {
		return t
	}
	return t.Child(i)
}

// begin is called when v and t have been set. streamWindow, where neither attempt nor given can have changed since the
// value before, only counts instead.
func (l *valueLoop[A, B]) begin() {
	l.busy = true
	l.attempt, l.given = 1, 0
	l.tally.in++
}

// handle sees the value under way through all its attempts. It reports false where the stage shall stop.
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

// endAttempt takes in what an attempt has come to. After it the value is busy if it is to be tried again. It reports false
// where the stage shall stop. It does not look into err: the methods of an error are code of the user's.
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

// call is one attempt.
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

func (l *valueLoop[A, B]) callBracketed() error {
	ctx := l.seat.Enter(l.ctx)
	l.calling = true
	err := l.kernel(ctx, l.v, l.emit)
	l.calling = false
	return l.seat.Leave(err)
}

// handOn is what a kernel's emit does. The usual case comes first: one consumer, no order, no timeout, first attempt.
func (l *valueLoop[A, B]) handOn(b B) (ok bool) {
	if l.timed || l.attempt > 1 || !l.calling || l.refused {
		return l.handOnSlowly(b)
	}
	l.putting = true
	switch {
	case l.windowOut != nil:
		ok = l.windowOut.Put(l.me, b, queue.Tag{})
	case l.channelOut != nil:
		ok = l.channelOut.Put(l.me, b, queue.Tag{})
	default:
		l.putting = false
		return l.handOnSlowly(b)
	}
	l.putting = false
	l.given++
	l.tally.out++
	l.refused = !ok
	return ok
}

func (l *valueLoop[A, B]) handOnSlowly(b B) bool {
	if !l.calling || l.refused {
		return false
	}
	if l.yielded++; l.yielded <= l.given {
		return true // an attempt before has handed it on
	}
	if l.timed && !l.seat.Pause() {
		return false
	}
	l.putting = true
	ok := l.put(l.me, b, l.tag(l.t, l.given))
	l.putting = false
	if ok {
		l.given++
		l.tally.out++
	}
	l.refused = !ok
	// Where there is one result at most, the function has returned by now: the clock must not go on, or a value that is
	// out already could still fail.
	if l.timed && l.results == Many {
		l.seat.Resume()
	}
	return ok
}

// end is the good end of a value.
func (l *valueLoop[A, B]) end() {
	l.busy = false
	if l.given == 0 && l.results == AtMostOne {
		l.tally.dropped++
	}
	l.finished(l.t, l.given)
}

// drop ends a value without results, or without more.
func (l *valueLoop[A, B]) drop() {
	l.busy = false
	l.tally.dropped++
	l.finished(l.t, l.given)
}

// applyPolicy asks the stage's policy. After it, the value is either to be tried again, after the wait, or no longer under
// way; it reports false where the stage shall stop.
func (l *valueLoop[A, B]) applyPolicy(err error) bool {
	if l.endedByStop() {
		return false
	}
	e := &StageError{Stage: l.op.cfg.name, Worker: l.index, Item: l.v, Err: err}
	verdict := l.op.cfg.policy.judge(l.ctx, l.attempt, e, l.site.Fail)
	if verdict.Again {
		l.attempt++
		return verdict.After <= 0 || l.seat.Sleep(l.ctx, verdict.After) == nil
	}
	l.tally.failed++
	if verdict.Err != nil {
		l.site.Fail(verdict.Err)
		return false
	}
	l.drop()
	return true
}

// endedByStop tells whether an error may be of the stage's own stopping. Contexts end a moment before the run has taken
// note of it.
func (l *valueLoop[A, B]) endedByStop() bool {
	if l.site.ctx.Err() == nil {
		return false
	}
	l.site.Fail(context.Cause(l.site.ctx))
	return true
}

// inFunction tells, in a deferred function, whether a panic is the user's function's own: one that came from downstream, by
// way of emit, is not ours to catch.
func (l *valueLoop[A, B]) inFunction() bool { return l.calling && !l.putting }

// recordPanic makes a panic, or the end of the goroutine where value is nil, the fault of the attempt.
func (l *valueLoop[A, B]) recordPanic(value any) {
	l.calling = false
	l.fault = panicOrGoexit(value)
	if l.bracketed {
		l.fault = l.seat.Leave(l.fault)
	}
}
