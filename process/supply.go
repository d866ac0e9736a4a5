package process

import (
	"context"
	"slices"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/internal/timesheet"
)

// flight is a value on its way through a worker.
type flight[A any] struct {
	item  pl.Item[A]
	begun bool // it has left the stage's queue
	open  bool // the ledger counts it
	taken bool // another flight of it is under way, and the worker will skip this one
	// undecoded is why an earlier part of its results could not be decoded.
	undecoded error
}

// next returns up to n values to send: the slot's own first, else what is in the queue, for which
// it waits until ctx ends. ok is false at the end of the input.
func (s *slot[A, B, R]) next(ctx context.Context, n int) (values []*flight[A], ok bool) {
	s.ledger.add(n) // before they are out of the queue
	got, ended := 0, false
	defer func() { s.ledger.add(got - n) }()
	for !ended && ctx.Err() == nil {
		if values = s.takeOwn(n); len(values) > 0 {
			return values, true
		}
		if got = s.port.TryPull(s.batch[:n]); got == 0 {
			got, ended = s.await(ctx, n)
		}
		if got > 0 {
			return s.lineUp(s.board(got)), true
		}
	}
	return nil, false
}

// await waits for the queue, or for values of the slot's own, which are those that others accept
// for it meanwhile.
func (s *slot[A, B, R]) await(ctx context.Context, n int) (got int, ended bool) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s.mu.Lock()
	if len(s.own) == 0 {
		s.waiting = cancel
	} else {
		cancel()
	}
	s.mu.Unlock()
	got, ok := s.port.Pull(ctx, s.batch[:n])
	if !ok && ctx.Err() == nil {
		// That was the end of the input, but values that have not begun may yet be handed to this
		// slot.
		s.ledger.add(-n)
		s.port.Team().Wait(timesheet.Starved)
		ended = !s.ledger.wait(ctx)
		s.port.Team().Resume(timesheet.Starved)
		s.ledger.add(n)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting = nil
	return got, ended && len(s.own) == 0
}

// lineUp puts values that came from the queue behind the slot's own, if it was given some
// meanwhile: those are earlier. It returns as many of the first.
func (s *slot[A, B, R]) lineUp(pulled []*flight[A]) []*flight[A] {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.own) == 0 {
		return pulled
	}
	s.insert(pulled)
	return s.cut(len(pulled))
}

// board makes flights of the first n values in the batch. What it returns is valid until the next
// call.
func (s *slot[A, B, R]) board(n int) []*flight[A] {
	s.mu.Lock()
	kept := len(s.spare) - min(n, len(s.spare))
	s.boarded = append(s.boarded[:0], s.spare[kept:]...)
	s.spare = s.spare[:kept]
	s.mu.Unlock()
	if more := n - len(s.boarded); more > 0 {
		fresh := make([]flight[A], more)
		for i := range fresh {
			s.boarded = append(s.boarded, &fresh[i])
		}
	}
	for i, f := range s.boarded {
		f.item, f.open = s.batch[i], true
	}
	clear(s.batch[:n])
	return s.boarded
}

// reuse keeps flights that nothing refers to any more for other values.
func (s *slot[A, B, R]) reuse(flights []*flight[A]) {
	for _, f := range flights {
		*f = flight[A]{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.spare = append(s.spare, flights[:min(len(flights), maxBatch-len(s.spare))]...)
}

func (s *slot[A, B, R]) takeOwn(n int) []*flight[A] {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cut(n)
}

// cut takes up to n of the slot's own values, the first ones. s.mu is held.
func (s *slot[A, B, R]) cut(n int) []*flight[A] {
	n = min(n, len(s.own))
	values := s.own[:n:n]
	s.own = s.own[n:]
	return values
}

// insert adds to the slot's own values, in the order of the queue: were a value to run while an
// earlier one waits behind it, the two could wait for each other. s.mu is held.
func (s *slot[A, B, R]) insert(values []*flight[A]) {
	s.own = slices.Concat(s.own, values)
	slices.SortStableFunc(s.own, func(f, g *flight[A]) int { return f.item.Compare(&g.item) })
}

// adopt adds to the slot's own values, and wakes it if it waits for some.
func (s *slot[A, B, R]) adopt(values ...*flight[A]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.insert(values)
	s.stir()
	if s.waiting != nil {
		s.waiting()
	}
}

// accept is adopt for values from another slot. It reports false where this one has found something
// else to do.
func (s *slot[A, B, R]) accept(values []*flight[A]) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waiting == nil || len(s.own) > 0 {
		return false
	}
	s.insert(values)
	s.waiting()
	return true
}
