package pl

import (
	"math"
	"runtime/metrics"
	"time"
)

// coreWaits are the waits of the program's goroutines for a core, since its start. The runtime
// looks at one in eight of them.
type coreWaits struct {
	seen, long uint64        // that were seen; of these, those of more than longWait
	sum        time.Duration // of those that were seen
}

const (
	longWait      = 10 * time.Millisecond
	waitsBySample = 8
)

// readCoreWaits reads them. On a runtime that does not tell they are zero.
func readCoreWaits() (w coreWaits) {
	sample := []metrics.Sample{{Name: "/sched/latencies:seconds"}}
	if metrics.Read(sample); sample[0].Value.Kind() != metrics.KindFloat64Histogram {
		return w
	}
	h := sample[0].Value.Float64Histogram()
	sum := 0.0
	for i, n := range h.Counts {
		if n == 0 {
			continue
		}
		from, to := max(h.Buckets[i], 0), h.Buckets[i+1] // the outermost bounds are infinite
		if math.IsInf(to, 1) {
			to = from
		}
		w.seen += n
		if from >= longWait.Seconds() {
			w.long += n
		}
		sum += float64(n) * (from + to) / 2
	}
	w.sum = fromSeconds(sum)
	return w
}

// sub returns the waits since earlier.
func (w coreWaits) sub(earlier coreWaits) coreWaits {
	return coreWaits{w.seen - min(earlier.seen, w.seen), w.long - min(earlier.long, w.long), max(w.sum-earlier.sum, 0)}
}

// matter reports whether goroutines that are busy for so long in all have spent much of that on
// waiting for a core: at least a quarter, and more than longWait one time in a hundred.
func (w coreWaits) matter(busy time.Duration) bool {
	return 100*w.long > w.seen && 4*waitsBySample*w.sum > busy
}
