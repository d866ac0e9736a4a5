package totals

import (
	"iter"
	"math"
	"time"
)

// Names of metrics as Prometheus has them, beside those of [Metrics].
const (
	RunsTotal       = "gopeln_runs_total"
	RunsTotalHelp   = "Runs that have ended, by outcome."
	RunsActive      = "gopeln_runs_active"
	RunsActiveHelp  = "Runs under way."
	FunctionSeconds = "gopeln_stage_function_seconds"
	FunctionHelp    = "Time that calls of the stage's function took. Counts are estimates by sampling."
)

// Descriptions of what is known of stages whose workers are processes elsewhere.
const (
	RerunsHelp        = "Values that remote workers were given again, by reason."
	DuplicatesHelp    = "Values whose outcome came from a remote worker too late, or again, and was dropped."
	RemoteWorkersHelp = "Remote worker processes that serve runs under way."
)

// Metric is a figure of stages, as Prometheus has it. Its labels are pipeline, stage, and Label, if
// that is not empty.
type Metric struct {
	Name, Kind, Help, Label string
	Values                  func(*Stage) []Value
}

// Value is one value of a metric; Of is that of the metric's own label.
type Value struct {
	Of    string
	Value float64
}

// Metrics are those of stages, but for the histogram.
var Metrics = []Metric{
	{"gopeln_stage_received_total", "counter", "Values that the stage has taken.", "", func(s *Stage) []Value { return one(s.In) }},
	{"gopeln_stage_emitted_total", "counter", "Results that the stage has handed on.", "", func(s *Stage) []Value { return one(s.Out) }},
	{"gopeln_stage_discarded_total", "counter", "Values that the stage has ended on purpose.", "reason", (*Stage).Discarded},
	{"gopeln_stage_failures_total", "counter", "Values that failed in their last attempt.", "", func(s *Stage) []Value { return one(s.Failed) }},
	{"gopeln_stage_retries_total", "counter", "Attempts beyond a value's first.", "", func(s *Stage) []Value { return one(s.Retried) }},
	{"gopeln_stage_worker_seconds_total", "counter", "Time of the stage's workers, by what they did.", "state", (*Stage).WorkerSeconds},
	{"gopeln_stage_workers", "gauge", "Workers of runs under way.", "", func(s *Stage) []Value { return one(uint64(s.Workers)) }},
	{"gopeln_stage_queue_length", "gauge", "Values that wait before the stage.", "", func(s *Stage) []Value { return one(uint64(s.Queued)) }},
	{"gopeln_stage_queue_limit", "gauge", "How many may wait before the stage; absent if any number.", "", func(s *Stage) []Value {
		if s.Limit == 0 {
			return nil
		}
		return one(uint64(s.Limit))
	}},
	{"gopeln_stage_reruns_total", "counter", RerunsHelp, "reason", (*Stage).Reruns},
	{"gopeln_stage_duplicates_total", "counter", DuplicatesHelp, "", func(s *Stage) []Value { return s.ifRemote(s.Duplicates) }},
	{"gopeln_stage_remote_workers", "gauge", RemoteWorkersHelp, "", func(s *Stage) []Value { return s.ifRemote(uint64(s.Serving)) }},
}

func one(n uint64) []Value { return []Value{{Value: float64(n)}} }

// ifRemote is one for a stage whose workers are processes elsewhere.
func (s *Stage) ifRemote(n uint64) []Value {
	if !s.Remote {
		return nil
	}
	return one(n)
}

// Reruns are the values that remote workers were given again, by reason.
func (s *Stage) Reruns() []Value {
	if !s.Remote {
		return nil
	}
	return []Value{{"redelivered", float64(s.Redelivered)}, {"resubmitted", float64(s.Resubmitted)}}
}

// Outcomes are the runs that have ended, by how.
func (p *Pipeline) Outcomes() []Value {
	return []Value{{"done", float64(p.Done)}, {"failed", float64(p.Failed)}, {"cancelled", float64(p.Cancelled)}}
}

// Discarded are the values that the stage has ended on purpose, by reason.
func (s *Stage) Discarded() []Value {
	return []Value{{"filtered", float64(s.Filtered)}, {"dropped", float64(s.Dropped - min(s.Filtered, s.Dropped))}}
}

// WorkerSeconds is the time of the stage's workers, by what they did.
func (s *Stage) WorkerSeconds() (all []Value) {
	for _, t := range []struct {
		state string
		d     time.Duration
	}{
		{"busy", s.Busy}, {"awaiting", s.Awaiting}, {"starved", s.Starved}, {"blocked", s.Blocked}, {"limited", s.Limited},
		{"retrying", s.Retrying},
	} {
		all = append(all, Value{t.state, t.d.Seconds()})
	}
	return all
}

// Classic yields classic buckets, for systems that do not know exponential ones: a bound in
// seconds, and how many calls took at most that. There are 13, from a microsecond to 16 seconds.
func (c *Calls) Classic() iter.Seq2[float64, uint64] {
	return func(yield func(float64, uint64) bool) {
		for k := range 13 {
			if bound := 1e-6 * math.Pow(4, float64(k)); !yield(bound, c.UpTo(bound)) {
				return
			}
		}
	}
}
