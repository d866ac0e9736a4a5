package monitor

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/gopeln/pl/monitor/internal/totals"
)

const metricsText = "text/plain; version=0.0.4; charset=utf-8"

// metrics are sums in Prometheus' text format. Labels are names of pipelines and stages, and
// nothing that there are many of.
func metrics(t *totals.Sums) []byte {
	var e exposition
	pipelines, stages := t.Pipelines(), t.Stages()
	e.family(totals.RunsTotal, "counter", totals.RunsTotalHelp)
	for _, p := range pipelines {
		for _, v := range p.Outcomes() {
			e.sample("", v.Value, "pipeline", p.Name, "outcome", v.Of)
		}
	}
	e.family(totals.RunsActive, "gauge", totals.RunsActiveHelp)
	for _, p := range pipelines {
		e.sample("", float64(p.Active), "pipeline", p.Name)
	}
	for _, c := range totals.Metrics {
		e.family(c.Name, c.Kind, c.Help)
		for i := range stages {
			for _, v := range c.Values(&stages[i]) {
				labels := []string{"pipeline", stages[i].Pipeline, "stage", stages[i].Name}
				if c.Label != "" {
					labels = append(labels, c.Label, v.Of)
				}
				e.sample("", v.Value, labels...)
			}
		}
	}
	e.family(totals.FunctionSeconds, "histogram", totals.FunctionHelp)
	for i := range stages {
		e.histogram(&stages[i])
	}
	return e.Bytes()
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
		e.WriteString(labels[i] + `="` + labelText.Replace(totals.Valid(labels[i+1])) + `"`)
	}
	e.WriteString("} " + strconv.FormatFloat(v, 'g', -1, 64) + "\n")
}

var labelText = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

// histogram writes the calls of a stage, in classic buckets.
func (e *exposition) histogram(s *totals.Stage) {
	labels := []string{"pipeline", s.Pipeline, "stage", s.Name}
	for bound, n := range s.Calls.Classic() {
		e.sample("_bucket", float64(n), append(labels, "le", strconv.FormatFloat(bound, 'g', -1, 64))...)
	}
	e.sample("_bucket", float64(s.Calls.Count), append(labels, "le", "+Inf")...)
	e.sample("_sum", s.Calls.Sum.Seconds(), labels...)
	e.sample("_count", float64(s.Calls.Count), labels...)
}
