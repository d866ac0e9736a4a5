package monitor

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/monitor/internal/totals"
)

// Monitor watches runs, and shows them as an [net/http.Handler]. Make it with [New]. It is safe for
// concurrent use, and needs not be closed.
type Monitor struct {
	options options

	mu       sync.Mutex
	started  int       // runs so far
	underWay []*record // in the order of their start
	ended    []*record // the last one first
	totals   totals.Sums
}

// mostEnded is how many runs that have ended are kept.
const mostEnded = 20

// New makes a Monitor. It watches the runs of the contexts that [Monitor.Watch] returns. It heeds
// [Values], and [Every]: how often a page is brought up to date, and how often it is loaded anew in
// a browser without JavaScript, though at least every ten seconds.
func New(opts ...Option) *Monitor { return &Monitor{options: newOptions(opts)} }

// Watch returns a context whose runs m watches.
func (m *Monitor) Watch(ctx context.Context) context.Context {
	return follow(ctx, m.options, "a run on a page", func(run *pl.RunInfo) follower {
		return &watching{record: m.begin(run), monitor: m}
	})
}

// Stats returns the figures of the runs under way, in the order of their start, and then those of
// the last 20 that ended, the last one first.
func (m *Monitor) Stats() []pl.Stats {
	all := []pl.Stats{}
	for _, r := range m.records() {
		all = append(all, r.stats())
	}
	return all
}

// records returns what is kept, in the order of Stats.
func (m *Monitor) records() []*record {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Concat(m.underWay, m.ended)
}

// busyness is how many runs are under way.
func (m *Monitor) busyness() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.underWay)
}

func (m *Monitor) begin(run *pl.RunInfo) *record {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.started++
	r := newRecord(run, m.started, m.options)
	m.underWay = append(m.underWay, r)
	return r
}

// finish moves a run to those that have ended, and its figures to what /metrics adds up, at once:
// no look at the Monitor finds the run twice, or not at all.
func (m *Monitor) finish(r *record, last pl.Stats) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r.finish(last)
	m.totals.Add(last)
	m.underWay = slices.DeleteFunc(m.underWay, func(other *record) bool { return other == r })
	m.ended = append([]*record{r}, m.ended[:min(len(m.ended), mostEnded-1)]...)
}

// sums adds up the figures of all runs so far.
func (m *Monitor) sums() *totals.Sums {
	m.mu.Lock()
	defer m.mu.Unlock()
	sums := m.totals.Clone()
	for _, r := range m.underWay {
		sums.AddUnderWay(r.run.Stats())
	}
	return sums
}

func init() {
	totals.Of = func(monitor any) *totals.Sums { return monitor.(*Monitor).sums() }
}

// watching keeps the record of a run under way.
type watching struct {
	*record
	monitor *Monitor
}

func (w *watching) end(last pl.Stats) { w.monitor.finish(w.record, last) }

// interval is longer the more runs there are, so that watching them costs about the same.
func (w *watching) interval() time.Duration {
	return w.record.interval() * time.Duration(1+w.monitor.busyness()/manyRuns)
}

// manyRuns is how many runs are each looked at as often as one alone.
const manyRuns = 8
