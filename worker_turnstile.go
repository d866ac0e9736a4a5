package pl

import "github.com/gopeln/pl/internal/timesheet"

// enter takes the value that l has begun through the stage's turnstile. While it is there, the other
// seats of the worker take no value, as if the input were empty: they would only wait behind it.
func (w *worker[A, B]) enter(l *valueLoop[A, B]) bool {
	w.entering = true
	defer func() { w.entering = false }()
	return l.pass(w.holdingIn.Number())
}

// pass takes the attempt that is next through the stage's turnstile, if it has one. It reports false
// if the stage is to stop.
func (l *valueLoop[A, B]) pass(number int64) bool {
	return l.turnstile == nil || l.passTurnstile(number)
}

// passTurnstile is pass for a stage that has one: a function apart, since what it hands to Block is
// allocated.
func (l *valueLoop[A, B]) passTurnstile(number int64) (ok bool) {
	l.me.Track.Wait(timesheet.Limited)
	defer l.me.Track.Resume(timesheet.Limited) // a seat may be ended by Goexit
	l.seat.Block(number == again, func() {
		ok = l.turnstile.pass(l.ctx, number, l.index, itemOf(l.item, l.v))
	})
	l.busy = ok
	return ok
}

// skip says that the value taken last will not pass the turnstile.
func (w *worker[A, B]) skip() {
	if w.turnstile != nil {
		w.turnstile.skip(w.holdingIn.Number())
	}
}
