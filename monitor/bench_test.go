package monitor_test

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/monitor"
	"github.com/gopeln/pl/thread"
	"github.com/stretchr/testify/require"
)

// BenchmarkWatched measures what looking at a run of 30 stages with 16 workers each costs: a
// snapshot of its figures should take at most 200 µs, and what a page asks for each second at most
// 2 ms.
func BenchmarkWatched(b *testing.B) {
	m := monitor.New()
	stop := runUntilStopped(b, m, 30, 16)
	defer stop()
	b.Run("snapshot", func(b *testing.B) {
		for b.Loop() {
			m.Stats()
		}
	})
	for _, path := range []string{"/json?page", "/json", "/", "/metrics"} {
		b.Run(path, func(b *testing.B) {
			for b.Loop() {
				w := httptest.NewRecorder()
				m.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
				require.Equal(b, http.StatusOK, w.Code)
				b.ReportMetric(float64(w.Body.Len()), "bytes")
			}
		})
	}
}

// runUntilStopped runs a pipeline that m watches, until it is stopped, and returns when it is under
// way.
func runUntilStopped(tb testing.TB, m *monitor.Monitor, stages, workers int) (stop func()) {
	tb.Helper()
	ctx, cancel := context.WithCancel(tb.Context())
	s := pl.Range(math.MaxInt)
	for i := range stages {
		s = thread.Map(pl.Lift(func(v int) int { return v }), pl.Name(fmt.Sprint("stage ", i)), pl.Workers(workers), pl.MaxSize(64))(s)
	}
	ended, first := make(chan struct{}), make(chan struct{})
	taken := 0
	go func() {
		defer close(ended)
		for range s.All(m.Watch(ctx)) {
			if taken++; taken == 10_000 {
				close(first)
				<-ctx.Done()
			}
		}
	}()
	<-first
	return func() {
		cancel()
		<-ended
	}
}
