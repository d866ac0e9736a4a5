package otel

import (
	"context"
	"errors"
	"fmt"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/gopeln/pl/monitor"
	"github.com/gopeln/pl/monitor/internal/totals"
)

// Metrics makes instruments of mp, or of the global provider if mp is nil, that show the figures of
// all runs that m watches, until stop is called. The figures are added up by the names of pipeline
// and stage when a reader asks for them; runs that have ended stay in the sums. More than 200 pairs
// of names count as "other".
//
// How long the stages' functions take is a histogram, which no instrument can show afterwards: give
// the reader a [Producer] for that.
func Metrics(m *monitor.Monitor, mp metric.MeterProvider) (stop func(), err error) {
	if m == nil {
		return func() {}, errors.New("otel: Metrics(nil, …): it needs a Monitor, as monitor.New makes it")
	}
	if mp == nil {
		mp = otel.GetMeterProvider()
	}
	i, err := newInstruments(mp.Meter(scope))
	if err != nil {
		return func() {}, fmt.Errorf("otel: the instruments of gopeln cannot be made: %w", err)
	}
	registration, err := i.meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		i.observe(totals.Of(m), o)
		return nil
	}, i.all...)
	if err != nil {
		return func() {}, fmt.Errorf("otel: the instruments of gopeln cannot be observed: %w", err)
	}
	return func() {
		if err := registration.Unregister(); err != nil {
			otel.Handle(err)
		}
	}, nil
}

// instruments are those of all pipelines and stages.
type instruments struct {
	meter metric.Meter
	all   []metric.Observable
	errs  []error

	runs, received, emitted, discarded, failed, retried metric.Int64ObservableCounter
	workerTime                                          metric.Float64ObservableCounter
	active, workers, queued, limit                      metric.Int64ObservableUpDownCounter

	// Of stages whose workers are processes elsewhere.
	reruns, duplicates metric.Int64ObservableCounter
	remoteWorkers      metric.Int64ObservableUpDownCounter
}

func newInstruments(meter metric.Meter) (*instruments, error) {
	i := &instruments{meter: meter}
	i.runs = i.counter("gopeln.runs", "{run}", totals.RunsTotalHelp)
	i.active = i.upDown("gopeln.runs.active", "{run}", totals.RunsActiveHelp)
	i.received = i.counter("gopeln.stage.received", "{value}", "Values that the stage has taken.")
	i.emitted = i.counter("gopeln.stage.emitted", "{value}", "Results that the stage has handed on.")
	i.discarded = i.counter("gopeln.stage.discarded", "{value}", "Values that the stage has ended on purpose.")
	i.failed = i.counter("gopeln.stage.failed", "{value}", "Values that failed in their last attempt.")
	i.retried = i.counter("gopeln.stage.retried", "{attempt}", "Attempts beyond a value's first.")
	i.workers = i.upDown("gopeln.stage.workers", "{worker}", "Workers of runs under way.")
	i.queued = i.upDown("gopeln.stage.queue.length", "{value}", "Values that wait before the stage.")
	i.limit = i.upDown("gopeln.stage.queue.limit", "{value}", "How many may wait before the stage; absent if any number.")
	i.reruns = i.counter("gopeln.stage.reruns", "{value}", totals.RerunsHelp)
	i.duplicates = i.counter("gopeln.stage.duplicates", "{value}", totals.DuplicatesHelp)
	i.remoteWorkers = i.upDown("gopeln.stage.remote.workers", "{worker}", totals.RemoteWorkersHelp)
	var err error
	i.workerTime, err = meter.Float64ObservableCounter("gopeln.stage.worker.time", metric.WithUnit("s"),
		metric.WithDescription("Time of the stage's workers, by what they did."))
	i.add(i.workerTime, err)
	return i, errors.Join(i.errs...)
}

func (i *instruments) counter(name, unit, help string) metric.Int64ObservableCounter {
	c, err := i.meter.Int64ObservableCounter(name, metric.WithUnit(unit), metric.WithDescription(help))
	i.add(c, err)
	return c
}

func (i *instruments) upDown(name, unit, help string) metric.Int64ObservableUpDownCounter {
	c, err := i.meter.Int64ObservableUpDownCounter(name, metric.WithUnit(unit), metric.WithDescription(help))
	i.add(c, err)
	return c
}

func (i *instruments) add(o metric.Observable, err error) {
	i.all = append(i.all, o)
	i.errs = append(i.errs, err)
}

func (i *instruments) observe(sums *totals.Sums, o metric.Observer) {
	for _, p := range sums.Pipelines() {
		pipeline := pipelineKey.String(p.Name)
		for _, v := range p.Outcomes() {
			o.ObserveInt64(i.runs, int64(v.Value), metric.WithAttributes(pipeline, outcomeKey.String(v.Of)))
		}
		o.ObserveInt64(i.active, int64(p.Active), metric.WithAttributes(pipeline))
	}
	for _, s := range sums.Stages() {
		i.observeStage(&s, o)
	}
}

func (i *instruments) observeStage(s *totals.Stage, o metric.Observer) {
	its := func(more ...attribute.KeyValue) metric.MeasurementOption {
		return metric.WithAttributes(append(more, stageAttributes(s)...)...)
	}
	o.ObserveInt64(i.received, int64(s.In), its())
	o.ObserveInt64(i.emitted, int64(s.Out), its())
	o.ObserveInt64(i.failed, int64(s.Failed), its())
	o.ObserveInt64(i.retried, int64(s.Retried), its())
	for _, v := range s.Discarded() {
		o.ObserveInt64(i.discarded, int64(v.Value), its(reasonKey.String(v.Of)))
	}
	for _, v := range s.WorkerSeconds() {
		o.ObserveFloat64(i.workerTime, v.Value, its(stateKey.String(v.Of)))
	}
	o.ObserveInt64(i.workers, int64(s.Workers), its())
	o.ObserveInt64(i.queued, int64(s.Queued), its())
	if s.Limit > 0 {
		o.ObserveInt64(i.limit, int64(s.Limit), its())
	}
	if s.Remote {
		o.ObserveInt64(i.duplicates, int64(s.Duplicates), its())
		o.ObserveInt64(i.remoteWorkers, int64(s.Serving), its())
	}
	for _, v := range s.Reruns() {
		o.ObserveInt64(i.reruns, int64(v.Value), its(rerunKey.String(v.Of)))
	}
}
