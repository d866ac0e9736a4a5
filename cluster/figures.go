package cluster

import (
	"cmp"
	"slices"
	"time"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/internal/timesheet"
)

// figures count the values that run again, and those that have run too often. The stage's lock guards them.
type figures struct {
	redelivered uint64 // taken from a worker that was lost, or silent for its lease
	resubmitted uint64 // sent again since a server, or the way, had lost them or what became of them
	duplicates  uint64 // of which came again what became of them, or when they were with another worker
}

// seats are what is recorded of the workers' time: how many values can be under way, and how many are. The stage's lock
// guards them.
type seats struct{ all, taken int }

// record records them in t, if they are others than before.
func (s *seats) record(t *timesheet.Team, all, taken int) {
	if s.all != all {
		t.Seats(all)
	}
	if s.taken != taken {
		t.Hold(taken - s.taken)
	}
	s.all, s.taken = all, taken
}

// tally returns the figures of now.
func (s *stage[A, B, R]) tally() figures {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.figures
}

// remote is what the run's figures show of the workers.
func (s *stage[A, B, R]) remote() *pl.Remote {
	f := s.tally()
	return &pl.Remote{
		Redelivered: f.redelivered, Resubmitted: f.resubmitted, Duplicates: f.duplicates, Workers: s.workers.figures(),
	}
}

// figures are those of the workers that take part or did, by host, then process.
func (r *roster) figures() []pl.RemoteWorker {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := make([]pl.RemoteWorker, 0, len(r.all)+1)
	if r.gone > 0 {
		all = append(all, pl.RemoteWorker{Done: r.gone})
	}
	for _, m := range r.all {
		if m.Refused == "" {
			all = append(all, m.figures())
		}
	}
	slices.SortFunc(all, func(a, b pl.RemoteWorker) int {
		return cmp.Or(cmp.Compare(a.Host, b.Host), cmp.Compare(a.PID, b.PID), cmp.Compare(a.Done, b.Done))
	})
	return all
}

// figures are those of one worker. The roster's lock is held.
func (m *member) figures() pl.RemoteWorker {
	w := pl.RemoteWorker{Host: m.Host, PID: m.PID, State: "serving", Slots: m.Slots, Done: m.done.Load(), Heard: time.Since(m.heard)}
	switch {
	case m.Left:
		w.State = "left"
	case m.lost:
		w.State = "lost"
	case m.Active != nil && !m.closing:
		w.Active = *m.Active
	}
	return w
}
