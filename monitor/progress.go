package monitor

import (
	"context"
	"log/slog"
	"math"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/monitor/internal/patience"
	"github.com/gopeln/pl/monitor/internal/terminal"
)

// Progress returns a context whose runs are shown while they go on, on [os.Stderr] or where
// [Writer] says.
//
// In a terminal a run is a few lines that are drawn again five times a second: how far it is, a
// line for each stage with what its workers do with their time, and what limits the run. Runs at
// the same time share the window; stages that do not fit are counted, and so are runs that a
// stage's function starts with its own context; those of one name are numbered. The last frame
// stays. The program's own lines go between the frames if they are written to [Stderr]; so do those
// of the workers of package process with process.Stderr(monitor.Stderr()). There are no colours if
// the environment has a NO_COLOR.
//
// Elsewhere, and with [Plain], or a TERM of dumb, a run is a line of text now and then, after five
// seconds at first and up to a minute later, and one at its end.
//
// [Every] sets the time between two frames, or between two lines.
func Progress(ctx context.Context, opts ...Option) context.Context {
	p := &progress{options: newOptions(opts)}
	if w := p.options.writer; w != nil {
		p.options.writer = terminal.Same(w)
	}
	return follow(ctx, p.options, "progress", p.start)
}

// progress is the views of one context's runs.
type progress struct {
	options options
	trouble sync.Once

	outer               atomic.Int64 // runs under way that have views
	within, withinEnded atomic.Int64 // runs that workers of these have started; under way, and no longer
}

// start makes the view of one run. Runs within others are counted: there may be one for each value.
func (p *progress) start(run *pl.RunInfo) follower {
	if pl.WorkerFrom(run.Context()).Stage != "" && p.outer.Load() > 0 {
		p.within.Add(1)
		return withinView{p}
	}
	p.outer.Add(1)
	to := p.options.writer
	if to == nil {
		to = os.Stderr
	}
	v := progressView{progress: p}
	v.console, v.title = terminal.Enter(to, run.Stats().Name)
	if !v.console.IsTerminal() || p.options.plain {
		return &linesView{progressView: v}
	}
	return &frameView{progressView: v, place: v.console.Add()}
}

// progressView is what a view in frames and one in lines have in common.
type progressView struct {
	*progress
	console *terminal.Console
	title   terminal.Title
	recent  recent
}

// frame is what there is to show at a look at the run.
func (v *progressView) frame(now pl.Stats) *terminal.Frame {
	v.recent.add(now)
	return &terminal.Frame{
		Now: now, Lately: v.recent.over(rateWindow, now), Verdict: v.recent.verdict(now), Number: v.title.Number,
		Within: int(v.within.Load()), WithinEnded: int(v.withinEnded.Load()),
	}
}

// leave says that there is nothing more to be shown.
func (v *progressView) leave() {
	v.outer.Add(-1)
	v.console.Leave(v.title)
}

// report logs what went wrong, once for all runs of a context. That nobody reads standard error any
// more is not logged: there the log goes too, and a program that writes to it is killed.
func (v *progressView) report(err error) {
	unread := v.options.writer == nil && terminal.IsBrokenPipe(err)
	if err != nil && !unread {
		v.trouble.Do(func() { warnSoon("monitor: progress cannot be written, and is given up", "error", err) })
	}
}

// frameView shows a run in the area of a terminal.
type frameView struct {
	progressView
	place *terminal.Place
}

const framePause = 200 * time.Millisecond

func (v *frameView) interval() time.Duration {
	if every := v.options.every; every > 0 {
		return max(every, leastFramePause)
	}
	return framePause
}

// leastFramePause is what no eye can tell from less.
const leastFramePause = 10 * time.Millisecond

func (v *frameView) look(now pl.Stats) { v.report(v.console.Show(v.place, v.frame(now))) }

func (v *frameView) end(last pl.Stats) {
	defer v.leave()
	v.report(v.console.Finish(v.place, v.frame(last)))
}

// linesView shows a run in lines of text.
type linesView struct {
	progressView
	pause time.Duration // before the next line
}

const (
	firstLinePause = 5 * time.Second
	mostLinePause  = time.Minute
)

func (v *linesView) interval() time.Duration {
	if every := v.options.every; every > 0 {
		return every
	}
	if v.pause == 0 {
		return firstLinePause
	}
	return v.pause
}

func (v *linesView) look(now pl.Stats) {
	v.pause = min(v.interval()*3/2, mostLinePause)
	v.report(v.console.Print(v.frame(now).Text(), false))
}

func (v *linesView) end(last pl.Stats) {
	defer v.leave()
	v.report(v.console.Print(v.frame(last).Text(), true))
}

// withinView is that of a run within another one.
type withinView struct{ *progress }

func (withinView) interval() time.Duration { return math.MaxInt64 }

func (withinView) look(pl.Stats) {}

func (v withinView) end(pl.Stats) {
	v.within.Add(-1)
	v.withinEnded.Add(1)
}

// warnSoon logs what went wrong with a view, but does not wait for a handler that blocks.
func warnSoon(text string, args ...any) {
	var p patience.Patience
	_ = p.AtLast(func() error { slog.Warn(text, args...); return nil })
}
