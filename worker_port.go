package pl

import (
	"cmp"
	"context"
	"sync"
	"time"

	"github.com/gopeln/pl/internal/queue"
	"github.com/gopeln/pl/internal/timesheet"
)

// NewDriven makes an operator whose workers do not run the engine's loop. start starts goroutines
// of its own, with Go and Hold of the site as in Backend.Start; they move values from and to the
// ports. NewDriven uses neither b.Start nor op.Open.
func NewDriven[A, B any](b Backend, op Operation[A, B], start func(Ports[A, B]), opts ...Option) Partial[A, B] {
	op = op.made()
	return func(s Stage[A]) Stage[B] {
		o := withFunction(b, op, s, opts)
		o.sharesGoroutine, o.driven = true, true
		o.assemble = func(bu *builder, o *operator[B]) { assembleDriven(bu, o, b, s.node(), op, start) }
		return Stage[B]{o}
	}
}

// overlaps reports whether a single worker of b may begin a value before the one before it has ended.
func overlaps(b Backend) bool {
	o, ok := b.(interface{ Overlaps() bool })
	return ok && o.Overlaps()
}

// Ports makes the ports of one driven stage in one run.
type Ports[A, B any] struct {
	site *Site
	port func(index int) *Port[A, B]
}

// Site returns the stage in its run.
func (p Ports[A, B]) Site() *Site { return p.site }

// Port makes the port of a worker. Errors about its values name the worker by index, which is -1
// for a port that stands for workers elsewhere.
func (p Ports[A, B]) Port(index int) *Port[A, B] { return p.port(index) }

func assembleDriven[A, B any](
	b *builder, o *operator[B], backend Backend, in node, op Operation[A, B], start func(Ports[A, B]),
) {
	s := b.site(o)
	s.check = checkOf(backend)
	decider, turnstile := b.decider(o, s), b.turnstile(&o.base, s)
	admission := newAdmission(b, o, s, op, decider)
	if admission != nil {
		admission.alone = o.cfg.workers == 1 && !overlaps(backend)
	}
	input := inputQueue(b, o, in, s, admission)
	out := outletOf[B](b, o)
	out.audience.attend(s)
	s.results, s.figures = op.Results, b.planned[o].figures
	port := func(index int) *Port[A, B] {
		e := out.emitter()
		for _, s := range e.sinks {
			if port, ok := s.(queue.ReservedSink[B]); ok {
				port.Drive()
			}
		}
		p := &Port[A, B]{
			site: s, index: index, in: input.Consumer(nil).(queue.PulledInlet[A]), out: e,
			order: order{trackers: b.planned[o].trackers, results: op.Results}, decider: decider.forWorker(), turnstile: turnstile, counts: e.counts,
			taking: &queue.NewGoroutine().Waiter, giving: &queue.NewGoroutine().Waiter,
		}
		p.observe(b.run.showOf(), b.findersOf(o))
		_, holdsNothing := p.in.(*queue.In[A])
		p.plain = holdsNothing && e.putsAll() && len(p.order.trackers) == 0 && p.finder.all == nil
		return p
	}
	s.startWorkers = func() { start(Ports[A, B]{s, port}) }
}

// Port is where a driven worker takes values and leaves results. At most one goroutine at a time
// may call Pull or TryPull, and at most one Emit, Done, Fail or Restart. The other methods are safe
// for concurrent use.
type Port[A, B any] struct {
	site      *Site
	index     int
	in        queue.PulledInlet[A]
	out       *emitter[B]
	order     order
	decider   *decider
	turnstile *turnstile
	counts    *counts

	taking, giving *queue.Waiter
	plain          bool // the end of an item is of no interest, nor which of them a result is of

	// Of a run that is observed; nil else.
	sampler *sampler
	team    *timesheet.Team
	finder  finders
}

// observe makes the port keep the worker's figures, if the run is observed.
func (p *Port[A, B]) observe(show func(any) string, f finders) {
	sheet, sampler := p.site.figures.addSheet(max(p.index, 0), show)
	if sheet == nil {
		return
	}
	p.sampler, p.team = sampler, sheet.Team()
	p.finder = f
	p.sampler.configure(false, len(p.order.trackers) > 0, finders{})
	p.taking.Track, p.giving.Track = sheet.Track(), sheet.Track()
}

// Team returns the record of the worker's time. It is nil, which records nothing, if the run is not
// observed. Pull, Admit, Sleep and Emit record their waits in it; the backend must record the rest.
func (p *Port[A, B]) Team() *timesheet.Team { return p.team }

// Measured records how long a call of the function took, without its waits in yield. The call
// stands for that many calls. Only one goroutine at a time may call it.
func (p *Port[A, B]) Measured(it *Item[A], took time.Duration, calls int) {
	if s := p.sampler; s != nil && calls > 0 {
		if s.add(took, uint32(calls)); int64(took) > s.floor.Load() {
			s.note(took, &it.t, it.Value)
		}
	}
}

// Item is a value on its way through a driven worker. It may be copied before it is begun, but not
// after.
type Item[A any] struct {
	Value A

	n       int64 // its number in the queue
	t       queue.Tag
	attempt int32 // the attempts before this one
	passed  int32 // attempts that have passed the turnstile
	given   int   // results handed on, in all attempts
	yielded int   // results of this attempt
	refused bool  // no consumer has wanted a result
	hold    *queue.Hold
}

// Compare returns a negative number if the item left the queue before other, an item of the same
// stage, and a positive number if it left later.
func (it *Item[A]) Compare(other *Item[A]) int { return cmp.Compare(it.n, other.n) }

// Attempt returns the number of the attempt that is under way, or next; the first is 1.
func (it *Item[A]) Attempt() int { return int(it.attempt) + 1 }

// Pull moves values from the queue to buf, a fair share of what is there, and waits for the first.
// They count as queued until Begin. ok is false at the end of the input, when the stage stops, and
// when ctx ends.
func (p *Port[A, B]) Pull(ctx context.Context, buf []Item[A]) (n int, ok bool) {
	for n == 0 {
		if n, ok = p.in.Pull(ctx, p.taking, len(buf), into(buf)); !ok {
			return 0, false
		}
		n = p.keepWanted(buf[:n])
	}
	return n, true
}

// TryPull is Pull that does not wait; it may move no value.
func (p *Port[A, B]) TryPull(buf []Item[A]) int {
	return p.keepWanted(buf[:p.in.TryPull(len(buf), into(buf))])
}

// keepWanted ends the items of a Func whose callers have left. It moves the others to the front of
// items, and returns how many they are.
func (p *Port[A, B]) keepWanted(items []Item[A]) int {
	if p.finder.all != nil {
		for i := range items {
			p.finder.begins(&items[i].t)
		}
	}
	calls := p.site.run.calls
	if calls == nil {
		return len(items)
	}
	n := 0
	for i := range items {
		if it := &items[i]; calls.Wanted(it.t) {
			items[n] = *it
			n++
			continue
		}
		p.turnstile.skip(items[i].n)
		p.in.Begin(1)
		p.counts.drop()
		p.order.finished(items[i].t, 0)
		items[i].hold.Release()
	}
	clear(items[n:])
	return n
}

// into returns a function that stores pulled values in buf.
func into[A any](buf []Item[A]) queue.Pulled[A] {
	return func(at int, number int64, values []A, tags []queue.Tag, h *queue.Hold) {
		items := buf[at:]
		for i, v := range values {
			items[i] = Item[A]{Value: v, n: number + int64(i), hold: h}
		}
		for i, t := range tags {
			items[i].t = t
		}
	}
}

// Admit waits until the item may be tried, as options of the stage such as [Limit] demand. The
// backend must call it before each attempt, when the attempt can begin at once; a second call does
// nothing. It reports false if the stage must stop. It never waits unless the stage is
// [Site.OneByOne].
func (p *Port[A, B]) Admit(it *Item[A]) bool {
	if p.turnstile == nil || it.passed > it.attempt {
		return true
	}
	number := it.n
	if it.attempt > 0 {
		number = again
	}
	it.passed = it.attempt + 1
	p.team.Wait(timesheet.Limited)
	defer p.team.Resume(timesheet.Limited)
	return p.turnstile.pass(p.site.ctx, number, p.index, it.Value)
}

// Sleep waits for d, before another attempt. It reports false if the stage must stop.
func (p *Port[A, B]) Sleep(d time.Duration) bool {
	p.team.Wait(timesheet.Retrying)
	defer p.team.Resume(timesheet.Retrying)
	ctx, cancel := context.WithTimeout(p.site.ctx, max(d, 0))
	defer cancel()
	<-ctx.Done()
	return p.site.ctx.Err() == nil && !p.site.Stopping()
}

// Begin records that n pulled values, of whichever port, have been begun. They have left the queue
// then, which has room for others.
func (p *Port[A, B]) Begin(n int) {
	p.in.Begin(n)
}

// Reserve reserves room for up to n results in the queues downstream, and returns for how many
// there was room. It does not wait. Room that is not used must be given back with Unreserve.
func (p *Port[A, B]) Reserve(n int) int {
	for i, s := range p.out.sinks {
		port, ok := s.(queue.ReservedSink[B])
		if !ok {
			continue // an Ordered: its queue has no bound of its own
		}
		got := port.Reserve(n)
		for _, before := range p.out.sinks[:i] {
			if port, ok := before.(queue.ReservedSink[B]); ok {
				port.Unreserve(n - got)
			}
		}
		n = got
	}
	return n
}

// Boundless reports whether there is always room downstream.
func (p *Port[A, B]) Boundless() bool {
	for _, s := range p.out.sinks {
		if port, ok := s.(queue.ReservedSink[B]); ok && port.Bounded() {
			return false
		}
	}
	return true
}

// Unreserve gives back room for n results.
func (p *Port[A, B]) Unreserve(n int) {
	for _, s := range p.out.sinks {
		if port, ok := s.(queue.ReservedSink[B]); ok {
			port.Unreserve(n)
		}
	}
}

// Emit hands on v, a result of the item. It uses reserved room if there is any; otherwise it waits
// for room. It reports false if no consumer wants more. A result that an earlier attempt has handed
// on is skipped, and its reserved room is given back.
func (p *Port[A, B]) Emit(it *Item[A], v B) bool {
	if it.yielded++; it.yielded <= it.given {
		p.Unreserve(1)
		return true
	}
	if p.order.results != Many {
		p.finder.ends(&it.t)
	}
	if !p.out.put(p.giving, v, p.order.tag(it.t, it.given)) {
		it.refused = true
		return false
	}
	it.given++
	return true
}

// Done ends a value that has succeeded. If Emit has reported false for one of its results, Done
// does nothing: the value has no end. So it is once the stage must stop, when a function may have
// returned because nobody wanted its results.
func (p *Port[A, B]) Done(it *Item[A]) {
	if it.refused || p.site.ctx.Err() != nil {
		return
	}
	if it.given == 0 && p.order.results == AtMostOne {
		p.counts.filter()
	}
	p.order.finished(it.t, it.given)
	it.hold.Release()
}

// Finish hands on results[i] as the only result of items[i], and ends that item, for all in turn. It
// is Emit and Done in one, and costs less. The items must not have a result before, and are of no use
// after.
func (p *Port[A, B]) Finish(items []*Item[A], results []B) {
	if !p.plain {
		for i, it := range items {
			p.Emit(it, results[i])
			p.Done(it)
		}
		return
	}
	p.out.putAll(p.giving, results)
}

// Keep keeps the item's part of the stage's bounds, its key and its weight, until release is called,
// even if the item ends before: for a function that was abandoned and still runs. It must be called
// before Done and Fail, by the goroutine that calls them. Any goroutine may call release, again too.
func (p *Port[A, B]) Keep(it *Item[A]) (release func()) {
	hold := it.hold.Share()
	return sync.OnceFunc(hold.Release)
}

// Restart records that the attempt begins anew for a reason that is not a failure of the value.
// That does not count as another attempt.
func (p *Port[A, B]) Restart(it *Item[A]) { it.yielded = 0 }

// Fail asks the stage's policy about the failure of a value. If the decision is Again, the value
// must be tried again after the wait; if not, it has ended, and with Err the run has failed.
func (p *Port[A, B]) Fail(it *Item[A], err error) Decision {
	if p.site.ctx.Err() != nil {
		return Decision{Err: context.Cause(p.site.ctx)}
	}
	it.attempt++
	it.yielded = 0
	v := p.decider.decide(p.site.ctx, p.giving, &StageError{
		Stage: p.site.op.cfg.name, Worker: p.index, Item: it.Value, Err: err, Attempts: int(it.attempt),
	})
	if v.Again {
		p.counts.retry()
		return v
	}
	p.counts.fail()
	p.site.figures.failed(err)
	if v.Err != nil && p.site.failValue(it.t, v.Err) {
		return v
	}
	v.Err = nil
	p.counts.drop()
	p.order.finished(it.t, it.given)
	it.hold.Release()
	return v
}

// Closed adds the error of an OnEnd that ran elsewhere to the run's errors.
func (s *Site) Closed(worker int, err error) {
	s.run.addCleanup(&StageError{Stage: s.Name(), Worker: worker, Err: err})
}
