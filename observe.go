package pl

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/gopeln/pl/internal/guard"
	"github.com/gopeln/pl/internal/observe"
	"github.com/gopeln/pl/internal/timesheet"
)

// Observe returns a context in which every run reports to o. The run calls o when it starts. When
// it has ended, and before All, Collect or Run return, it calls the function that o returned, if
// that is not nil, with its error. Observers of ctx itself are called too, before o.
//
// A panic in o, or in the function that it returned, is an error of the run. The other observers
// are called all the same.
func Observe(ctx context.Context, o Observer) context.Context {
	outer := observers(ctx)
	return context.WithValue(ctx, observerKey{}, append(slices.Clip(outer), o))
}

// Observer watches runs; see [Observe].
type Observer func(run *RunInfo) (ended func(err error))

type observerKey struct{}

func observers(ctx context.Context) []Observer {
	all, _ := ctx.Value(observerKey{}).([]Observer)
	return all
}

// watch calls the observers of one run.
type watch struct {
	info  *RunInfo      // nil: there are none
	ended []func(error) // what they returned
	errs  []error       // of observers that panicked
}

// start calls the observers of the caller's context. If one of them panics, the run fails, and
// start reports false.
func (w *watch) start(r *run, roots []node) (ok bool) {
	if r.clock == nil {
		return true
	}
	w.info = newRunInfo(r, roots)
	r.info = w.info
	var calls []func()
	for _, o := range observers(r.caller) {
		calls = append(calls, func() {
			if f := o(w.info); f != nil {
				w.ended = append(w.ended, f)
			}
		})
	}
	w.call(calls)
	if len(w.errs) == 0 {
		return true
	}
	r.fail(errors.Join(w.errs...))
	w.errs = nil
	return false
}

// left records that the consumer has left. It must be called before the run is stopped, as values
// that are cut off then would count as done.
func (w *watch) left() {
	if w.info != nil {
		w.info.cut = cutAt("stopped early", w.info.Stats().Progress)
	}
}

// end calls the functions that the observers returned with err, the run's error. It returns err,
// joined with the errors of observers that panicked.
func (w *watch) end(r *run, err error) error {
	if w.info == nil {
		return err
	}
	w.info.end(r, err)
	var calls []func()
	for _, f := range w.ended {
		calls = append(calls, func() { f(err) })
	}
	w.call(calls)
	w.info.forget()
	if len(w.errs) == 0 {
		return err
	}
	return errors.Join(append([]error{err}, w.errs...)...)
}

// call makes all calls, also if one of them panics, or ends the goroutine.
func (w *watch) call(calls []func()) {
	if len(calls) == 0 {
		return
	}
	defer w.call(calls[1:])
	defer func() {
		if value := recover(); value != nil {
			w.errs = append(w.errs, observerFailed(recovered(value)))
		}
	}()
	calls[0]()
}

// RunInfo shows one run to an [Observer]. It is safe for concurrent use, also after the run.
type RunInfo struct {
	name     string
	graph    Graph
	clock    *timesheet.Clock
	figures  []*stageFigures
	consumer *stageFigures
	loops    func(at time.Duration) []time.Duration
	cpuStart time.Duration
	waits    coreWaits // at the start

	cut     observe.Cut                                   // by the consumer; the run's goroutine has it
	ids     map[*base]int                                 // of the stages, by operator
	enclose []func(context.Context, Node) context.Context // set while observers are told of the start

	mu       sync.Mutex      // guards what follows, and loops
	caller   context.Context // of All, Collect or Run
	ended    *Stats          // the figures of the run as a whole when it ended; nil before
	progress progress
	state    func() RunState
}

func newRunInfo(r *run, roots []node) *RunInfo {
	ids := map[*base]int{}
	for id, n := range reachable(roots) {
		ids[n.meta()] = id
	}
	return &RunInfo{
		ids: ids, caller: r.caller,
		name: nameOfRun(roots), graph: graphOf(roots), clock: r.clock, figures: r.figures, consumer: r.consumer,
		cpuStart: processorTime(), waits: readCoreWaits(), state: r.state, loops: r.loopTimes, progress: newProgress(roots),
	}
}

// Graph returns the stages of the run.
func (r *RunInfo) Graph() Graph { return r.graph }

// Context returns the context that the run was given. Observers may ask for it while they are
// called; when they have returned for the last time, it is one without values.
func (r *RunInfo) Context() context.Context {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.caller
}

// Enclose makes the functions of the run's stages, and their OnStart and OnEnd, run in the contexts
// that f returns. f is called for each worker before it starts, with the context that it would have
// else, from which that of f must be derived, and with its stage; it is called by several
// goroutines at once. In a subprocess there are other contexts.
//
// Only an observer may call it, before it returns from being told that the run starts; calls of
// several observers add up.
func (r *RunInfo) Enclose(f func(ctx context.Context, stage Node) context.Context) {
	r.enclose = append(r.enclose, f)
}

// enclosed is the context of a worker of stage of, as the observers want it.
func (r *run) enclosed(ctx context.Context, of *base) (enclosed context.Context) {
	if r.info == nil || len(r.info.enclose) == 0 {
		return ctx
	}
	defer func() {
		if value := recover(); value != nil {
			r.fail(observerFailed(recovered(value)))
		}
	}()
	enclosed = ctx
	for _, f := range r.info.enclose {
		if c := f(enclosed, r.info.graph.Nodes[r.info.ids[of]]); c != nil {
			enclosed = c
		}
	}
	return enclosed
}

func observerFailed(err error) error { return fmt.Errorf("pl: an observer of the run failed: %w", err) }

// Stats returns the figures of the run so far. Counts do not lag: those of a stage that waits, or
// has ended, are exact, and those of a busy stage are of the moment at which Stats looks at it.
func (r *RunInfo) Stats() Stats {
	at := r.clock.Now()
	s := r.whole(at)
	s.Edges = slices.Clone(r.graph.Edges)
	for i, f := range r.figures {
		s.Stages = append(s.Stages, f.snapshot(r.graph.Nodes[i], at))
	}
	s.Consumer = r.consumer.snapshot(consumerOp.node(len(r.figures)), at)
	if s.State == Running || s.State == Draining {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.progress.fill(&s)
	}
	return s
}

// whole returns the figures of the run as a whole, without those of its stages.
func (r *RunInfo) whole(at time.Duration) Stats {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended != nil {
		s := *r.ended
		s.Loops = slices.Clone(s.Loops)
		return s
	}
	return r.wholeNow(at, r.state())
}

// wholeNow is whole for a run under way. The caller must hold r.mu.
func (r *RunInfo) wholeNow(at time.Duration, state RunState) Stats {
	return Stats{
		Name: r.name, State: state, Started: r.clock.Start(), Elapsed: at,
		CPU: max(processorTime()-r.cpuStart, 0), Loops: r.loops(at), waits: readCoreWaits().sub(r.waits),
	}
}

// end keeps the figures as they are at the end of the run, and drops the references to the rest of
// it.
func (r *RunInfo) end(of *run, err error) {
	at := r.clock.Now()
	r.consumer.keep(at)
	for _, f := range r.figures {
		f.keep(at)
	}
	last := r.Stats()
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.wholeNow(at, endState(of, err))
	if s.Total, s.Progress = last.Total, last.Progress; s.State == Done {
		if s.Progress, s.cut = 1, r.cut; s.cut.How == "" && of.draining.begun() {
			s.cut = cutAt("drained", last.Progress)
		}
	}
	if err != nil {
		s.Err = cut(guard.Text(err), mostErrorRunes)
	}
	r.ended, r.state, r.loops = &s, nil, nil
}

// forget lets go of what holds values of the user's.
func (r *RunInfo) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.caller, r.enclose, r.ids = context.Background(), nil, nil
}

// endState returns the state of a run that has ended with err.
func endState(r *run, err error) RunState {
	switch {
	case err == nil:
		return Done
	case r.caller.Err() != nil && guard.Is(err, context.Cause(r.caller)):
		return Cancelled
	}
	return Failed
}

// state returns the state of a run that has not ended.
func (r *run) state() RunState {
	if r.draining.begun() {
		return Draining
	}
	return Running
}

// showOf returns the function by which the observers of the run want to see values, or nil.
func (r *run) showOf() func(any) string { return observe.Values(r.caller) }
