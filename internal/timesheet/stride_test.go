package timesheet

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// A million calls of each kind of work that are not measured but chosen: the estimate of the sum of
// their times is near the true one. Which calls are chosen is random, so the bounds are several
// standard deviations wide.
func TestTheChosenCallsStandForAll(t *testing.T) {
	const n = 1_000_000
	random := rand.New(rand.NewPCG(1, 2))
	for name, c := range map[string]struct {
		took  func(call int) time.Duration
		error float64 // of the estimate, relative
	}{
		"constant": {func(int) time.Duration { return 200 }, 0.001},
		// A stride of 64 without chance in it would measure all of the slow calls, or none.
		"each 64th is slow": {func(call int) time.Duration {
			if call%64 == 17 {
				return 100 * time.Microsecond
			}
			return 200
		}, 0.4},
		"one in a hundred is slow": {func(int) time.Duration {
			if random.IntN(100) == 0 {
				return 100 * time.Microsecond
			}
			return 200
		}, 0.5},
		"log-normal": {func(int) time.Duration {
			return time.Duration(5000 * math.Exp(random.NormFloat64()/2))
		}, 0.03},
		"slow, all of them": {func(call int) time.Duration { return time.Duration(8000 + call%1000) }, 1e-12},
	} {
		var truth, estimate time.Duration
		s := NewStride()
		for call := range n {
			took := c.took(call)
			truth += took
			if s.Skip() {
				continue
			}
			estimate += time.Duration(s.Draw()) * took
			s.Saw(took)
		}
		assert.InEpsilon(t, truth.Seconds(), estimate.Seconds(), c.error, name)
	}
}
