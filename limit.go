package pl

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"sync"
)

// Limiter lets its callers through one by one, as fast as it sees fit. A *rate.Limiter of
// golang.org/x/time is one.
type Limiter interface {
	// Wait blocks until the caller may go on. If ctx ends first it returns an error.
	Wait(ctx context.Context) error
}

// Limit waits for l before each attempt of each value; several stages and runs may share l. The
// values of a stage wait in the order in which they arrived; the stage calls l for one at a time.
// The wait does not count toward [Timeout], and ends with the run: l gets a context that does. Any
// other error of l, or a panic, fails the run, whatever [Retry], [OnError] and [KeepGoing] say.
//
// A value that waits occupies a worker. In package task it occupies no loop; in package process l
// is called in the parent, and a value is sent to a worker once it may begin there at once.
func Limit(l Limiter) Option {
	return option(optLimit, "Limit", !isNilLimiter(l), "the limiter must not be nil",
		func(c *config) { c.limiter = l })
}

func isNilLimiter(l Limiter) bool {
	if l == nil {
		return true
	}
	switch v := reflect.ValueOf(l); v.Kind() {
	case reflect.Pointer, reflect.Func, reflect.Map, reflect.Chan, reflect.Slice:
		return v.IsNil()
	default:
		return false
	}
}

// turnstile is what the attempts of a stage must pass before they begin. One attempt passes at a
// time. The first attempts of values pass in the order in which the values left the stage's queue.
type turnstile struct {
	op      *base
	site    *Site
	limiter Limiter

	mu      sync.Mutex     // guards what follows
	next    int64          // the number of the value that is next to pass for the first time
	skipped map[int64]bool // numbers of values that will not pass
	busy    bool           // an attempt passes
	waiting []*passenger   // in the order in which they came
}

// passenger is an attempt that waits for its turn.
type passenger struct {
	number int64         // of the value, if this is its first attempt; else again
	turn   chan struct{} // closed when it may pass
}

// again is the number of every attempt but a value's first.
const again = -1

// turnstile returns the turnstile of a stage, or nil if its attempts need not pass one.
func (b *builder) turnstile(of *base, s *Site) *turnstile {
	if of.cfg.limiter == nil {
		return nil
	}
	return &turnstile{op: of, site: s, limiter: of.cfg.limiter}
}

// pass waits until the attempt may begin. It reports false if the stage must stop. If the limiter
// ends the goroutine, pass fails the run and does not return.
func (t *turnstile) pass(ctx context.Context, number int64, worker int, item any) bool {
	if !t.enter(ctx, number) {
		return false
	}
	defer t.leave()
	err := t.wait(ctx, func(err error) {
		t.site.Fail(&StageError{Stage: t.op.cfg.name, Worker: worker, Item: item, Err: err})
	})
	return err == nil
}

// wait waits for the limiter. If that fails, wait calls fail with the error, unless the run has
// ended.
func (t *turnstile) wait(ctx context.Context, fail func(error)) (err error) {
	returned := false
	defer func() {
		if !returned {
			err = panicOrGoexit(recover())
		}
		if err != nil && ctx.Err() == nil {
			fail(fmt.Errorf("Limit: %w", err))
		}
	}()
	err = t.limiter.Wait(ctx)
	returned = true
	return err
}

// enter waits for the attempt's turn. It reports false if ctx ends first; then the stage stops, and
// no further attempt passes.
func (t *turnstile) enter(ctx context.Context, number int64) bool {
	p := &passenger{number, make(chan struct{})}
	t.mu.Lock()
	t.waiting = append(t.waiting, p)
	t.admit()
	t.mu.Unlock()
	select {
	case <-p.turn:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

// skip records that the value of that number will not pass.
func (t *turnstile) skip(number int64) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.skipped == nil {
		t.skipped = map[int64]bool{}
	}
	t.skipped[number] = true
	t.admit()
}

// leave ends the attempt's turn.
func (t *turnstile) leave() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.busy = false
	t.admit()
}

// admit gives the turn to the first passenger that may have it, if no attempt passes: a further
// attempt, or the first attempt of the value that is next. The caller must hold t.mu.
func (t *turnstile) admit() {
	if t.busy {
		return
	}
	for ; t.skipped[t.next]; t.next++ {
		delete(t.skipped, t.next)
	}
	i := slices.IndexFunc(t.waiting, func(p *passenger) bool { return p.number == again || p.number == t.next })
	if i < 0 {
		return
	}
	p := t.waiting[i]
	t.waiting = slices.Delete(t.waiting, i, i+1)
	if p.number != again {
		t.next++
	}
	t.busy = true
	close(p.turn)
}
