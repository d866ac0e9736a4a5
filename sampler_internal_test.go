package pl

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/gopeln/pl/internal/timesheet"
)

// Calls so rare that a sample would miss them, or count them many times over, count exactly once if
// they take two ticks of the coarse clock.
func TestRareSlowCallsCountExactlyOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n, rare = 50_000, 10_000
		const short, long = 200 * time.Nanosecond, 100 * time.Millisecond
		f := &stageFigures{clock: timesheet.NewClock()}
		over := make(chan struct{})
		go f.clock.Run(over, func() {})
		defer close(over)
		_, s := f.addSheet(0, nil)
		call := measureOne(s, func(_ context.Context, i int) (int, error) {
			if i%rare == rare/2 {
				time.Sleep(long)
			} else {
				time.Sleep(short)
			}
			return i, nil
		})
		for i := range n {
			_, _ = call(t.Context(), i)
		}
		var stats StageStats
		f.addCalls(&stats)
		slow := uint64(0)
		for k, calls := range stats.Calls.Buckets() {
			if k >= bucketOf(long/2) {
				slow += calls
			}
		}
		assert.EqualValues(t, n/rare, slow)
		assert.Len(t, stats.Slowest, n/rare)
		assert.InDelta(t, n, stats.Calls.Count(), 256)
		// Half of a tick is what one of them is wrong by, as a rule.
		assert.InEpsilon(t, (n/rare*long + n*short).Seconds(), stats.Calls.Sum().Seconds(), 0.25)
	})
}
