package page

import (
	"fmt"
	"math"

	"github.com/gopeln/pl"
)

// place is what a page shows of one stage, or of the consumer.
type place struct {
	*pl.StageStats // since the start of the run
	index          int
	ended          bool // the run has
	Label, Sub     string
	Rate           string
	attr           string // its name, for scripts

	shares   shares   // of the last seconds
	columns  []column // over time
	hasQueue bool
	waiting  string  // how many values are in the queue
	fill     float64 // of the queue, from 0 to 1
	pressed  bool    // the queue is full, or grows without a bound

	named bool   // by the verdict
	flag  string // what the graph calls it then; "": it is not to blame for anything
}

// placesOf are the places of a run: its stages, then its consumer, if it has one.
func placesOf(r *Run) []place {
	places := make([]place, 0, len(r.Stages)+1)
	for i := range r.Stages {
		places = append(places, newPlace(r, i, &r.Stages[i], &r.Lately.Stages[i]))
	}
	if r.Consumer.Name != "" {
		p := newPlace(r, len(r.Stages), &r.Consumer, &r.Lately.Consumer)
		p.Sub = "your code"
		if p.Name == "loop" {
			p.Label = "your loop"
		}
		places = append(places, p)
	}
	findPressure(r, places)
	if i := namedBy(r, places); i >= 0 {
		places[i].named, places[i].flag = true, flags[r.Verdict.Kind]
	}
	return places
}

func newPlace(r *Run, i int, s, lately *pl.StageStats) place {
	p := place{
		StageStats: s, index: i, ended: r.Ended(), Label: printable(s.Name, 200), Sub: printable(s.Backend, 40), attr: attribute("data-stage", s.Name),
		Rate: perSecond(count(lately), r.Lately.Elapsed), shares: sharesOf(lately, r.Lately.Elapsed),
		columns: columnsOf(r.Points, i, s.Workers, stripColumns), hasQueue: !isSource(s),
	}
	if s.Workers > 1 {
		p.Sub += fmt.Sprintf(" ×%d", s.Workers)
	}
	return p
}

// flags are what the stage that a verdict names is called in the graph.
var flags = map[pl.VerdictKind]string{
	pl.StageBound: "BOTTLENECK", pl.SourceBound: "BOTTLENECK", pl.ConsumerBound: "BOTTLENECK",
	pl.Stuck: "STUCK", pl.CPUBound: "MOST CPU", pl.LoopBound: "ON THE LOOP", pl.PipeBound: "PIPE", pl.OrderBound: "HELD UP HERE",
}

// namedBy is the index of the place that the verdict names; -1: none. Of several with that name it
// is the one with most work.
func namedBy(r *Run, places []place) int {
	found := -1
	for i := range places {
		p := &places[i]
		if p.Name != r.Verdict.Stage || r.Verdict.Stage == "" {
			continue
		}
		if isConsumer := i == len(r.Stages); isConsumer && r.Verdict.Kind == pl.ConsumerBound {
			return i
		}
		if found < 0 || p.Busy+p.Awaiting > places[found].Busy+places[found].Awaiting {
			found = i
		}
	}
	return found
}

const (
	fullQueue   = 0.9  // of its bound
	manyWaiting = 1000 // in a queue without a bound
	evident     = 0.5  // the share of its time that a producer is blocked where a queue was full for long
)

// findPressure tells which queues hold up the stages before them. Of a run that has ended, it is
// those that did so.
func findPressure(r *Run, places []place) {
	blocked := make([]float64, len(places)) // the most that a producer of the place is
	for _, e := range r.Edges {
		blocked[e.To] = max(blocked[e.To], places[e.From].shares.blocked)
	}
	for i := range places {
		p := &places[i]
		n := p.Queued
		if r.Ended() {
			n = p.QueuedMost
		}
		p.waiting = compact(n)
		if p.MaxSize > 0 {
			p.fill = min(float64(n)/float64(p.MaxSize), 1)
			p.pressed = p.fill >= fullQueue && (!r.Ended() || blocked[i] >= evident)
			continue
		}
		p.fill = min(math.Log10(float64(max(n, 0)+1))/6, 1)
		p.pressed = n > manyWaiting && (r.Ended() || float64(n) >= fullQueue*float64(p.QueuedMost))
	}
	if n := len(r.Stages); len(places) > n && r.Ended() && places[n].MaxSize > 0 {
		for _, i := range lastStages(&r.Stats) {
			places[n].pressed = places[n].pressed || places[n].fill >= fullQueue && places[i].shares.blocked >= evident
		}
	}
}

func (p *place) tankClass() string {
	if p.pressed {
		return "blocked"
	}
	return "tank"
}

// tooltip is what a box says when pointed at.
func (p *place) tooltip() string {
	text := fmt.Sprintf("%s: busy %s, starved %s, blocked %s", p.Label, p.share(p.shares.working()), p.share(p.shares.starved), p.share(p.shares.blocked))
	if p.shares.held > 0 {
		text += ", held " + percent(p.shares.held)
	}
	return text
}

// share is a share of the workers' time, as text.
func (p *place) share(of float64) string {
	if !p.timed() {
		return "–"
	}
	return percent(of)
}

// timed reports whether there is anybody whose time is known: a source may have no goroutine of its
// own.
func (p *place) timed() bool {
	return p.Busy+p.Awaiting+p.Starved+p.Blocked+p.Limited+p.Retrying > 0
}

func (p *place) quantile(q float64) string {
	if p.Calls.Count() == 0 {
		return "–"
	}
	return brief(p.Calls.Quantile(q))
}

// longest is the time of the slowest call.
func (p *place) longest() string {
	if len(p.Slowest) == 0 {
		return "–"
	}
	return brief(p.Slowest[0].Took)
}
