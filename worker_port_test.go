package pl_test

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/internal/backendtest"
	"github.com/gopeln/pl/thread"
)

// handfuls is a driven stage that doubles, and ends each handful of values with Finish.
func handfuls(opts ...pl.Option) pl.Partial[int, int] {
	return pl.NewDriven(announced{}, mapping(double), func(ports pl.Ports[int, int]) {
		site, port := ports.Site(), ports.Port(0)
		site.Go(func() {
			items := make([]pl.Item[int], 7)
			for {
				n, ok := port.Pull(site.Context(), items)
				if !ok {
					return
				}
				port.Begin(n)
				var done []*pl.Item[int]
				var results []int
				for i := range items[:n] {
					done, results = append(done, &items[i]), append(results, 2*items[i].Value)
				}
				port.Finish(done, results)
			}
		})
	}, opts...)
}

// Whatever a queue has to know of each value, Finish is Emit and Done.
func TestFinishIsEmitAndDone(t *testing.T) {
	const n = 1000
	for name, stage := range map[string]func(pl.Stage[int]) pl.Stage[int]{
		"plain":       handfuls(),
		"bounded":     handfuls(pl.MaxSize(3)),
		"keyed":       handfuls(pl.ByKey(func(x int) int { return x % 3 })),
		"weighed":     handfuls(pl.MaxWeight(10, func(int) int64 { return 1 })),
		"in order":    func(s pl.Stage[int]) pl.Stage[int] { return pl.Ordered(handfuls()(s)) },
		"from a wait": func(s pl.Stage[int]) pl.Stage[int] { return handfuls()(thread.Map(identity[int])(s)) },
	} {
		t.Run(name, func(t *testing.T) {
			before := backendtest.Hold()
			var info *pl.RunInfo
			ctx := pl.Observe(t.Context(), func(r *pl.RunInfo) func(error) {
				info = r
				return nil
			})
			got, err := stage(pl.Range(n)).Collect(ctx)
			require.NoError(t, err)
			slices.Sort(got)
			require.Len(t, got, n)
			for i, v := range got {
				require.Equal(t, 2*i, v)
			}
			for _, s := range info.Stats().Stages {
				assert.EqualValues(t, n, s.Out, s.Name)
				assert.Zero(t, s.Dropped, s.Name)
			}
			for range stage(pl.Range(math.MaxInt)).All(t.Context()) {
				break // Pull sees that, although there are values
			}
			before.Check(t)
		})
	}
}
