package monitor_test

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/gopeln/pl/monitor"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var metricLine = regexp.MustCompile(`^([a-z_]+)\{((?:[a-z]+="(?:[^"\\\n]|\\["\\n])*",?)*)\} (\S+)$`)

// scraped are the samples of /metrics, by name and labels. Each line must be of the format.
func scraped(t *testing.T, m *monitor.Monitor) map[string]float64 {
	t.Helper()
	samples := map[string]float64{}
	family := ""
	for line := range strings.Lines(get(m, "/metrics").Body.String()) {
		line = strings.TrimSuffix(line, "\n")
		if name, ok := strings.CutPrefix(line, "# TYPE "); ok {
			family, _, _ = strings.Cut(name, " ")
			continue
		}
		if strings.HasPrefix(line, "# HELP ") {
			continue
		}
		match := metricLine.FindStringSubmatch(line)
		require.NotNil(t, match, "line %q", line)
		require.True(t, strings.HasPrefix(match[1], family), "%s in the family %s", match[1], family)
		key := match[1] + "{" + match[2] + "}"
		require.NotContains(t, samples, key)
		v, err := strconv.ParseFloat(match[3], 64)
		require.NoError(t, err)
		samples[key] = v
	}
	return samples
}

func TestMetricsAddUpRuns(t *testing.T) {
	m := watched(t, "crawl", "crawl", "other one")
	s := scraped(t, m)
	assert.EqualValues(t, 2, s[`gopeln_runs_total{pipeline="crawl",outcome="done"}`])
	assert.EqualValues(t, 0, s[`gopeln_runs_active{pipeline="crawl"}`])
	assert.EqualValues(t, 20, s[`gopeln_stage_received_total{pipeline="crawl",stage="crawl"}`])
	assert.EqualValues(t, 20, s[`gopeln_stage_emitted_total{pipeline="crawl",stage="range(10)"}`])
	calls := s[`gopeln_stage_function_seconds_count{pipeline="crawl",stage="crawl"}`] // an estimate
	assert.Positive(t, calls)
	assert.Equal(t, calls, s[`gopeln_stage_function_seconds_bucket{pipeline="crawl",stage="crawl",le="+Inf"}`])
	assert.Equal(t, calls, s[`gopeln_stage_function_seconds_bucket{pipeline="crawl",stage="crawl",le="16.777216"}`])
	assert.Positive(t, s[`gopeln_stage_worker_seconds_total{pipeline="crawl",stage="crawl",state="busy"}`])
	assert.EqualValues(t, 10, s[`gopeln_stage_received_total{pipeline="other one",stage="other one"}`])
}

// A run's figures stay in the sums when it ends, and when it is no longer kept.
func TestCountersNeverFall(t *testing.T) {
	m := monitor.New()
	before := scraped(t, m)
	check := func() {
		t.Helper()
		now := scraped(t, m)
		for key, was := range before {
			if strings.Contains(key, "_total") || strings.Contains(key, "_seconds") {
				require.GreaterOrEqual(t, now[key], was, key)
			}
		}
		before = now
	}
	for range 30 {
		for range named("crawl", 5).All(m.Watch(t.Context())) {
			check()
		}
		check()
	}
	assert.EqualValues(t, 150, before[`gopeln_stage_received_total{pipeline="crawl",stage="crawl"}`])
	assert.EqualValues(t, 30, before[`gopeln_runs_total{pipeline="crawl",outcome="done"}`])
}

func TestMetricsOfAnyNames(t *testing.T) {
	m := watched(t, "a \"quoted\\\" \n name", "\xff\x00</script>")
	s := scraped(t, m)
	assert.EqualValues(t, 1, s[`gopeln_runs_total{pipeline="a \"quoted\\\" \n name",outcome="done"}`])
}

func TestMetricsOfManyPipelinesAreBounded(t *testing.T) {
	m := monitor.New()
	for i := range 150 {
		require.NoError(t, named(fmt.Sprint("pipeline ", i), 2).Run(m.Watch(t.Context())))
	}
	n := 0
	var sum float64
	for key, v := range scraped(t, m) {
		if strings.HasPrefix(key, "gopeln_stage_received_total{") {
			n++
			sum += v
		}
	}
	assert.Equal(t, 201, n)
	assert.EqualValues(t, 300, sum)
}
