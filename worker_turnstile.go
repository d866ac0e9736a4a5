package pl

import "github.com/gopeln/pl/internal/timesheet"

// enter takes the value that l has begun through the stage's turnstile. While it waits there, the
// other seats of the worker take no value, as if the input were empty: their values would wait
// behind it.
func (w *worker[A, B]) enter(l *valueLoop[A, B]) bool {
	w.entering = true
	defer func() { w.entering = false }()
	return l.pass(w.holdingIn.Number())
}

// pass takes the next attempt through the stage's turnstile, if there is one. It reports false if
// the stage must stop.
func (l *valueLoop[A, B]) pass(number int64) bool {
	return l.turnstile == nil || l.passTurnstile(number)
}

// passTurnstile is pass for a stage with a turnstile. It is a function apart because the function
// that it gives to Block is allocated.
func (l *valueLoop[A, B]) passTurnstile(number int64) (ok bool) {
	l.me.Track.Wait(timesheet.Limited)
	defer l.me.Track.Resume(timesheet.Limited) // a seat may be ended by Goexit
	l.seat.Block(number == again, func() {
		ok = l.turnstile.pass(l.ctx, number, l.index, itemOf(l.item, l.v))
	})
	l.busy = ok
	return ok
}

// skip records that the value taken last will not pass the turnstile.
func (w *worker[A, B]) skip() {
	if w.turnstile != nil {
		w.turnstile.skip(w.holdingIn.Number())
	}
}
