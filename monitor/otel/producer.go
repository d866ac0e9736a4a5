package otel

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	sdk "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/gopeln/pl/monitor"
	"github.com/gopeln/pl/monitor/internal/totals"
)

// Producer gives a reader of the SDK the times that the functions of the stages take, of all runs
// that m watches, as the exponential histogram gopeln.stage.function.duration. Its counts are
// estimates by sampling.
//
//	reader := sdkmetric.NewPeriodicReader(exporter, sdkmetric.WithProducer(otel.Producer(m)))
func Producer(m *monitor.Monitor) sdk.Producer { return &producer{monitor: m, since: time.Now()} }

type producer struct {
	monitor *monitor.Monitor
	since   time.Time
}

// Produce implements [sdk.Producer].
func (p *producer) Produce(context.Context) ([]metricdata.ScopeMetrics, error) {
	if p.monitor == nil {
		return nil, errors.New("otel: Producer(nil): it needs a Monitor, as monitor.New makes it")
	}
	now := time.Now()
	var points []metricdata.ExponentialHistogramDataPoint[float64]
	for _, s := range totals.Of(p.monitor).Stages() {
		if s.Calls.Count > 0 {
			points = append(points, p.point(&s, now))
		}
	}
	if len(points) == 0 {
		return nil, nil
	}
	return []metricdata.ScopeMetrics{{
		Scope: instrumentation.Scope{Name: scope},
		Metrics: []metricdata.Metrics{{
			Name: "gopeln.stage.function.duration", Unit: "s", Description: totals.FunctionHelp,
			Data: metricdata.ExponentialHistogram[float64]{Temporality: metricdata.CumulativeTemporality, DataPoints: points},
		}},
	}}, nil
}

// point has the buckets of scale 3, which are our own: k ends at 2^((k+1)/8) seconds.
func (p *producer) point(s *totals.Stage, now time.Time) metricdata.ExponentialHistogramDataPoint[float64] {
	const scale = 3
	numbers := slices.Collect(maps.Keys(s.Calls.Buckets))
	first, last := slices.Min(numbers), slices.Max(numbers)
	counts := make([]uint64, last-first+1)
	for k, n := range s.Calls.Buckets {
		counts[k-first] = n
	}
	return metricdata.ExponentialHistogramDataPoint[float64]{
		Attributes: attribute.NewSet(stageAttributes(s)...), StartTime: p.since, Time: now,
		Count: s.Calls.Count, Sum: s.Calls.Sum.Seconds(), Scale: scale,
		PositiveBucket: metricdata.ExponentialBucket{Offset: int32(first), Counts: counts},
	}
}
