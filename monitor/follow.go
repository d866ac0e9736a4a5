package monitor

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/internal/guard"
	"github.com/gopeln/pl/internal/observe"
)

// follower is a view of one run. Its methods are called one at a time. What it panics with is
// logged, and it is not called again.
type follower interface {
	// interval is how long to wait until the next look.
	interval() time.Duration
	// look sees the figures of the run under way.
	look(now pl.Stats)
	// end sees the last ones, before the run returns. There is no look after it.
	end(last pl.Stats)
}

// follow returns a context each of whose runs has a follower of its own, which start makes when the
// run starts. what names the view in the log.
func follow(ctx context.Context, o options, what string, start func(*pl.RunInfo) follower) context.Context {
	if ctx == nil {
		ctx = context.Background()
	}
	if o.show != nil {
		ctx = observe.WithValues(ctx, o.show)
	}
	return pl.Observe(ctx, func(run *pl.RunInfo) (ended func(error)) {
		f := &following{run: run, view: start(run), what: what, over: make(chan struct{})}
		f.looks.Go(f.keepLooking)
		return func(error) {
			close(f.over)
			f.looks.Wait()
			f.call(func() { f.view.end(run.Stats()) })
		}
	})
}

// following is a run being followed. Its goroutine belongs to the run: it starts and ends within
// it, so that the run leaves nothing behind, and that time stands still for it where it does for
// the run.
type following struct {
	run   *pl.RunInfo
	view  follower
	what  string
	gone  bool // the view has failed
	over  chan struct{}
	looks sync.WaitGroup
}

func (f *following) keepLooking() {
	timer := time.NewTimer(f.view.interval())
	defer timer.Stop()
	for {
		select {
		case <-f.over:
			return
		case <-timer.C:
		}
		next := time.Second
		f.call(func() {
			f.view.look(f.run.Stats())
			next = f.view.interval()
		})
		timer.Reset(next)
	}
}

// call calls the view, which may write to something of the user's.
func (f *following) call(view func()) {
	if f.gone {
		return
	}
	if trouble := guard.Call(view); trouble != nil {
		f.gone = true
		slog.Warn(fmt.Sprintf("monitor: %s is given up: it %v", f.what, trouble))
	}
}
