package monitor

import (
	"bytes"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/gopeln/pl/monitor/internal/totals"
)

const metricsText = "text/plain; version=0.0.4; charset=utf-8"

// metrics are sums in Prometheus' text format. Labels are names of pipelines and stages, and nothing that there are many
// of.
func metrics(t *totals.Sums) []byte {
	var e exposition
	pipelines, stages := t.Pipelines(), t.Stages()
	e.family("gopeln_runs_total", "counter", "Runs that have ended, by outcome.")
	for _, p := range pipelines {
		for _, o := range []struct {
			name string
			n    uint64
		}{{"done", p.Done}, {"failed", p.Failed}, {"cancelled", p.Cancelled}} {
			e.sample("", float64(o.n), "pipeline", p.Name, "outcome", o.name)
		}
	}
	e.family("gopeln_runs_active", "gauge", "Runs under way.")
	for _, p := range pipelines {
		e.sample("", float64(p.Active), "pipeline", p.Name)
	}
	for _, c := range stageMetrics {
		e.family(c.name, c.kind, c.help)
		for i := range stages {
			for _, v := range c.values(&stages[i]) {
				e.sample("", v.value, append([]string{"pipeline", stages[i].Pipeline, "stage", stages[i].Name}, v.labels...)...)
			}
		}
	}
	e.family("gopeln_stage_function_seconds", "histogram", "Time that calls of the stage's function took. Counts are estimates by sampling.")
	for i := range stages {
		e.histogram(&stages[i])
	}
	return e.Bytes()
}

// value is one sample of a stage.
type value struct {
	value  float64
	labels []string
}

func plain(v float64) []value { return []value{{value: v}} }

// stageMetrics are the families that have samples for each stage.
var stageMetrics = []struct {
	name, kind, help string
	values           func(*totals.Stage) []value
}{
	{"gopeln_stage_received_total", "counter", "Values that the stage has taken.", func(s *totals.Stage) []value { return plain(float64(s.In)) }},
	{"gopeln_stage_emitted_total", "counter", "Results that the stage has handed on.", func(s *totals.Stage) []value { return plain(float64(s.Out)) }},
	{"gopeln_stage_discarded_total", "counter", "Values that the stage has ended on purpose.", func(s *totals.Stage) []value {
		return []value{
			{float64(s.Filtered), []string{"reason", "filtered"}},
			{float64(s.Dropped - min(s.Filtered, s.Dropped)), []string{"reason", "dropped"}},
		}
	}},
	{"gopeln_stage_failures_total", "counter", "Values that failed in their last attempt.", func(s *totals.Stage) []value { return plain(float64(s.Failed)) }},
	{"gopeln_stage_retries_total", "counter", "Attempts beyond a value's first.", func(s *totals.Stage) []value { return plain(float64(s.Retried)) }},
	{"gopeln_stage_worker_seconds_total", "counter", "Time of the stage's workers, by what they did.", workerSeconds},
	{"gopeln_stage_workers", "gauge", "Workers of runs under way.", func(s *totals.Stage) []value { return plain(float64(s.Workers)) }},
	{"gopeln_stage_queue_length", "gauge", "Values that wait before the stage.", func(s *totals.Stage) []value { return plain(float64(s.Queued)) }},
	{"gopeln_stage_queue_limit", "gauge", "How many may wait before the stage; absent if any number.", func(s *totals.Stage) []value {
		if s.Limit == 0 {
			return nil
		}
		return plain(float64(s.Limit))
	}},
}

func workerSeconds(s *totals.Stage) (all []value) {
	for _, t := range []struct {
		state string
		d     time.Duration
	}{
		{"busy", s.Busy}, {"awaiting", s.Awaiting}, {"starved", s.Starved}, {"blocked", s.Blocked}, {"limited", s.Limited},
		{"retrying", s.Retrying},
	} {
		all = append(all, value{t.d.Seconds(), []string{"state", t.state}})
	}
	return all
}

// exposition is metrics in the making.
type exposition struct {
	bytes.Buffer
	name string
}

func (e *exposition) family(name, kind, help string) {
	e.name = name
	e.WriteString("# HELP " + name + " " + help + "\n# TYPE " + name + " " + kind + "\n")
}

// sample writes one line; labels are names and values by turns.
func (e *exposition) sample(suffix string, v float64, labels ...string) {
	e.WriteString(e.name + suffix + "{")
	for i := 0; i < len(labels); i += 2 {
		if i > 0 {
			e.WriteByte(',')
		}
		e.WriteString(labels[i] + `="` + labelText.Replace(strings.ToValidUTF8(labels[i+1], "\ufffd")) + `"`)
	}
	e.WriteString("} " + strconv.FormatFloat(v, 'g', -1, 64) + "\n")
}

var labelText = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

// histogram writes the calls of a stage, in classic buckets.
func (e *exposition) histogram(s *totals.Stage) {
	labels := []string{"pipeline", s.Pipeline, "stage", s.Name}
	for k := range classicBuckets {
		bound := 1e-6 * math.Pow(4, float64(k))
		e.sample("_bucket", float64(s.Calls.UpTo(bound)), append(labels, "le", strconv.FormatFloat(bound, 'g', -1, 64))...)
	}
	e.sample("_bucket", float64(s.Calls.Count), append(labels, "le", "+Inf")...)
	e.sample("_sum", s.Calls.Sum.Seconds(), labels...)
	e.sample("_count", float64(s.Calls.Count), labels...)
}

// classicBuckets is how many there are: from a microsecond to 16 seconds, each four times as wide as the one before.
const classicBuckets = 13
