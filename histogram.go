package pl

import (
	"encoding/json"
	"fmt"
	"iter"
	"math"
	"time"
)

// Histogram counts durations by their size. Its buckets are those of OpenTelemetry's exponential
// histogram of scale 3 and of Prometheus' native one of schema 3: bucket k has the durations of
// more than 2^(k/8) seconds and at most 2^((k+1)/8), so that a quantile is within 4.5 % of the true
// one. The zero Histogram is empty. It is a plain value; counts may be estimates by sampling.
type Histogram struct {
	count  uint64
	sum    time.Duration
	first  int      // the bucket of counts[0]
	counts []uint64 // shared by copies, and so never changed
}

// The buckets reach from about a nanosecond to 2^12 seconds; shorter and longer durations count in
// the first and the last.
const (
	firstBucket = -240
	lastBucket  = 95
	buckets     = lastBucket - firstBucket + 1
)

// Count returns how many durations there are.
func (h Histogram) Count() uint64 { return h.count }

// Sum returns the sum of all durations.
func (h Histogram) Sum() time.Duration { return h.sum }

// Mean returns the mean, 0 if h is empty.
func (h Histogram) Mean() time.Duration {
	if h.count == 0 {
		return 0
	}
	return time.Duration(float64(h.sum) / float64(h.count))
}

// Quantile returns the duration below which the share p of the durations lies, such as 0.99. It is
// 0 if h is empty; p below 0 counts as 0 and above 1 as 1.
func (h Histogram) Quantile(p float64) time.Duration {
	rank := uint64(math.Ceil(min(max(p, 0), 1) * float64(h.count)))
	seen := uint64(0)
	for k, n := range h.Buckets() {
		if seen += n; seen >= rank {
			return fromSeconds(math.Exp2((float64(k) + 0.5) / 8))
		}
	}
	return 0
}

// Sub returns the durations that h has and earlier has not. earlier must be an earlier histogram of
// the same stage.
func (h Histogram) Sub(earlier Histogram) Histogram {
	var counts [buckets]uint64
	for k, n := range h.Buckets() {
		counts[k-firstBucket] = n
	}
	for k, n := range earlier.Buckets() {
		i := k - firstBucket
		counts[i] -= min(n, counts[i])
	}
	return newHistogram(&counts, h.sum-earlier.sum)
}

// Buckets yields the buckets that are not empty, in ascending order, with their counts. The upper
// bound of bucket k is 2^((k+1)/8) seconds.
func (h Histogram) Buckets() iter.Seq2[int, uint64] {
	return func(yield func(int, uint64) bool) {
		for i, n := range h.counts {
			if n > 0 && !yield(h.first+i, n) {
				return
			}
		}
	}
}

// String gives the count, the median and the 99th percentile.
func (h Histogram) String() string {
	return fmt.Sprintf("%d calls, p50 %v, p99 %v", h.count, threeDigits(h.Quantile(0.5)), threeDigits(h.Quantile(0.99)))
}

// newHistogram makes a Histogram of the counts of all buckets.
func newHistogram(counts *[buckets]uint64, sum time.Duration) Histogram {
	h := Histogram{sum: max(sum, 0)}
	first, end := buckets, 0
	for i, n := range counts {
		if n > 0 {
			first, end = min(first, i), i+1
			h.count += n
		}
	}
	if h.count > 0 {
		h.first = firstBucket + first
		h.counts = append(h.counts, counts[first:end]...)
	}
	return h
}

// bucketOf returns the bucket of d.
func bucketOf(d time.Duration) int {
	if d <= 0 {
		return firstBucket
	}
	fraction, exponent := math.Frexp(float64(d) * 1e-9) // in [0.5, 1)
	k := (exponent - 1) * 8
	for _, bound := range eighths {
		if fraction > bound {
			k++
		}
	}
	return min(max(k-1, firstBucket), lastBucket)
}

// eighths are 2^(i/8), halved, for i from 0 to 7: the bounds within a power of two.
var eighths = func() (all [8]float64) {
	for i := range all {
		all[i] = math.Exp2(float64(i)/8 - 1)
	}
	return all
}()

func fromSeconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// threeDigits rounds d to about three digits, as tables show it.
func threeDigits(d time.Duration) time.Duration {
	for unit := time.Duration(1); unit < time.Hour; unit *= 10 {
		if d < 1000*unit {
			return d.Round(unit)
		}
	}
	return d.Round(time.Minute)
}

// histogramJSON is a Histogram as JSON shows it. Buckets are pairs of number and count.
type histogramJSON struct {
	Count    uint64
	Sum      time.Duration
	P50, P99 time.Duration
	Buckets  [][2]int64
}

// MarshalJSON gives the count, the sum, the median, the 99th percentile and the buckets.
func (h Histogram) MarshalJSON() ([]byte, error) {
	j := histogramJSON{Count: h.count, Sum: h.sum, P50: h.Quantile(0.5), P99: h.Quantile(0.99), Buckets: [][2]int64{}}
	for k, n := range h.Buckets() {
		j.Buckets = append(j.Buckets, [2]int64{int64(k), int64(n)})
	}
	return json.Marshal(j)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (h *Histogram) UnmarshalJSON(text []byte) error {
	var j histogramJSON
	if err := json.Unmarshal(text, &j); err != nil {
		return err
	}
	var counts [buckets]uint64
	for _, b := range j.Buckets {
		if b[0] < firstBucket || b[0] > lastBucket || b[1] < 0 {
			return fmt.Errorf("pl: a histogram has no bucket %d with %d values", b[0], b[1])
		}
		counts[b[0]-firstBucket] += uint64(b[1])
	}
	*h = newHistogram(&counts, j.Sum)
	return nil
}
