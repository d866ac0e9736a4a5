package monitor

import (
	"slices"
	"time"

	"github.com/gopeln/pl"
)

// recent remembers the figures of the last half minute of a run under way. From them follow rates,
// and a verdict about what is so now rather than since the start. It is not safe for concurrent
// use.
type recent struct {
	looks []pl.Stats // the oldest first
	shown pl.Verdict
	other pl.Verdict    // what the verdict would be now, if it is another than the one shown
	since time.Duration // when that began, since the start of the run
}

const (
	verdictWindow = 30 * time.Second
	rateWindow    = 5 * time.Second
	lookStep      = 2 * time.Second // between two looks that are remembered
	// steadyFor is how long another verdict must hold before it is shown.
	steadyFor = 3 * time.Second
)

// add remembers a look at the run.
func (r *recent) add(now pl.Stats) {
	if n := len(r.looks); n > 0 && now.Elapsed-r.looks[n-1].Elapsed < lookStep {
		return
	}
	for len(r.looks) > 1 && now.Elapsed-r.looks[1].Elapsed >= verdictWindow {
		r.looks = r.looks[1:]
	}
	r.looks = append(r.looks, now)
}

// over returns the figures of about the time d before now; of the whole run, if that is younger, or
// has ended.
func (r *recent) over(d time.Duration, now pl.Stats) pl.Stats {
	if hasEnded(now.State) {
		return now
	}
	for _, earlier := range slices.Backward(r.looks) {
		if now.Elapsed-earlier.Elapsed >= d {
			return now.Sub(earlier)
		}
	}
	return now
}

// verdict judges the run: under way, by the last half minute; ended, by the whole.
func (r *recent) verdict(now pl.Stats) pl.Verdict {
	if hasEnded(now.State) {
		return now.Verdict()
	}
	v := r.over(verdictWindow, now).Verdict()
	if v.Kind == pl.WarmingUp {
		v = now.Verdict()
	}
	return r.steady(v, now.Elapsed)
}

// steady keeps the verdict shown until another one has held for a while. That a run is stuck, or no
// longer, is shown at once.
func (r *recent) steady(v pl.Verdict, at time.Duration) pl.Verdict {
	if about(v, r.shown) || r.shown.Kind == pl.WarmingUp || r.shown.Kind == pl.Stuck || v.Kind == pl.Stuck {
		r.shown, r.other = v, pl.Verdict{}
		return v
	}
	if !about(v, r.other) {
		r.other, r.since = v, at
	}
	if at-r.since >= steadyFor {
		r.shown, r.other = v, pl.Verdict{}
	}
	return r.shown
}

// about reports whether two verdicts say the same, but for the figures in their sentences.
func about(v, w pl.Verdict) bool { return v.Kind == w.Kind && v.Stage == w.Stage }

// hasEnded reports whether a run in that state has ended.
func hasEnded(s pl.RunState) bool { return s != pl.Running && s != pl.Draining }
