package prom_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/monitor"
	"github.com/gopeln/pl/monitor/prom"
	"github.com/gopeln/pl/pltest"
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
	}, pl.Name("fetch"), pl.Workers(2), pl.MaxSize(8), pl.OnError(pl.Skip), pl.Retry(2, nil))
	odd := thread.Filter(func(_ context.Context, v int) (bool, error) { return v%2 == 1, nil }, pl.Name("odd"))
	return pl.Pipe2(pl.Range(50), fetch, odd).With(pl.Name("crawl"))
}

// far is a backend that says of its workers that they are elsewhere.
type far struct{}

func (far) Name() string { return "far" }

func (far) Start(s *pl.Site) {
	s.Remote(func() *pl.Remote {
		return &pl.Remote{Redelivered: 14, Resubmitted: 3, Duplicates: 2, Workers: []pl.RemoteWorker{{Host: "alpha", State: "serving"}}}
	})
	s.Employ()
}

// render is a pipeline whose workers are elsewhere.
func render() pl.Stage[int] {
	kernel := func(_ context.Context, v int, emit func(int) bool) error { emit(v); return nil }
	open := func(context.Context) (pl.Kernel[int, int], func(context.Context) error, error) {
		return kernel, nil, nil
	}
	operation := pl.Operation[int, int]{Verb: "Map", Results: pl.One, Func: kernel, Open: open}
	return pl.NewPartial(far{}, operation, pl.Name("render"))(pl.Range(3))
}

func TestWorkersElsewhere(t *testing.T) {
	m := monitor.New()
	for range 2 {
		require.NoError(t, render().Run(m.Watch(t.Context())))
	}
	families := gather(t, m)
	got := map[string]float64{}
	for _, metric := range families["gopeln_stage_reruns_total"].GetMetric() {
		for _, l := range metric.GetLabel() {
			if l.GetName() == "reason" {
				got[l.GetValue()] = metric.GetCounter().GetValue()
			}
		}
	}
	assert.Equal(t, map[string]float64{"redelivered": 28, "resubmitted": 6}, got)
	duplicates := families["gopeln_stage_duplicates_total"].GetMetric()
	require.Len(t, duplicates, 1, "the source has none")
	assert.EqualValues(t, 4, duplicates[0].GetCounter().GetValue())
	assert.Zero(t, families["gopeln_stage_remote_workers"].GetMetric()[0].GetGauge().GetValue(), "no run is under way")
}

// gather registers a collector of m, as programs do, and collects.
func gather(t *testing.T, m *monitor.Monitor) map[string]*dto.MetricFamily {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	require.NoError(t, registry.Register(prom.NewCollector(m)))
	families, err := registry.Gather()
	require.NoError(t, err)
	byName := map[string]*dto.MetricFamily{}
	for _, f := range families {
		byName[f.GetName()] = f
	}
	return byName
}

func TestMetricsPassPrometheusOwnLinter(t *testing.T) {
	m := monitor.New()
	require.NoError(t, crawl().Run(m.Watch(t.Context())))
	require.NoError(t, render().Run(m.Watch(t.Context())))
	problems, err := testutil.CollectAndLint(prom.NewCollector(m))
	require.NoError(t, err)
	assert.Empty(t, problems)
}

func TestTextOfMonitorPassesPrometheusOwnLinterAndHasTheSameSamples(t *testing.T) {
	m := monitor.New()
	hostile := pl.Range(3).With(pl.Name("a\"b\\c\nd\xff取得"))
	require.NoError(t, crawl().Run(m.Watch(t.Context())))
	require.NoError(t, hostile.Run(m.Watch(t.Context())))
	require.NoError(t, render().Run(m.Watch(t.Context())))
	text := httptest.NewRecorder()
	m.ServeHTTP(text, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	problems, err := promlint.New(strings.NewReader(text.Body.String())).Lint()
	require.NoError(t, err)
	assert.Empty(t, problems)
	require.NoError(t, testutil.CollectAndCompare(prom.NewCollector(m), sorted(t, text.Body)))
}

// sorted is a text of metrics whose labels are in their order, as the comparison has it.
func sorted(t *testing.T, text io.Reader) io.Reader {
	t.Helper()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(text)
	require.NoError(t, err)
	var out bytes.Buffer
	for _, f := range families {
		for _, m := range f.GetMetric() {
			slices.SortFunc(m.Label, func(a, b *dto.LabelPair) int { return strings.Compare(a.GetName(), b.GetName()) })
		}
		_, err := expfmt.MetricFamilyToText(&out, f)
		require.NoError(t, err)
	}
	return &out
}

func TestFiguresOfRunsAreAddedUp(t *testing.T) {
	m := monitor.New()
	for range 2 {
		require.NoError(t, crawl().Run(m.Watch(t.Context())))
	}
	boom := pl.Pipe(pl.Range(3), pltest.Fail[int](errors.New("boom"), 1)).With(pl.Name("crawl"))
	require.Error(t, boom.Run(m.Watch(t.Context())))
	families := gather(t, m)
	value := func(name string, labels ...string) float64 {
		for _, metric := range families[name].GetMetric() {
			got := map[string]string{}
			for _, l := range metric.GetLabel() {
				got[l.GetName()] = l.GetValue()
			}
			matches := true
			for i := 0; i < len(labels); i += 2 {
				matches = matches && got[labels[i]] == labels[i+1]
			}
			if matches {
				return metric.GetCounter().GetValue() + metric.GetGauge().GetValue()
			}
		}
		t.Errorf("there is no %s%v", name, labels)
		return math.NaN()
	}
	assert.EqualValues(t, 2, value("gopeln_runs_total", "pipeline", "crawl", "outcome", "done"))
	assert.EqualValues(t, 1, value("gopeln_runs_total", "pipeline", "crawl", "outcome", "failed"))
	assert.EqualValues(t, 0, value("gopeln_runs_active", "pipeline", "crawl"))
	assert.EqualValues(t, 100, value("gopeln_stage_received_total", "stage", "fetch"))
	assert.EqualValues(t, 98, value("gopeln_stage_emitted_total", "stage", "fetch"))
	assert.EqualValues(t, 2, value("gopeln_stage_failures_total", "stage", "fetch"))
	assert.EqualValues(t, 2, value("gopeln_stage_retries_total", "stage", "fetch"))
	assert.EqualValues(t, 2, value("gopeln_stage_discarded_total", "stage", "fetch", "reason", "dropped"))
	assert.Greater(t, value("gopeln_stage_worker_seconds_total", "stage", "fetch", "state", "busy"), 0.05)

	for _, metric := range families["gopeln_stage_function_seconds"].GetMetric() {
		if metric.GetLabel()[1].GetValue() != "fetch" {
			continue
		}
		h := metric.GetHistogram()
		assert.EqualValues(t, 3, h.GetSchema())
		assert.InDelta(t, 102, h.GetSampleCount(), 2, "each attempt is a call")
		assert.NotEmpty(t, h.GetPositiveSpan())
		assert.Len(t, h.GetBucket(), 13)
		last := h.GetBucket()[12]
		assert.Equal(t, h.GetSampleCount(), last.GetCumulativeCount())
	}
}

func TestCollectingGoesOnWhileRunsDo(t *testing.T) {
	m := monitor.New()
	var wg sync.WaitGroup
	wg.Go(func() {
		for range 5 {
			assert.NoError(t, crawl().Run(m.Watch(t.Context())))
		}
	})
	last := 0.
	for range 50 {
		sum := 0.
		for _, metric := range gather(t, m)["gopeln_stage_received_total"].GetMetric() {
			sum += metric.GetCounter().GetValue()
		}
		assert.GreaterOrEqual(t, sum, last, "counters never fall")
		last = sum
	}
	wg.Wait()
}

func TestNilMonitorIsAnErrorOfTheCollection(t *testing.T) {
	registry := prometheus.NewPedanticRegistry()
	require.NoError(t, registry.Register(prom.NewCollector(nil)))
	_, err := registry.Gather()
	assert.ErrorContains(t, err, "monitor.New")
}

func ExampleNewCollector() {
	m := monitor.New()
	registry := prometheus.NewRegistry()
	registry.MustRegister(prom.NewCollector(m))
	http.Handle("/metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))

	_ = pl.Range(10).With(pl.Name("count")).Run(m.Watch(context.Background()))
	n, err := testutil.GatherAndCount(registry, "gopeln_runs_active")
	fmt.Println(n, err)
	// Output: 1 <nil>
}
