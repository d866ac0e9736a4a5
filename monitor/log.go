package monitor

import (
	"context"
	"log/slog"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/internal/observe"
	"github.com/gopeln/pl/monitor/internal/patience"
	"github.com/gopeln/pl/monitor/internal/terminal"
)

// Log returns a context whose runs are logged by l, or by [slog.Default] if l is nil: at their end,
// and besides each time that every has passed, unless that is 0. The record at the end of a run
// that failed is an error, that of a cancelled one a warning; so is a record about a run that is
// stuck. Its attributes are figures of the whole run, and the verdict.
func Log(ctx context.Context, l *slog.Logger, every time.Duration, opts ...Option) context.Context {
	if ctx == nil {
		ctx = context.Background()
	}
	with := &logging{ctx: ctx, logger: l, every: every}
	return follow(ctx, newOptions(opts), "the log of runs", func(*pl.RunInfo) follower { return &logView{logging: with} })
}

// logging is how the runs of one context are logged.
type logging struct {
	ctx      context.Context // what handlers look at for attributes
	logger   *slog.Logger
	every    time.Duration
	patience patience.Patience
	trouble  sync.Once
}

// logView logs one run.
type logView struct {
	*logging
	recent recent
}

func (v *logView) interval() time.Duration {
	if v.every <= 0 {
		return math.MaxInt64
	}
	return v.every
}

func (v *logView) look(now pl.Stats) {
	v.recent.add(now)
	verdict := v.recent.verdict(now)
	level := slog.LevelInfo
	if verdict.Kind == pl.Stuck {
		level = slog.LevelWarn
	}
	v.report(v.patience.Soon(func() error { return v.log(level, "pipeline runs", now, verdict) }))
}

func (v *logView) end(last pl.Stats) {
	level := slog.LevelInfo
	text := "pipeline done"
	switch last.State {
	case pl.Failed:
		level, text = slog.LevelError, "pipeline failed"
	case pl.Cancelled:
		level, text = slog.LevelWarn, "pipeline cancelled"
	}
	v.report(v.patience.AtLast(func() error { return v.log(level, text, last, last.Verdict()) }))
}

// report logs what went wrong with a handler, once, unless it is that of the default logger.
func (v *logView) report(err error) {
	if err != nil && v.logger != nil && v.logger != slog.Default() {
		v.trouble.Do(func() { warnSoon("monitor: a run cannot be logged", "error", err) })
	}
}

func (v *logView) log(level slog.Level, text string, s pl.Stats, verdict pl.Verdict) error {
	l := v.logger
	if l == nil {
		l = slog.Default()
	}
	l.LogAttrs(v.ctx, level, text, attributes(s, verdict)...)
	return nil
}

// attributes are what a record says of a run.
func attributes(s pl.Stats, verdict pl.Verdict) []slog.Attr {
	count, _ := terminal.Outcome(&s)
	var in, dropped uint64
	for _, st := range s.Stages {
		dropped += st.Dropped
		if !slices.ContainsFunc(s.Edges, func(e pl.Edge) bool { return e.To == st.ID }) {
			in += st.Out // of a source
		}
	}
	all := []slog.Attr{
		slog.String("pipeline", s.Name), slog.Time("started", s.Started), slog.String("state", s.State.String()),
		slog.Duration("elapsed", s.Elapsed),
		slog.Uint64("in", in), slog.Uint64("out", count), slog.Uint64("dropped", dropped), slog.Uint64("failed", terminal.Failures(&s)),
		slog.Float64("rate", perSecond(count, s.Elapsed)),
	}
	if s.Progress >= 0 && !hasEnded(s.State) {
		all = append(all, slog.Float64("progress", s.Progress))
		if s.Left > 0 {
			all = append(all, slog.Duration("left", s.Left))
		}
	}
	if cut := observe.CutOf(&s); cut.How != "" {
		all = append(all, slog.String("cut", cut.String()))
	}
	if s.Err != "" {
		all = append(all, slog.String("error", s.Err))
	}
	return append(all, slog.String("verdict", verdict.Kind.String()), slog.String("bottleneck", verdict.Stage), slog.String("why", verdict.String()))
}

func perSecond(n uint64, d time.Duration) float64 {
	if d <= 0 {
		return 0
	}
	return float64(n) / d.Seconds()
}
