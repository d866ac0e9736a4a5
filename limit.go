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

// turnstile is what attempts must pass before they begin. One passes at a time, values that come for
// the first time in the order in which they left the stage's queue.
type turnstile struct {
	op      *base
	site    *Site
	limiter Limiter

	mu      sync.Mutex
	next    int64          // the number of the value that is next to pass for the first time
	skipped map[int64]bool // numbers of values that will not pass
	busy    bool           // somebody passes
	waiting []*passenger
}

type passenger struct {
	number int64 // of a value that comes for the first time; again else
	turn   chan struct{}
}

// again stands for the number of a value that has passed before.
const again = -1

// turnstile returns that of a stage, or nil if nothing stands before its attempts.
func (b *builder) turnstile(of *base, s *Site) *turnstile {
	if of.cfg.limiter == nil {
		return nil
	}
	return &turnstile{op: of, site: s, limiter: of.cfg.limiter}
}

// pass waits until the attempt may begin. It reports false if the stage is to stop; it may also end
// the goroutine, with the run failed, if the limiter does.
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

// wait asks the limiter. It calls fail with what is wrong, unless the run is over anyway.
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
// no attempt will pass any more.
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

// skip says that the value of that number will not pass.
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

func (t *turnstile) leave() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.busy = false
	t.admit()
}

// admit gives the turn to the first that came and is not preceded by a value that is still on its
// way from the queue.
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
