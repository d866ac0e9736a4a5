package pl

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/gopeln/pl/internal/queue"
)

// ErrNoResult is the error of a call of a [Func] whose value ended without a result: a Filter said
// no, an OnError dropped it, or it came after the last value of a Take.
var ErrNoResult = errors.New("pl: the value ended without a result")

var (
	errFuncStopped = errors.New("pl: the Func has been stopped")
	errNoSourceOf  = errors.New("the operator does not use the stage that it is given, so no value would reach it")
)

// Func starts the stages of p, which stay until stop, and returns a function that sends one value
// through them and waits for its first result. So a service calls standing workers, such as
// subprocesses or connections, without the price of a run for each request.
//
// call may be called by any number of goroutines at once. A failure is the error of the call whose
// value failed, and harms no other; so is an error that OnError returns, and a failure with which
// [KeepGoing] would go on. A failure after a value's first result is dropped. If a value ends
// without a result, call returns [ErrNoResult]. If ctx ends first, call returns its cause at once:
// a value whose function runs is not interrupted, and one that has not begun never begins, in any
// stage. [Ordered] in p lets every value pass, since each caller waits for its own.
//
// If the queues of p are full, see [MaxSize], call waits for room until ctx ends. A service bounds
// that wait by a deadline, and answers "503 Service Unavailable" if ctx has ended and its client
// is still there.
//
// stop lets the calls under way finish, waits until nothing is left, and returns the errors of
// OnEnd and what else went wrong with the run. It may be called again and returns the same. After
// it, and after Func's own ctx has ended or the run has failed, such as by OnStart, calls return an
// error at once. If ctx ends, the workers leave without stop. If ctx is one of [Drain], the end of
// its stop does so too, after the calls under way; those that come later get [ErrDrain].
//
// Every call fails if p has a stage whose results belong to no single value, such as Batch or
// Merge, a stage with several consumers, or a source of its own.
func Func[A, B any](ctx context.Context, p Partial[A, B]) (call func(ctx context.Context, in A) (B, error), stop func() error) {
	if ctx == nil {
		ctx = context.Background()
	}
	f := &standing[A, B]{
		calls: queue.NewCalls[B](), requests: make(chan request[A]), stopping: make(chan struct{}), ended: make(chan struct{}),
	}
	root := apply(p, f.source()).node()
	if err := checkCalls(root); err != nil {
		root = broken[B]("Func", err).op
	}
	go f.run(ctx, root)
	return f.call, f.stop
}

// standing is a run whose values are calls.
type standing[A, B any] struct {
	calls    *queue.Calls[B]
	requests chan request[A] // from the callers to the source

	mu       sync.RWMutex
	stopped  bool           // no further call may begin; guarded by mu
	under    sync.WaitGroup // calls under way; raised under mu
	stopping chan struct{}  // closed after stop, when the last call has ended
	once     sync.Once      // of stop

	ended chan struct{} // closed when the run has ended
	// The run's goroutine writes these before it closes ended; callers read them after.
	err     error // the run's
	drained bool  // a Drain has stopped the source
}

// request is a value that enters the run.
type request[A any] struct {
	v A
	t queue.Tag
}

// call is the function that Func returns.
func (f *standing[A, B]) call(ctx context.Context, in A) (out B, err error) {
	if ctx == nil {
		ctx = context.Background()
	}
	if ctx.Err() != nil {
		return out, context.Cause(ctx)
	}
	if !f.begin() {
		return out, f.refusal()
	}
	defer f.under.Done()
	call := f.calls.Add()
	select {
	case f.requests <- request[A]{in, call.Tag()}:
	case <-ctx.Done():
		f.calls.Leave(call)
		return out, context.Cause(ctx)
	case <-f.ended:
		return out, f.end()
	}
	select {
	case a := <-call.Answer:
		return result(a)
	case <-ctx.Done():
		f.calls.Leave(call)
		return out, context.Cause(ctx)
	case <-f.ended:
	}
	select { // it may have come just before the end
	case a := <-call.Answer:
		return result(a)
	default:
		return out, f.end()
	}
}

// result returns what an answer says.
func result[B any](a queue.Answer[B]) (B, error) {
	if !a.OK && a.Err == nil {
		a.Err = ErrNoResult
	}
	return a.Value, a.Err
}

// begin reports whether a call may begin.
func (f *standing[A, B]) begin() bool {
	f.mu.RLock()
	defer f.mu.RUnlock()
	if f.stopped {
		return false
	}
	f.under.Add(1)
	return true
}

// refusal returns the error of a call after stop.
func (f *standing[A, B]) refusal() error {
	select {
	case <-f.ended:
		return cmp.Or(f.err, errFuncStopped)
	default:
		return errFuncStopped
	}
}

// end returns the error of a call that finds the run ended, without stop.
func (f *standing[A, B]) end() error {
	if f.drained {
		return cmp.Or(f.err, ErrDrain)
	}
	return cmp.Or(f.err, ErrNoResult) // it has ended by itself: at a Take
}

// stop is the function that Func returns to end it.
func (f *standing[A, B]) stop() error {
	f.once.Do(func() {
		f.mu.Lock()
		f.stopped = true
		f.mu.Unlock()
		f.under.Wait()
		close(f.stopping)
	})
	<-f.ended
	return f.err
}

// source returns the stage of the calls' values.
func (f *standing[A, B]) source() Stage[A] {
	o := newSource[A]("calls")
	o.calls = true
	o.compose = func(_ *builder, _ *operator[A], s *Site) flow[A] {
		return func(yield func(A, queue.Tag) bool) {
			for {
				if f.drained = s.run.draining.begun(); f.drained {
					return
				}
				select {
				case r := <-f.requests:
					if f.calls.Wanted(r.t) && !yield(r.v, r.t) {
						return
					}
				case <-s.run.draining.begins():
				case <-f.stopping:
					return
				case <-s.ctx.Done():
					return
				}
			}
		}
	}
	return Stage[A]{o}
}

// run is the goroutine of a Func.
func (f *standing[A, B]) run(ctx context.Context, root node) {
	defer close(f.ended)
	f.err = ErrGoexit // unless execute returns
	f.err = execute(ctx, []node{root}, func(b *builder) func() { return f.answers(b, root) }, new(bool))
}

// answers makes the consumer of the results of root, which answers the calls.
func (f *standing[A, B]) answers(b *builder, root node) (consume func()) {
	b.run.calls = f.calls
	b.planned[root].trackers = append(b.planned[root].trackers, f.calls)
	at := b.run.site(&consumerOp)
	if b.tryInline(root) {
		values := root.(*operator[B]).compose(b, root.(*operator[B]), at)
		return func() {
			values(func(v B, t queue.Tag) bool { return f.calls.Put(at.waiter, v, t) && !at.stopped.Load() })
		}
	}
	connect(b, at, queue.Queue[B](f.calls), root)
	return func() { <-f.calls.Ended() }
}

// callTable is how a run whose values are calls knows these, whatever the type of their results.
type callTable interface {
	// Wanted reports whether the caller of the value of tag t still waits.
	Wanted(t queue.Tag) bool
	// Fail answers the caller of the value of tag t with err.
	Fail(t queue.Tag, err error)
}

// checkCalls returns an error that names the first stage upstream of root whose results belong to
// no single call.
func checkCalls(root node) error {
	nodes := reachable([]node{root})
	consumers, used := map[node]int{root: 1}, false
	for _, n := range nodes {
		for _, in := range n.meta().inputs {
			consumers[in]++
		}
	}
	for _, n := range nodes {
		m := n.meta()
		switch {
		case m.err != nil:
			return nil // which the run reports
		case m.calls:
			used = true
		case len(m.inputs) != 1, m.renumbers && !m.restores, consumers[n] > 1:
			return ofNoCall(m.cfg.name)
		}
	}
	if !used {
		return errNoSourceOf
	}
	return nil
}

// ofNoCall is the error of a Func with a stage whose results cannot be matched with calls.
func ofNoCall(stage string) error {
	return fmt.Errorf("a result of the stage %q belongs to no single call: use operators that turn one value into others, "+
		"and have one input and one consumer", stage)
}
