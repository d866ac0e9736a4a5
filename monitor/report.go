package monitor

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/files"
	"github.com/gopeln/pl/monitor/internal/page"
)

// Report returns a context whose runs each write a file when they have ended, well or not, before
// they return. If the file's name ends in .html it is the page of a Monitor with the figures of the
// whole run, which needs nothing else to be looked at; if in .json the same figures for programs.
// It appears whole, or not at all.
//
// A later run of the context replaces the file, and so does one that has begun earlier and ends
// later: of a run and those that its functions start it is the outer one that is reported. It heeds
// [Values].
func Report(ctx context.Context, file string, opts ...Option) context.Context {
	reports := &reports{file: file, options: newOptions(opts)}
	return follow(ctx, reports.options, "a report", func(run *pl.RunInfo) follower {
		return &reporting{record: reports.begin(run), reports: reports}
	})
}

// reports is what the runs of one context report to.
type reports struct {
	file    string
	options options
	failed  sync.Once
	writing sync.Mutex

	mu       sync.Mutex
	started  int
	underWay []*record // in the order of their start
}

func (r *reports) begin(run *pl.RunInfo) *record {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.started++
	rec := newRecord(run, r.started, r.options)
	r.underWay = append(r.underWay, rec)
	return rec
}

// finish writes the report of a run that has ended, unless one that has begun earlier is to replace
// it.
func (r *reports) finish(done *record) {
	if !r.leave(done) {
		return
	}
	r.writing.Lock()
	defer r.writing.Unlock()
	if err := r.write(done.sight()); err != nil {
		r.failed.Do(func() { slog.Error("monitor: a report could not be written", "file", r.file, "err", err) })
	}
}

// leave takes a run off those under way. It reports whether that was the one that had begun first.
func (r *reports) leave(done *record) (first bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	first = r.underWay[0] == done
	r.underWay = slices.DeleteFunc(r.underWay, func(other *record) bool { return other == done })
	return first
}

func (r *reports) write(run *page.Run) error {
	text, err := r.text(run)
	if err != nil {
		return err
	}
	f := files.Create(r.file)
	defer func() { _ = f.Close() }() // it tells nothing that Commit does not
	if _, err := f.Write(text); err != nil {
		return err
	}
	return f.Commit()
}

func (r *reports) text(run *page.Run) ([]byte, error) {
	switch ending := strings.ToLower(filepath.Ext(r.file)); ending {
	case ".html", ".htm":
		return page.Report(run, environment())
	case ".json":
		text, err := run.JSON()
		return append(text, '\n'), err
	default:
		return nil, fmt.Errorf("a report is .html or .json, not %q", ending)
	}
}

// environment is where this program runs. Arguments may be secret.
func environment() page.Environment {
	return page.Environment{
		Program: filepath.Base(os.Args[0]), Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH,
		Processors: runtime.GOMAXPROCS(0),
	}
}

// reporting keeps the record of a run that is to be reported.
type reporting struct {
	*record
	reports *reports
}

func (r *reporting) end(last pl.Stats) {
	r.finish(last)
	r.reports.finish(r.record)
}
