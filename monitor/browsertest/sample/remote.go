package sample

import (
	"context"
	"fmt"
	"time"

	"github.com/gopeln/pl"
)

// Remote is a chain whose middle stage says of its workers that they are on so many machines.
func Remote(machines, values int) pl.Stage[int] {
	far := &remote{started: time.Now()}
	for i := range machines {
		for pid := range 1 + i%3 {
			far.workers = append(far.workers, pl.RemoteWorker{
				Host: fmt.Sprintf("render-%03d.eu-central.compute.internal", i), PID: 4000 + pid, State: "serving", Slots: 16, Active: 15 - i%3,
			})
		}
	}
	far.workers[len(far.workers)-1].State = "lost"
	render := pl.NewPartial(far, pl.Operation[int, int]{
		Verb: "Map", Results: pl.One, Func: far.run,
		Open: func(context.Context) (pl.Kernel[int, int], func(context.Context) error, error) {
			return far.run, nil, nil
		},
	}, pl.Name("render"), pl.Workers(8), pl.MaxSize(64))
	return stage("write", time.Millisecond, 2, 64)(render(stage("read", time.Millisecond, 2, 64)(pl.Range(values))))
}

// remote is a backend that has workers on goroutines, and figures of others.
type remote struct {
	started time.Time
	workers []pl.RemoteWorker
}

func (*remote) Name() string { return "cluster" }

func (r *remote) Start(s *pl.Site) {
	s.Remote(r.figures)
	s.Employ()
}

func (r *remote) figures() *pl.Remote {
	took := time.Since(r.started)
	now := &pl.Remote{Redelivered: uint64(took / (300 * time.Millisecond)), Resubmitted: 3, Duplicates: 12}
	for i, w := range r.workers {
		w.Done = uint64(took/time.Millisecond) * uint64(3+i%5) / 10
		w.Heard = (took + time.Duration(i)*137*time.Millisecond) % time.Second
		now.Workers = append(now.Workers, w)
	}
	return now
}

func (r *remote) run(ctx context.Context, v int, emit func(int) bool) error {
	select {
	case <-time.After(10 * time.Millisecond):
		emit(v)
	case <-ctx.Done():
	}
	return ctx.Err()
}
