package pl

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"
)

// Verdict says what limits a run. Kind and Stage are for programs, Text and Why for people.
type Verdict struct {
	Kind  VerdictKind
	Stage string // the stage that it is about, if any
	Text  string // one sentence
	Why   string // the evidence
}

// String returns Text and Why.
func (v Verdict) String() string {
	if v.Why == "" {
		return v.Text
	}
	return v.Text + ": " + v.Why
}

// VerdictKind is what limits a run.
type VerdictKind int

// The kinds of verdicts.
const (
	WarmingUp     VerdictKind = iota // too little has happened to say anything
	Stuck                            // nothing has moved for a while, and a function has not returned
	CPUBound                         // all processors are in use; more workers cannot help
	LoopBound                        // functions of task stages compute on the event loop
	PipeBound                        // a process stage spends its time on carrying values
	SourceBound                      // the source is the slowest part
	ConsumerBound                    // the loop over All is the slowest part
	OrderBound                       // an Ordered waits for one value and holds up the rest
	StageBound                       // a stage is the slowest part
	Balanced                         // no stage is busy all the time
)

var verdictKinds = []string{
	"WarmingUp", "Stuck", "CPUBound", "LoopBound", "PipeBound", "SourceBound", "ConsumerBound", "OrderBound",
	"StageBound", "Balanced",
}

// String returns the constant's name, such as StageBound.
func (k VerdictKind) String() string { return nameOf("VerdictKind", int(k), verdictKinds) }

// MarshalText returns the kind's name.
func (k VerdictKind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads a kind's name.
func (k *VerdictKind) UnmarshalText(text []byte) error {
	i, err := numberOf("VerdictKind", string(text), verdictKinds)
	*k = VerdictKind(i)
	return err
}

// These are the thresholds of the verdict.
const (
	youngest    = 2 * time.Second  // a younger run is warming up
	fewest      = 100              // a run with fewer values is warming up too
	stuckAfter  = 10 * time.Second // without any movement
	full        = 0.85             // the share of its time that a stage at its limit is busy
	fullCPU     = 0.9              // the share of the processors in use when they are the limit
	evident     = 0.3              // the share of waiting that counts as evidence
	manyWaiting = 1000             // in a queue without a bound
	manyFailed  = 0.05             // of the values
	unevenShare = 0.5              // of the work, done by one worker of several
)

// Verdict says where the run's bottleneck is. It is the stage with the largest demand: the busy
// time that it spends for each value of the source, divided by its workers (the utilisation law).
// That stage limits the rate of the whole, whatever the queues hold; the busiest stage does not,
// since a source that fills a queue without a bound is busy too.
//
// For a run under way, the figures of the last half minute say more than those since its start; see
// [Stats.Sub].
func (s Stats) Verdict() Verdict {
	a := analyse(s)
	for _, rule := range []func(*analysis) (Verdict, bool){
		stuck, idle, warmingUp, cpuBound, loopBound, pipeBound, orderBound, sourceBound, consumerBound, stageBound,
	} {
		if v, ok := rule(a); ok {
			return v
		}
	}
	return balanced(a)
}

// is returns now, or then if the run has ended: it chooses the tense of a sentence.
func (a *analysis) is(now, then string) string {
	if a.ended {
		return then
	}
	return now
}

func warmingUp(a *analysis) (Verdict, bool) {
	most := uint64(0)
	for _, p := range a.places {
		most = max(most, p.In, p.Out)
	}
	if a.Elapsed >= youngest && most >= fewest {
		return Verdict{}, false
	}
	text := a.is("Warming up", "The run was too short to tell")
	if a.Elapsed >= youngest {
		text = "Too few values to tell"
	}
	return Verdict{
		Kind: WarmingUp, Text: text,
		Why: fmt.Sprintf("%d values in %v", most, threeDigits(a.Elapsed)),
	}, true
}

// stuck looks for a function that has not returned while nothing else has moved either.
func stuck(a *analysis) (Verdict, bool) {
	at, longest := a.still(func(p *place) bool { return p.consumer || len(p.before) > 0 })
	if at == nil {
		return Verdict{}, false
	}
	v := Verdict{Kind: Stuck, Stage: at.Name, Text: at.Name + " is stuck"}
	if at.consumer {
		v.Why = fmt.Sprintf("the body of your loop has been busy for %v", threeDigits(longest.For))
		return v, true
	}
	v.Why = fmt.Sprintf("worker %d has been in its function for %v", longest.Worker, threeDigits(longest.For))
	if n := at.working(); n > 1 {
		v.Why += fmt.Sprintf(", the longest of %d", n)
	}
	if at.Queued > 0 {
		v.Why += fmt.Sprintf("; %d values wait before it", at.Queued)
	}
	v.Why += ". A Timeout would end such a call"
	return v, true
}

// idle looks for a source that has yielded nothing while nothing else has anything to do: it waits,
// as for a message or a call.
func idle(a *analysis) (Verdict, bool) {
	at, longest := a.still(func(*place) bool { return true })
	if at == nil {
		return Verdict{}, false
	}
	return Verdict{
		Kind: SourceBound, Stage: at.Name, Text: "Everything waits for the source " + at.Name,
		Why: fmt.Sprintf("it has yielded nothing for %v", threeDigits(longest.For)),
	}, true
}

// cpuBound looks for a program that uses all processors, or whose goroutines wait for one as long
// as they work: then every wait looks longer than it is, and demand misleads.
func cpuBound(a *analysis) (Verdict, bool) {
	cores, limit := a.CPU.Seconds()/a.Elapsed.Seconds(), runtime.GOMAXPROCS(0)
	var busy time.Duration
	for _, p := range a.places {
		busy += p.Busy
	}
	short := a.waits.matter(busy)
	if cores < fullCPU*float64(limit) && !short {
		return Verdict{}, false
	}
	v := Verdict{Kind: CPUBound, Text: a.is("The CPU is the limit", "The CPU was the limit")}
	v.Why = fmt.Sprintf("%.1f of %d cores are in use", cores, limit)
	if short {
		v.Why += fmt.Sprintf(", and goroutines wait for one, %v in all", threeDigits(waitsBySample*a.waits.sum))
	}
	if p, share := a.busiest(func(*place) bool { return true }); p != nil {
		v.Stage = p.Name
		v.Why += fmt.Sprintf("; %s takes %s of the workers' busy time", p.Name, percent(share))
	}
	v.Why += ". More workers cannot help; a cheaper function or more cores can"
	return v, true
}

// busiest returns the place that has been busy longest, among those wanted, and its share of their
// time.
func (a *analysis) busiest(want func(*place) bool) (most *place, share float64) {
	var all time.Duration
	for _, p := range a.places {
		if !want(p) || p.Busy == 0 {
			continue
		}
		all += p.Busy
		if most == nil || p.Busy > most.Busy {
			most = p
		}
	}
	if most == nil {
		return nil, 0
	}
	return most, most.Busy.Seconds() / all.Seconds()
}

func loopBound(a *analysis) (Verdict, bool) {
	if len(a.Loops) == 0 {
		return Verdict{}, false
	}
	share := slices.Max(a.Loops).Seconds() / a.Elapsed.Seconds()
	if share < full {
		return Verdict{}, false
	}
	v := Verdict{Kind: LoopBound, Text: a.is("The event loop is the limit", "The event loop was the limit")}
	v.Why = fmt.Sprintf("it works %s of the time", percent(share))
	if p, _ := a.busiest(func(p *place) bool { return p.Backend == "task" }); p != nil {
		v.Stage = p.Name
		v.Why += fmt.Sprintf(", most of it for %s. task.Blocking(), or the thread backend, takes %s off it", p.Name, p.Name)
	}
	return v, true
}

func pipeBound(a *analysis) (Verdict, bool) {
	p := a.top
	if p == nil || p.Backend != "process" || p.busy < full || p.Calls.Count() == 0 {
		return Verdict{}, false
	}
	pipe := (p.Busy - p.Calls.Sum()).Seconds() / p.Busy.Seconds()
	if pipe <= 0.5 {
		return Verdict{}, false
	}
	return Verdict{
		Kind: PipeBound, Stage: p.Name,
		Text: fmt.Sprintf("%s %s %s of its time on the pipe, not in the function", p.Name, a.is("spends", "spent"), percent(pipe)),
		Why:  "larger values, or package thread, would spend less",
	}, true
}

// orderBound looks for an Ordered whose window is filled behind the value that it waits for, or was
// for much of the time, while no stage is full.
func orderBound(a *analysis) (Verdict, bool) {
	if a.top != nil && a.top.busy >= full {
		return Verdict{}, false
	}
	for _, p := range a.places {
		switch held := p.held.Seconds() / a.Elapsed.Seconds(); {
		case p.Waiting != "" && p.MaxSize > 0 && 2*p.Queued >= p.MaxSize:
			_, holder, _ := strings.Cut(p.Waiting, " in ")
			return Verdict{
				Kind: OrderBound, Stage: holder,
				Text: fmt.Sprintf("%s %s for %s", p.Name, a.is("waits", "waited"), p.Waiting),
				Why:  fmt.Sprintf("%d values behind it wait, and its window of %d holds up the rest", p.Queued, p.MaxSize),
			}, true
		case held > evident:
			return Verdict{
				Kind: OrderBound, Stage: p.holder,
				Text: fmt.Sprintf("%s %s for single values, most of the time in %s", p.Name, a.is("waits", "waited"), p.holder),
				Why:  fmt.Sprintf("its window of %d %s the rest up %s of the time", p.MaxSize, a.is("holds", "held"), percent(held)),
			}, true
		}
	}
	return Verdict{}, false
}

func sourceBound(a *analysis) (Verdict, bool) {
	p := a.top
	if p == nil || !p.isSource() || p.busy < full {
		return Verdict{}, false
	}
	return a.bottleneck(SourceBound, fmt.Sprintf("The source %s", p.Name), fmt.Sprintf("it is busy %s of the time", percent(p.busy))), true
}

func consumerBound(a *analysis) (Verdict, bool) {
	p := a.top
	if p == nil || !p.consumer || p.busy < full {
		return Verdict{}, false
	}
	return a.bottleneck(ConsumerBound, "Your own loop", fmt.Sprintf("its body takes %s of the time", percent(p.busy))), true
}

func stageBound(a *analysis) (Verdict, bool) {
	p := a.top
	if p == nil || p.busy < full {
		return Verdict{}, false
	}
	why := fmt.Sprintf("its worker is busy %s of the time", percent(p.busy))
	if p.Workers > 1 {
		why = fmt.Sprintf("its %d workers are busy %s of the time", p.Workers, percent(p.busy))
	}
	return a.bottleneck(StageBound, p.Name, why), true
}

// bottleneck is the verdict about the place with the largest demand, with the evidence around it.
func (a *analysis) bottleneck(kind VerdictKind, subject, why string) Verdict {
	p := a.top
	reasons := []string{why}
	if q := nearest(p, func(q *place) []*place { return q.before }, func(q *place) bool { return q.blocked > evident }); q != nil {
		reasons = append(reasons, fmt.Sprintf("%s before it is blocked %s", q.Name, percent(q.blocked)))
	}
	if q := nearest(p, func(q *place) []*place { return q.after }, func(q *place) bool { return q.starved > evident }); q != nil {
		reasons = append(reasons, fmt.Sprintf("%s after it starves %s", q.label(), percent(q.starved)))
	}
	sentences := append([]string{strings.Join(reasons, ", ")}, a.remarks(p)...)
	return Verdict{
		Kind: kind, Stage: p.Name, Text: fmt.Sprintf("%s %s the bottleneck", subject, a.is("is", "was")),
		Why: strings.Join(sentences, ". "),
	}
}

// remarks returns further sentences about p.
func (a *analysis) remarks(p *place) (all []string) {
	if a.second != nil && a.second.demand > 0 && !p.consumer && !p.isSource() {
		if gain := p.demand / a.second.demand; gain > 1.05 && gain < 100 {
			all = append(all, fmt.Sprintf("More workers help up to ×%.1f, then %s limits", gain, a.second.label()))
		}
	}
	if p.MaxSize == 0 && p.Queued > manyWaiting {
		all = append(all, fmt.Sprintf("%d values wait before it, and no MaxSize bounds them", p.Queued))
	}
	if share := ratio(p.Failed, p.In); share > manyFailed {
		text := fmt.Sprintf("%s of its values fail", percent(share))
		if p.Err != "" {
			text += " (last: " + p.Err + ")"
		}
		all = append(all, text)
	}
	if share := p.largestShare(); len(p.worked) > 1 && share > unevenShare && share > 2/float64(len(p.worked)) {
		all = append(all, fmt.Sprintf("One of its %d workers does %s of the work", len(p.worked), percent(share)))
	}
	return all
}

// largestShare is the part of the stage's busy time that one worker has taken.
func (p *place) largestShare() float64 {
	var most, all time.Duration
	for _, busy := range p.worked {
		most, all = max(most, busy), all+busy
	}
	if all == 0 {
		return 0
	}
	return most.Seconds() / all.Seconds()
}

// nearest returns the place nearest to p for which found reports true, or nil. next returns the
// places directly before a place, or those directly after it.
func nearest(p *place, next func(*place) []*place, found func(*place) bool) *place {
	seen := map[*place]bool{p: true}
	for level := next(p); len(level) > 0; {
		var further []*place
		for _, q := range level {
			if seen[q] {
				continue
			}
			seen[q] = true
			if found(q) {
				return q
			}
			further = append(further, next(q)...)
		}
		level = further
	}
	return nil
}

func balanced(a *analysis) Verdict {
	v := Verdict{Kind: Balanced, Text: a.is("No stage is full", "No stage was full")}
	if p := a.top; p != nil {
		v.Stage = p.Name
		v.Why = fmt.Sprintf("%s, with the largest demand, works %s of the time. Stages wait for each other in turn; "+
			"larger queues would even that out", p.label(), percent(p.busy))
	}
	return v
}

// label returns the place's name in a sentence.
func (p *place) label() string {
	if p.consumer {
		return "your loop"
	}
	return p.Name
}

func percent(share float64) string { return fmt.Sprintf("%.0f %%", 100*share) }
