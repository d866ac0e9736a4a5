package pl

import (
	"slices"
	"time"
)

// analysis is what the rules of the verdict look at.
type analysis struct {
	Stats
	ended  bool
	places []*place // as Stages, then the consumer if there is one
	top    *place   // the place with the largest demand; nil if none has worked
	second *place   // the one with the next largest, or nil
}

// place is a stage of an analysis, or the consumer.
type place struct {
	StageStats
	consumer bool
	before   []*place
	after    []*place
	visits   float64 // values that reach the place, for each value of the sources
	demand   float64 // busy seconds of a worker for each value of the sources

	busy, starved, blocked float64 // shares of the workers' time
}

func analyse(s Stats) *analysis {
	a := &analysis{Stats: s, ended: s.State != Running && s.State != Draining}
	at := map[int]*place{}
	for _, st := range s.Stages {
		p := &place{StageStats: st}
		a.places = append(a.places, p)
		at[st.ID] = p
	}
	for _, e := range s.Edges {
		if from, to := at[e.From], at[e.To]; from != nil && to != nil {
			join(from, to)
		}
	}
	if c := s.Consumer; c.In > 0 || c.Busy+c.Starved > 0 {
		a.addConsumer(c)
	}
	most := uint64(0)
	for _, p := range a.places {
		if len(p.before) == 0 {
			most = max(most, p.Out)
		}
	}
	for _, p := range a.places { // inputs come before their consumers
		p.weigh(s.Elapsed, most)
	}
	ranked := slices.DeleteFunc(slices.Clone(a.places), func(p *place) bool { return p.demand == 0 })
	slices.SortStableFunc(ranked, func(p, q *place) int { return compareDown(p.demand, q.demand) })
	if len(ranked) > 0 {
		a.top = ranked[0]
	}
	if len(ranked) > 1 {
		a.second = ranked[1]
	}
	return a
}

// still returns the place, among those that may be, whose function has not returned for the longest
// time. It returns nil if anything in the run has moved lately, or the run has ended.
func (a *analysis) still(may func(*place) bool) (at *place, longest Activity) {
	if a.ended {
		return nil, longest
	}
	for _, p := range a.places {
		for _, now := range p.Active {
			if now.For < stuckAfter {
				return nil, longest
			}
			if now.works() && now.For > longest.For && may(p) {
				longest, at = now, p
			}
		}
	}
	return at, longest
}

// working returns how many of the workers have work.
func (p *place) working() (n int) {
	for _, now := range p.Active {
		if now.works() {
			n++
		}
	}
	return n
}

// works reports whether the worker has work, which may wait off its loop.
func (a Activity) works() bool { return a.State == "busy" || a.State == "awaiting" }

func compareDown(p, q float64) int {
	switch {
	case p > q:
		return -1
	case p < q:
		return 1
	}
	return 0
}

func join(from, to *place) {
	from.after = append(from.after, to)
	to.before = append(to.before, from)
}

// addConsumer adds the loop over All, which takes the values of the last stage.
func (a *analysis) addConsumer(c StageStats) {
	p := &place{StageStats: c, consumer: true}
	for _, last := range a.places {
		if len(last.after) == 0 {
			join(last, p)
		}
	}
	a.places = append(a.places, p)
}

// weigh computes what the rules compare. most is the number of values of the largest source.
func (p *place) weigh(elapsed time.Duration, most uint64) {
	done := p.In
	if len(p.before) == 0 {
		done = p.Out
		p.visits = ratio(p.Out, most)
	}
	for _, in := range p.before {
		from := in.In
		if len(in.before) == 0 {
			from = in.Out
		}
		p.visits += in.visits * ratio(in.Out, from)
	}
	workers := float64(max(p.Workers, 1))
	working := (p.Busy + p.Awaiting).Seconds()
	if done > 0 {
		p.demand = working / float64(done) * p.visits / workers
	}
	life := elapsed.Seconds() * workers
	if all := (p.Busy + p.Starved + p.Blocked + p.Limited + p.Retrying).Seconds(); p.Awaiting == 0 && all > 0 {
		life = all
	}
	if life > 0 {
		p.busy = min(working/life, 1)
		p.starved = min(p.Starved.Seconds()/life, 1)
		p.blocked = min(p.Blocked.Seconds()/life, 1)
	}
}

func ratio(n, of uint64) float64 {
	if of == 0 {
		return 0
	}
	return float64(n) / float64(of)
}

// isSource reports whether p has no input.
func (p *place) isSource() bool { return len(p.before) == 0 }
