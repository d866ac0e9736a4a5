package pl

import (
	"context"
	"errors"

	"github.com/gopeln/pl/internal/queue"
	"github.com/gopeln/pl/internal/stopwatch"
)

// handler takes values through a kernel: attempts, errors, order, figures. It has one value under way at a time. A
// pooled worker has one for each of its seats, and that can be very many, so it is small; an inline operator has one for
// its run.
type handler[A, B any] struct {
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
	// attended: the seat wants to know of each call. timed: and of each result, since there is a Timeout.
	attended, timed bool
	replaced        bool // the worker was: what it opened is this one's to close
}

// places tells the Ordered stages downstream what becomes of values that do not reach them as themselves.
type places struct {
	marks   []queue.Marker
	results Results
}

// finished reports a value that has ended with n results.
func (p *places) finished(t queue.Tag, n int) {
	for _, m := range p.marks {
		switch {
		case n == 0:
			m.Hole(t)
		case p.results == Many:
			m.Children(t, n)
		}
	}
}

// place is the tag of a value's i-th result.
func (p *places) place(t queue.Tag, i int) queue.Tag {
	if p.results != Many || len(p.marks) == 0 {
		return t
	}
	return t.Child(i)
}

// begin is called when v and t have been set. streamWindow, where neither attempt nor given can have changed since the
// value before, only counts instead.
func (h *handler[A, B]) begin() {
	h.busy = true
	h.attempt, h.given = 1, 0
	h.tally.in++
}

// settle sees the value under way through all its attempts. It reports false where the stage shall stop.
func (h *handler[A, B]) settle() bool {
	for h.busy {
		err := h.fault
		if err == nil {
			err = h.call()
		}
		if !h.conclude(err) {
			return false
		}
	}
	return true
}

// conclude takes in what an attempt has come to. After it the value is busy if it is to be tried again. It reports false
// where the stage shall stop.
func (h *handler[A, B]) conclude(err error) bool {
	if err == nil && !h.refused {
		h.end()
		return true
	}
	h.fault = nil
	if h.refused || errors.Is(err, stopwatch.ErrAbandoned) || !h.failed(err) {
		h.busy = false
		return false
	}
	return true
}

// call is one attempt.
func (h *handler[A, B]) call() error {
	h.yielded = 0
	if h.attended {
		return h.callAttended()
	}
	h.calling = true
	err := h.kernel(h.ctx, h.v, h.emit)
	h.calling = false
	return err
}

func (h *handler[A, B]) callAttended() error {
	ctx := h.seat.Enter(h.ctx)
	h.calling = true
	err := h.kernel(ctx, h.v, h.emit)
	h.calling = false
	return h.seat.Leave(err)
}

// hand is what a kernel's emit does. The usual case comes first: one consumer, no order, no timeout, first attempt.
func (h *handler[A, B]) hand(b B) (ok bool) {
	if h.timed || h.attempt > 1 || !h.calling || h.refused {
		return h.handSlowly(b)
	}
	h.putting = true
	switch {
	case h.port != nil:
		ok = h.port.Put(h.me, b, queue.Tag{})
	case h.channel != nil:
		ok = h.channel.Put(h.me, b, queue.Tag{})
	default:
		h.putting = false
		return h.handSlowly(b)
	}
	h.putting = false
	h.given++
	h.tally.out++
	h.refused = !ok
	return ok
}

func (h *handler[A, B]) handSlowly(b B) bool {
	if !h.calling || h.refused {
		return false
	}
	if h.yielded++; h.yielded <= h.given {
		return true // an attempt before has handed it on
	}
	if h.timed && !h.seat.Pause() {
		return false
	}
	h.putting = true
	ok := h.put(h.me, b, h.place(h.t, h.given))
	h.putting = false
	if ok {
		h.given++
		h.tally.out++
	}
	h.refused = !ok
	// Where there is one result at most, the function has returned by now: the clock must not go on, or a value that is
	// out already could still fail.
	if h.timed && h.results == Many {
		h.seat.Resume()
	}
	return ok
}

// end is the good end of a value.
func (h *handler[A, B]) end() {
	h.busy = false
	if h.given == 0 && h.results == AtMostOne {
		h.tally.dropped++
	}
	h.finished(h.t, h.given)
}

// drop ends a value without results, or without more.
func (h *handler[A, B]) drop() {
	h.busy = false
	h.tally.dropped++
	h.finished(h.t, h.given)
}

// failed asks the stage's policy. After it, the value is either to be tried again, after the wait, or no longer under
// way; it reports false where the stage shall stop.
func (h *handler[A, B]) failed(err error) bool {
	if h.stopping() {
		return false
	}
	e := &StageError{Stage: h.of.cfg.name, Worker: h.index, Item: h.v, Err: err}
	verdict := h.of.cfg.policy.judge(h.ctx, h.attempt, e, h.site.Fail)
	if verdict.Again {
		h.attempt++
		return verdict.After <= 0 || h.seat.Sleep(h.ctx, verdict.After) == nil
	}
	h.tally.failed++
	if verdict.Err != nil {
		h.site.Fail(verdict.Err)
		return false
	}
	h.drop()
	return true
}

// stopping tells whether an error may be of the stage's own stopping. Contexts end a moment before the run has taken
// note of it.
func (h *handler[A, B]) stopping() bool {
	if h.site.ctx.Err() == nil {
		return false
	}
	h.site.Fail(context.Cause(h.site.ctx))
	return true
}

// mine tells, in a deferred function, whether a panic is the user's function's own: one that came from downstream, by
// way of emit, is not ours to catch.
func (h *handler[A, B]) mine() bool { return h.calling && !h.putting }

// caught makes a panic, or the end of the goroutine where value is nil, the fault of the attempt.
func (h *handler[A, B]) caught(value any) {
	h.calling = false
	h.fault = fault(value)
	if h.attended {
		h.fault = h.seat.Leave(h.fault)
	}
}
