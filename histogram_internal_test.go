package pl

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// histogramOf counts durations one by one.
func histogramOf(all ...time.Duration) Histogram {
	var counts [buckets]uint64
	var sum time.Duration
	for _, d := range all {
		counts[bucketOf(d)-firstBucket]++
		sum += d
	}
	return newHistogram(&counts, sum)
}

func TestABucketHoldsWhatIsBetweenItsBounds(t *testing.T) {
	for range 10_000 {
		d := time.Duration(math.Exp2(rand.Float64() * 40))
		k, seconds := bucketOf(d), d.Seconds()
		if d < 2 {
			continue
		}
		require.Greater(t, seconds*(1+1e-12), math.Exp2(float64(k)/8), "%v in bucket %d", d, k)
		require.LessOrEqual(t, seconds*(1-1e-12), math.Exp2(float64(k+1)/8), "%v in bucket %d", d, k)
	}
	assert.Equal(t, -1, bucketOf(time.Second), "an upper bound belongs to its bucket")
	assert.Equal(t, 0, bucketOf(time.Second+time.Nanosecond))
	assert.Equal(t, 7, bucketOf(2*time.Second))
	assert.Equal(t, firstBucket, bucketOf(0))
	assert.Equal(t, firstBucket, bucketOf(-time.Second))
	assert.Equal(t, lastBucket, bucketOf(math.MaxInt64))
}

func TestQuantilesAreWithinFivePercent(t *testing.T) {
	var all []time.Duration
	for range 5000 {
		all = append(all, time.Duration(math.Exp(rand.NormFloat64()*2+10)))
	}
	h := histogramOf(all...)
	slices.Sort(all)
	for _, p := range []float64{0.01, 0.5, 0.9, 0.99, 1} {
		exact := all[max(int(math.Ceil(p*5000))-1, 0)]
		assert.InEpsilon(t, exact, h.Quantile(p), 0.05, "p%v", 100*p)
	}
	assert.Equal(t, h.Quantile(0), h.Quantile(-3))
	assert.Equal(t, h.Quantile(1), h.Quantile(7))
	assert.EqualValues(t, 5000, h.Count())
}

func TestAnEmptyHistogramIsZero(t *testing.T) {
	var h Histogram
	assert.Zero(t, h.Quantile(0.5))
	assert.Zero(t, h.Mean())
	assert.Equal(t, h, h.Sub(h))
	assert.Equal(t, "0 calls, p50 0s, p99 0s", h.String())
}

func TestSubGivesTheDurationsOfTheTimeBetween(t *testing.T) {
	early := []time.Duration{time.Microsecond, time.Second}
	late := []time.Duration{time.Millisecond, time.Millisecond, time.Hour}
	between := histogramOf(append(early, late...)...).Sub(histogramOf(early...))
	assert.Equal(t, histogramOf(late...), between)
}

func TestAHistogramSurvivesJSON(t *testing.T) {
	h := histogramOf(time.Nanosecond, time.Millisecond, 3*time.Second, 3*time.Second)
	text, err := json.Marshal(h)
	require.NoError(t, err)
	var got Histogram
	require.NoError(t, json.Unmarshal(text, &got))
	assert.Equal(t, h, got)
	assert.Error(t, json.Unmarshal([]byte(`{"Buckets":[[9999,1]]}`), &got))
}
