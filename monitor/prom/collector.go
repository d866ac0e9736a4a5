// Package prom gives the runs that a monitor watches to Prometheus' client for Go.
//
//	m := monitor.New()
//	prometheus.MustRegister(prom.NewCollector(m))
//	...
//	err := stage.Run(m.Watch(ctx))
//
// The metrics are those that a [monitor.Monitor] itself serves under /metrics, which needs no
// client. Here the times of the stages' functions are a native histogram besides, for servers that
// ask for it.
package prom

import (
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/gopeln/pl/monitor"
	"github.com/gopeln/pl/monitor/internal/totals"
)

// NewCollector returns a collector of the figures of all runs that m watches. They are added up by
// the names of pipeline and stage when they are asked for; runs that have ended stay in the sums.
// More than 200 pairs of names count as "other". With a nil Monitor each collection is an error.
// The collector is safe for concurrent use.
func NewCollector(m *monitor.Monitor) prometheus.Collector { return &collector{monitor: m} }

type collector struct{ monitor *monitor.Monitor }

var (
	runs      = prometheus.NewDesc(totals.RunsTotal, totals.RunsTotalHelp, []string{"pipeline", "outcome"}, nil)
	active    = prometheus.NewDesc(totals.RunsActive, totals.RunsActiveHelp, []string{"pipeline"}, nil)
	functions = prometheus.NewDesc(totals.FunctionSeconds, totals.FunctionHelp, []string{"pipeline", "stage"}, nil)
	stages    = func() (all []*prometheus.Desc) { // as totals.Metrics
		for _, m := range totals.Metrics {
			labels := []string{"pipeline", "stage"}
			if m.Label != "" {
				labels = append(labels, m.Label)
			}
			all = append(all, prometheus.NewDesc(m.Name, m.Help, labels, nil))
		}
		return all
	}()
)

// Describe implements [prometheus.Collector].
func (c *collector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range append([]*prometheus.Desc{runs, active, functions}, stages...) {
		to <- d
	}
}

// Collect implements [prometheus.Collector].
func (c *collector) Collect(to chan<- prometheus.Metric) {
	if c.monitor == nil {
		to <- prometheus.NewInvalidMetric(runs, errors.New("prom: NewCollector(nil): it needs a Monitor, as monitor.New makes it"))
		return
	}
	sums := totals.Of(c.monitor)
	for _, p := range sums.Pipelines() {
		for _, v := range p.Outcomes() {
			to <- prometheus.MustNewConstMetric(runs, prometheus.CounterValue, v.Value, p.Name, v.Of)
		}
		to <- prometheus.MustNewConstMetric(active, prometheus.GaugeValue, float64(p.Active), p.Name)
	}
	for _, s := range sums.Stages() {
		collectStage(&s, to)
	}
}

func collectStage(s *totals.Stage, to chan<- prometheus.Metric) {
	for i, m := range totals.Metrics {
		kind := prometheus.CounterValue
		if m.Kind == "gauge" {
			kind = prometheus.GaugeValue
		}
		for _, v := range m.Values(s) {
			labels := []string{s.Pipeline, s.Name}
			if m.Label != "" {
				labels = append(labels, v.Of)
			}
			to <- prometheus.MustNewConstMetric(stages[i], kind, v.Value, labels...)
		}
	}
	to <- newHistogram(s)
}

// histogram is a native histogram that has classic buckets too, for servers that know only these.
type histogram struct {
	prometheus.Metric
	classic []*dto.Bucket
}

// newHistogram makes that of a stage's calls, whose buckets are those of Prometheus' schema 3: our
// bucket k ends at 2^((k+1)/8) seconds, and so is theirs with the number k+1.
func newHistogram(s *totals.Stage) prometheus.Metric {
	buckets := map[int]int64{}
	for k, n := range s.Calls.Buckets {
		buckets[k+1] = int64(n)
	}
	const (
		schema        = 3
		zeroThreshold = 1e-12 // below our first bucket
	)
	native, err := prometheus.NewConstNativeHistogram(functions, s.Calls.Count, s.Calls.Sum.Seconds(), buckets, nil, 0,
		schema, zeroThreshold, time.Time{}, s.Pipeline, s.Name)
	if err != nil {
		return prometheus.NewInvalidMetric(functions, err)
	}
	h := histogram{Metric: native}
	for bound, n := range s.Calls.Classic() {
		h.classic = append(h.classic, &dto.Bucket{UpperBound: &bound, CumulativeCount: &n})
	}
	return h
}

// Write implements [prometheus.Metric].
func (h histogram) Write(to *dto.Metric) error {
	if err := h.Metric.Write(to); err != nil {
		return err
	}
	to.Histogram.Bucket = h.classic
	return nil
}
