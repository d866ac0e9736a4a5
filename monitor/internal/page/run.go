package page

import (
	"encoding/json"
	"time"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/monitor/internal/timeline"
)

// Run is one look at a run, with all that a page shows of it.
type Run struct {
	ID     string // of this run among others
	Number int    // in the order of their start, from 1
	pl.Stats
	Verdict pl.Verdict
	Lately  pl.Stats // the figures of the last seconds; of the whole run, if it has ended
	Points  []timeline.Point
	Layout  *Layout // nil: the graph is too large
}

// Ended reports whether the run has ended.
func (r *Run) Ended() bool { return r.State != pl.Running && r.State != pl.Draining }

// JSON is the run as JSON shows it, as programs read it from a page, a report or a Monitor. It may
// stand in HTML: what means something there is escaped.
func (r *Run) JSON() ([]byte, error) {
	return json.Marshal(struct {
		pl.Stats
		Verdict pl.Verdict
	}{r.Stats, r.Verdict})
}

// count is how many values a place has handled.
func count(s *pl.StageStats) uint64 {
	if isSource(s) {
		return s.Out
	}
	return s.In
}

func isSource(s *pl.StageStats) bool { return s.Backend == "source" }

// outcome is how many values have come out of a run: what its consumer has got, or where there is
// none, what its last stages have done.
func outcome(s *pl.Stats) (n uint64) {
	if s.Consumer.Name != "" {
		return s.Consumer.In
	}
	for _, i := range lastStages(s) {
		n += count(&s.Stages[i])
	}
	return n
}

// failures is how many values have failed in all.
func failures(s *pl.Stats) (n uint64) {
	for i := range s.Stages {
		n += s.Stages[i].Failed
	}
	return n
}

// cores is how many processors have been in use, in a time.
func cores(s *pl.Stats) float64 {
	if s.Elapsed <= 0 {
		return 0
	}
	return s.CPU.Seconds() / s.Elapsed.Seconds()
}

// StartedAt is when the run started, as a person reads it.
func (r *Run) StartedAt() string { return r.Started.Format(time.DateTime) }

// EndedAt is when it has ended; "" if it has not.
func (r *Run) EndedAt() string {
	if !r.Ended() {
		return ""
	}
	return r.Started.Add(r.Elapsed).Format(time.DateTime)
}
