package monitor

import (
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/monitor/internal/page"
	"github.com/gopeln/pl/monitor/internal/timeline"
)

// record is what is known of one run: its figures now, lately, and over time.
type record struct {
	id     string
	number int  // among the runs of its view, from 1
	values bool // may be shown

	mu     sync.Mutex
	layout *page.Layout // nil until a page has been asked for, or if the graph is too large
	run    *pl.RunInfo  // nil at the end
	recent recent
	line   timeline.Line
	last   *pl.Stats // at the end
}

// newRecord makes the record of a run, the n-th of its view. Its id is not that of another run,
// even if the program is started anew under the eyes of a browser.
func newRecord(run *pl.RunInfo, n int, o options) *record {
	id := strconv.Itoa(n) + "-" + strconv.FormatInt(time.Now().UnixMilli(), 36)
	return &record{id: id, number: n, run: run, values: o.show != nil}
}

// interval is how long until the next look.
func (r *record) interval() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return min(r.line.Step(), lookStep)
}

func (r *record) look(now pl.Stats) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.line.Add(&now)
	r.recent.add(now)
	r.recent.verdict(now)
}

// finish takes the figures of the end, and lets go of the run.
func (r *record) finish(last pl.Stats) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.line.AddLast(&last)
	r.last, r.run, r.recent = &last, nil, recent{}
}

// sight is one look at the run, with all that a page shows.
func (r *record) sight() *page.Run {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.statsNow()
	if r.layout == nil {
		r.layout = page.NewLayout(&s)
	}
	return &page.Run{
		ID: r.id, Number: r.number, Stats: s, Verdict: r.recent.verdict(s), Lately: r.recent.over(rateWindow, s),
		Points: r.line.Points(), Layout: r.layout,
	}
}

func (r *record) stats() pl.Stats {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.statsNow()
}

// statsNow is called with the lock held. The figures share nothing with the record that a caller
// could change.
func (r *record) statsNow() (s pl.Stats) {
	if r.run != nil {
		s = r.run.Stats()
	} else {
		s = *r.last
		s.Stages, s.Edges, s.Loops = slices.Clone(s.Stages), slices.Clone(s.Edges), slices.Clone(s.Loops)
	}
	for i := range s.Stages {
		s.Stages[i].Slowest = r.shown(s.Stages[i].Slowest)
	}
	return s
}

// shown are calls without their values, if only another view of the run has asked for these.
func (r *record) shown(calls []pl.Call) []pl.Call {
	calls = slices.Clone(calls)
	if !r.values {
		for i := range calls {
			calls[i].Value = ""
		}
	}
	return calls
}
