package backendtest

import (
	"context"
	"flag"
	"strings"
	"testing"
	"time"

	"github.com/gopeln/pl"
)

// whole is set for soaks: all checks are repeated with an observer, also where time is real.
var whole = flag.Bool("observed", false, "repeat all conformance checks with an observer, not only some")

// ObservedInRealTime are the themes that are repeated where time is real and the flag is not set.
var ObservedInRealTime = []string{"Map", "FlatMap", "Resource", "Error", "Retry", "KeepGoing", "Limit", "Timeout", "MaxSize", "Order"}

// RunObserved runs the checks once more, with an observer in every context that reads the figures
// all the time: a run that is observed yields the same results, in the same order, with the same
// errors.
func RunObserved(t *testing.T, api API) {
	api.observed = true
	if api.Here || *whole {
		Run(t, api)
		return
	}
	Run(t, api, ObservedInRealTime...)
}

// base is the context that those of all runs are made of.
func (api API) base(t *testing.T) context.Context {
	if !api.observed {
		return t.Context()
	}
	return Watched(t.Context(), t, api.Tick/2, nil)
}

// Watched returns a context whose runs are looked at in each period: no figure of theirs may fall.
// ended, if it is not nil, gets the figures of each run before its last look, and those at its end.
func Watched(ctx context.Context, t *testing.T, period time.Duration, ended func(before, end pl.Stats, err error)) context.Context {
	return pl.Observe(ctx, func(run *pl.RunInfo) func(error) {
		over, done := make(chan struct{}), make(chan struct{})
		before := run.Stats()
		go func() {
			defer close(done)
			ticker := time.NewTicker(period)
			defer ticker.Stop()
			for {
				select {
				case <-ticker.C:
				case <-over:
					return
				}
				now := run.Stats()
				grown(t, before, now)
				before = now
			}
		}()
		return func(err error) {
			close(over)
			<-done
			end := run.Stats()
			grown(t, before, end)
			text := strings.ReplaceAll(end.String(), "%!v(PANIC=", "") // which hostile errors print
			if strings.Contains(text, "NaN") || strings.Contains(text, "%!") {
				t.Errorf("printed figures:\n%s", text)
			}
			if ended != nil {
				ended(before, end, err)
			}
		}
	})
}

// grown checks that no count and no time has fallen.
func grown(t *testing.T, before, now pl.Stats) {
	for i, s := range now.Stages {
		b := before.Stages[i]
		fell := s.In < b.In || s.Out < b.Out || s.Dropped < b.Dropped || s.Failed < b.Failed || s.Retried < b.Retried ||
			s.QueuedMost < b.QueuedMost || s.QueuedMost < s.Queued || s.Calls.Count() < b.Calls.Count() ||
			s.Busy < b.Busy || s.Starved < b.Starved || s.Blocked < b.Blocked || s.Limited < b.Limited || s.Retrying < b.Retrying
		if fell {
			t.Errorf("figures of %s have fallen:\n%+v\nthen\n%+v", s.Name, b, s)
		}
	}
	if now.Progress < before.Progress && now.Progress >= 0 {
		t.Errorf("the progress has fallen from %v to %v", before.Progress, now.Progress)
	}
}
