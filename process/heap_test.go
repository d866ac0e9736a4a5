//go:build unix

package process_test

import (
	"context"
	"runtime"
	"runtime/debug"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/process"
)

// pace is what a worker tells of its collector.
type pace struct {
	Collections int // while n MB were made and forgotten
	Percent     int // GOGC after that
}

var litter = process.Map(func(_ context.Context, n int) (p pace, _ error) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range n << 20 / (8 << 10) {
		rubbish = make([]byte, 8<<10)
	}
	runtime.ReadMemStats(&after)
	p.Collections = int(after.NumGC - before.NumGC)
	time.Sleep(50 * time.Millisecond) // what follows the first collection runs beside it
	p.Percent = debug.SetGCPercent(100)
	debug.SetGCPercent(p.Percent)
	return p, nil
})

var rubbish []byte

func TestWorkersCollectSeldom(t *testing.T) {
	for gogc, percent := range map[string]int{"100": 100, "50": 50, "off": -1} {
		for _, options := range [][]pl.Option{nil, {process.MemoryLimit(1 << 30)}} {
			if raceBuild && options != nil {
				continue // the detector's own memory runs out
			}
			stage := litter(pl.From(20, 300)).With(append(options, process.Env("GOGC="+gogc))...)
			got, err := stage.Collect(t.Context())
			require.NoError(t, err)
			require.Equal(t, percent, got[1].Percent)
			require.LessOrEqual(t, got[0].Collections, 3, "GOGC=%s", gogc)
			require.LessOrEqual(t, got[1].Collections, 40, "GOGC=%s", gogc)
		}
	}
}
