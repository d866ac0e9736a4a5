package pl

import (
	"context"
	"time"
)

// Kernel handles one value: it calls emit once for each result, and returns early if emit reports
// false. emit waits for room downstream. It must not be called after the kernel has returned, nor
// from two goroutines at once.
type Kernel[A, B any] func(ctx context.Context, in A, emit func(B) bool) error

// Opener prepares one worker: it returns the worker's kernel, and a function to call when the
// worker ends, which may be nil. [WorkerFrom] finds in ctx which worker it is. The context given to
// the second function is not cancelled.
type Opener[A, B any] func(ctx context.Context) (Kernel[A, B], func(ctx context.Context) error, error)

// Operation is what an operator does, whatever the backend.
type Operation[A, B any] struct {
	Verb    string  // the operator's name: "Map"
	Results Results // how many the kernel makes of a value
	Func    any     // the user's function, for the stage's name; if it is nil, the run fails
	Err     error   // a mistake in making the operator; if it is not nil, the run fails with it
	Open    Opener[A, B]
	// One, if it is not nil, returns what the kernel would emit: exactly one result for each value.
	// The workers' loop calls it instead of the kernel, which saves about a third of what a value
	// costs.
	One func(ctx context.Context, in A) (B, error)
	// Item, if it is not nil, returns what a [StageError] shows as the value that failed, instead
	// of the value itself. It is for an operator whose values are wrapped.
	Item func(in A) any

	name string // of the operator
}

// Results is how many results a kernel makes of a value.
type Results uint8

// What a kernel can make.
const (
	Many      Results = iota // any number; they are the value's children in the order
	One                      // one, which has the value's place in the order
	AtMostOne                // one or none; if none, the value counts as filtered
	None                     // never any
)

// Backend decides what the workers of a stage run on. It must be safe for concurrent use.
//
// A backend with options of its own, made with [Attach], has a method Knows(key any) bool that
// reports whether key is one of theirs. A backend that starts all its workers with [Site.Employ]
// should have a method Goroutines() bool that returns true: short queues are faster then. A backend
// whose workers wait for files or other programs, with their goroutines in the system's poller,
// should have a method Polls() bool that returns true: the goroutines that wait for its workers
// then wait there too, where the workers can wake them at less cost. A driven backend of which a
// stage with one worker can have two functions under way should have a method Overlaps() bool that
// returns true: [ByKey] has an effect then too.
//
// A backend that cannot always run has a method Check(s *Site) error. A run calls it for each stage
// before it starts any stage and reads any source; an error fails the run. Check may wait until
// s.Context ends.
type Backend interface {
	// Name is the backend's name as Graph and String show it: "thread".
	Name() string
	// Start starts the workers of s and returns without waiting for them. Before it returns, it
	// must have called s.Hold or s.Go for each part that has still to end.
	Start(s *Site)
}

// Worker is the typed loop of one worker, as a backend sees it.
type Worker interface {
	// Context returns the worker's context, in which WorkerFrom works. It carries the labels for
	// runtime/pprof.
	Context() context.Context
	// Open runs the worker's OnStart. If it reports false, the run has failed, and Serve must not
	// be called.
	Open() bool
	// Serve handles values until the input has ended, the stage stops, or seat.WaitInput has
	// reported false. It waits only in the seat. Several seats may serve one worker, so that others
	// go on while a function waits, but no two of them may run in parallel. A panic in the user's
	// function is a failure of its value. If the function ends the goroutine by Goexit, the backend
	// must call Serve again: that call takes the value over.
	Serve(seat Seat)
	// Close runs the worker's OnEnd, if Open succeeded. The backend calls it once, after the last
	// Serve, even if Open failed.
	Close()
}

// Seat is what a worker's loop runs on: it says how the loop waits, and what surrounds each call of
// the user's function. The loop itself calls all methods but Wake.
type Seat interface {
	// Park waits for Wake; it may also return without one. Between two returns of Park, any number
	// of Wakes count as one. A Wake before Park makes the next Park return at once.
	Park()
	// Wake ends the Park under way, or the next one. Any goroutine may call it.
	Wake()
	// WaitInput reports whether the seat may park because the input is empty. If it reports false,
	// Serve returns instead: another seat of the worker waits already.
	WaitInput() bool
	// Sleep waits for d, or until ctx ends; in that case it returns ctx's error.
	Sleep(ctx context.Context, d time.Duration) error
	// Block calls f, which may block, and returns when f has returned or has ended its goroutine. A
	// seat that shares its goroutine calls f on another. With again, a value of the worker has
	// begun before and waits for a further attempt; else a value waits to begin, which others of
	// the worker cannot overtake.
	Block(again bool, f func())
	// Enter is called before the function gets a value, and returns the context that the function
	// gets. The stage's Timeout, which the seat keeps, begins here.
	Enter(ctx context.Context) context.Context
	// Leave is called after the function, with the error it returned. It returns the error that
	// counts: err, or ErrTimeout if the value's time was over.
	Leave(err error) error
	// Rest is called now and then between two calls of the function, so that a stage whose
	// functions never wait lets other stages run. again reports whether the loop has a value that
	// is to be tried again. To make progress that value may need another value of the stage, which
	// another seat has to begin.
	Rest(again bool)
	// Pause is called, if the stage has a Timeout, before a result is handed on, which may wait for
	// room: the Timeout does not run until Resume, or until Leave. It reports false if the value's
	// time was over; the result is then dropped.
	Pause() bool
	// Resume is called after a result has been handed on, if the operator's results are Many.
	// Otherwise Leave follows Pause.
	Resume()
}

// NewPartial makes an operator from what it does and what its workers run on. With a bad option, or
// if op.Func is nil, the runs of the stage fail before any value moves.
func NewPartial[A, B any](b Backend, op Operation[A, B], opts ...Option) Partial[A, B] {
	op = op.made()
	return func(s Stage[A]) Stage[B] {
		o := withFunction(b, op, s, opts)
		o.sharesGoroutine = !ownGoroutines(b)
		o.assemble = func(bu *builder, o *operator[B]) { assemble(bu, o, b, s.node(), op) }
		return Stage[B]{o}
	}
}

// NewInline makes an operator without workers: it runs in the goroutine of its consumer, in order.
// It accepts the common options, of which Workers and MaxSize have no effect. backend is its name
// for Graph and String.
func NewInline[A, B any](backend string, op Operation[A, B], opts ...Option) Partial[A, B] {
	op = op.made()
	return func(s Stage[A]) Stage[B] {
		o := withFunction(inlineBackend(backend), op, s, opts)
		o.inline, o.boundless = true, true
		o.compose = func(bu *builder, o *operator[B], at *Site) flow[B] {
			return composeInline(bu, o, at, s.node(), op)
		}
		return Stage[B]{o}
	}
}

// inlineBackend is the name of operators made with NewInline.
type inlineBackend string

func (b inlineBackend) Name() string { return string(b) }
func (inlineBackend) Start(*Site)    {}

// made completes an Operation. It must be called in the call that makes the operator, whose place
// may become the operator's name.
func (op Operation[A, B]) made() Operation[A, B] {
	op.name = operatorName(op.Verb, op.Func)
	if isNil(op.Func) {
		op.Err = atUserPlace(errNilFunction)
	}
	return op
}

// withFunction makes the part of an operator with a user's function that is the same for all
// backends.
func withFunction[A, B any](b Backend, op Operation[A, B], s Stage[A], opts []Option) *operator[B] {
	o := &operator[B]{base: base{
		verb: op.Verb, backend: b.Name(), known: functionOptions, knowsKey: knows(b), checkConfig: checkAdmission[A],
		cfg:    config{name: op.name, workers: 1},
		inputs: []node{s.node()},
		polls:  polls(b),
	}}
	o = o.with(opts)
	if op.Err != nil {
		o.fail(op.Err)
	}
	return o
}

// checkOf returns the Check method of b, or nil.
func checkOf(b Backend) func(*Site) error {
	if c, ok := b.(interface{ Check(s *Site) error }); ok {
		return c.Check
	}
	return nil
}

// polls reports whether the workers of b wait in the system's poller for each value.
func polls(b Backend) bool {
	p, ok := b.(interface{ Polls() bool })
	return ok && p.Polls()
}

// knows returns the Knows method of b, or a function that always reports false.
func knows(b Backend) func(key any) bool {
	if k, ok := b.(interface{ Knows(key any) bool }); ok {
		return k.Knows
	}
	return func(any) bool { return false }
}
