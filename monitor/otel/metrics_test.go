package otel_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	sdk "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/monitor"
	"github.com/gopeln/pl/monitor/otel"
	"github.com/gopeln/pl/thread"
)

// crawl is a pipeline that filters, fails and drops.
func crawl() pl.Stage[int] {
	fetch := thread.Map(func(_ context.Context, v int) (int, error) {
		time.Sleep(time.Millisecond)
		if v == 7 {
			return 0, errors.New("not found")
		}
		return v, nil
	}, pl.Name("fetch"), pl.Workers(2), pl.MaxSize(8), pl.OnError(pl.Skip))
	odd := thread.Filter(func(_ context.Context, v int) (bool, error) { return v%2 == 1, nil }, pl.Name("odd"))
	return pl.Pipe2(pl.Range(50), fetch, odd).With(pl.Name("crawl"))
}

// collect reads all metrics, by name.
func collect(t *testing.T, reader *sdk.ManualReader) map[string]metricdata.Metrics {
	t.Helper()
	var all metricdata.ResourceMetrics
	require.NoError(t, reader.Collect(t.Context(), &all))
	byName := map[string]metricdata.Metrics{}
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			require.NotContains(t, byName, m.Name)
			byName[m.Name] = m
		}
	}
	return byName
}

// valueOf is the value of a sum with these attributes.
func valueOf[N int64 | float64](t *testing.T, m metricdata.Metrics, attributes ...attribute.KeyValue) N {
	t.Helper()
	sum, ok := m.Data.(metricdata.Sum[N])
	require.True(t, ok, "%s is a %T", m.Name, m.Data)
	want := attribute.NewSet(attributes...)
	for _, p := range sum.DataPoints {
		if p.Attributes.Equals(&want) {
			return p.Value
		}
	}
	require.Fail(t, "missing", "%s%v", m.Name, attributes)
	return 0
}

func TestMetricsShowTheFiguresOfRuns(t *testing.T) {
	m := monitor.New()
	reader := sdk.NewManualReader(sdk.WithProducer(otel.Producer(m)))
	stop, err := otel.Metrics(m, sdk.NewMeterProvider(sdk.WithReader(reader)))
	require.NoError(t, err)
	assert.Empty(t, collect(t, reader), "nothing has run")
	for range 2 {
		require.NoError(t, crawl().Run(m.Watch(t.Context())))
	}
	all := collect(t, reader)
	pipeline, fetch := attribute.String("gopeln.pipeline", "crawl"), attribute.String("gopeln.stage", "fetch")
	assert.EqualValues(t, 2, valueOf[int64](t, all["gopeln.runs"], pipeline, attribute.String("gopeln.run.outcome", "done")))
	assert.EqualValues(t, 0, valueOf[int64](t, all["gopeln.runs.active"], pipeline))
	assert.EqualValues(t, 100, valueOf[int64](t, all["gopeln.stage.received"], pipeline, fetch))
	assert.EqualValues(t, 98, valueOf[int64](t, all["gopeln.stage.emitted"], pipeline, fetch))
	assert.EqualValues(t, 2, valueOf[int64](t, all["gopeln.stage.failed"], pipeline, fetch))
	assert.EqualValues(t, 2, valueOf[int64](t, all["gopeln.stage.discarded"], pipeline, fetch, attribute.String("gopeln.discard.reason", "dropped")))
	assert.Greater(t, valueOf[float64](t, all["gopeln.stage.worker.time"], pipeline, fetch, attribute.String("gopeln.worker.state", "busy")), 0.05)
	assert.Equal(t, "s", all["gopeln.stage.worker.time"].Unit)
	assert.Equal(t, "{value}", all["gopeln.stage.received"].Unit)

	duration, ok := all["gopeln.stage.function.duration"].Data.(metricdata.ExponentialHistogram[float64])
	require.True(t, ok)
	want := attribute.NewSet(pipeline, fetch)
	for _, p := range duration.DataPoints {
		if p.Attributes.Equals(&want) {
			assert.InDelta(t, 100, p.Count, 2)
			sum := uint64(0)
			for _, n := range p.PositiveBucket.Counts {
				sum += n
			}
			assert.Equal(t, p.Count, sum)
			assert.Less(t, p.PositiveBucket.Offset, int32(0), "a millisecond is 2^-10 seconds")
		}
	}

	stop()
	assert.NotContains(t, collect(t, reader), "gopeln.stage.received")
}

func TestQueueLimitIsAbsentWhereThereIsNone(t *testing.T) {
	m := monitor.New()
	reader := sdk.NewManualReader()
	_, err := otel.Metrics(m, sdk.NewMeterProvider(sdk.WithReader(reader)))
	require.NoError(t, err)
	seen := false
	look := thread.Map(func(_ context.Context, v int) (int, error) {
		if v == 5 {
			limits := collect(t, reader)["gopeln.stage.queue.limit"].Data.(metricdata.Sum[int64])
			if assert.Len(t, limits.DataPoints, 1) {
				stage, _ := limits.DataPoints[0].Attributes.Value("gopeln.stage")
				assert.Equal(t, "bounded", stage.AsString())
				assert.EqualValues(t, 4, limits.DataPoints[0].Value)
			}
			seen = true
		}
		return v, nil
	}, pl.MaxSize(4), pl.Name("bounded"))
	free := thread.Map(func(_ context.Context, v int) (int, error) { return v, nil }, pl.Name("free"))
	require.NoError(t, pl.Pipe2(pl.Range(10), look, free).Run(m.Watch(t.Context())))
	assert.True(t, seen)
}

func TestNilMonitorIsAnError(t *testing.T) {
	stop, err := otel.Metrics(nil, sdk.NewMeterProvider())
	require.ErrorContains(t, err, "monitor.New")
	stop()
	_, err = otel.Producer(nil).Produce(t.Context())
	require.ErrorContains(t, err, "monitor.New")
	stop, err = otel.Metrics(monitor.New(), nil)
	require.NoError(t, err, "the global provider")
	stop()
}

func ExampleMetrics() {
	m := monitor.New()
	reader := sdk.NewManualReader() // a program has one that exports
	stop, err := otel.Metrics(m, sdk.NewMeterProvider(sdk.WithReader(reader)))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer stop()
	_ = pl.Range(10).Run(m.Watch(context.Background()))
	var all metricdata.ResourceMetrics
	fmt.Println(reader.Collect(context.Background(), &all), all.ScopeMetrics[0].Metrics[0].Name)
	// Output: <nil> gopeln.runs
}

func ExampleProducer() {
	m := monitor.New()
	reader := sdk.NewManualReader(sdk.WithProducer(otel.Producer(m)))
	defer sdk.NewMeterProvider(sdk.WithReader(reader)).Shutdown(context.Background())
	square := thread.Map(pl.Lift(func(v int) int { return v * v }), pl.Name("square"))
	_ = pl.Pipe(pl.Range(10), square).Run(m.Watch(context.Background()))
	var all metricdata.ResourceMetrics
	fmt.Println(reader.Collect(context.Background(), &all), all.ScopeMetrics[0].Metrics[0].Name)
	// Output: <nil> gopeln.stage.function.duration
}
