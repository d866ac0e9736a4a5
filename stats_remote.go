package pl

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/gopeln/pl/internal/cells"
)

// Remote are the figures of a stage whose workers are processes elsewhere, as those of package
// cluster. Counts only grow.
type Remote struct {
	Redelivered uint64 // values taken from a worker that was lost, or silent for too long
	Resubmitted uint64 // values sent once more, since they or what became of them was lost on the way
	Duplicates  uint64 // values whose outcome came too late, or again: it was dropped

	// Workers are those that take part, and those that did, by host, then process. Of the latter the
	// last hundred are listed; one without a host stands for those before.
	Workers []RemoteWorker
}

// RemoteWorker is a process that runs values of a stage.
type RemoteWorker struct {
	Host   string
	PID    int
	State  string        // "serving", "left" or "lost"
	Slots  int           // how many values it can run at once, of all stages together
	Active int           // values of the stage that it runs now, by its last sign of life
	Done   uint64        // values of the stage that ended there, well or not
	Heard  time.Duration // since its last sign of life
}

// Machines yields the hosts in their order, each with its workers.
func (r *Remote) Machines() iter.Seq2[string, []RemoteWorker] {
	return func(yield func(string, []RemoteWorker) bool) {
		for left := r.Workers; len(left) > 0; {
			n := 1
			for n < len(left) && left[n].Host == left[0].Host {
				n++
			}
			if !yield(left[0].Host, left[:n:n]) {
				return
			}
			left = left[n:]
		}
	}
}

// String says how many workers serve on which machines, and how many values ran again.
func (r *Remote) String() string {
	parts := []string{r.crew()}
	for _, c := range []struct {
		n    uint64
		what string
	}{
		{uint64(inState(r.Workers, "lost")), "lost"}, {r.Redelivered, "values redelivered"}, {r.Resubmitted, "values resubmitted"},
		{r.Duplicates, "duplicates dropped"},
	} {
		if c.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", c.n, c.what))
		}
	}
	return strings.Join(parts, ", ")
}

// crew says how many workers serve, and on which machines; of many on those with the most.
func (r *Remote) crew() string {
	const most = 4
	type machine struct {
		host string
		n    int
	}
	var machines []machine
	for host, workers := range r.Machines() {
		if n := inState(workers, "serving"); n > 0 {
			machines = append(machines, machine{cells.Fit(host, 30), n})
		}
	}
	n := inState(r.Workers, "serving")
	text := fmt.Sprintf("%d workers", n)
	if n == 1 {
		text = "1 worker"
	}
	switch len(machines) {
	case 0:
		return text
	case 1:
		return text + " on " + machines[0].host
	}
	slices.SortStableFunc(machines, func(a, b machine) int { return cmp.Compare(b.n, a.n) })
	var names []string
	for _, m := range machines[:min(most, len(machines))] {
		names = append(names, fmt.Sprintf("%s %d", m.host, m.n))
	}
	if len(machines) > most {
		names = append(names, "…")
	}
	return fmt.Sprintf("%s on %d machines (%s)", text, len(machines), strings.Join(names, ", "))
}

// inState returns how many of the workers are in that state.
func inState(workers []RemoteWorker, state string) (n int) {
	for i := range workers {
		if workers[i].State == state {
			n++
		}
	}
	return n
}

// copied returns a copy that shares nothing with r, which may be nil.
func (r *Remote) copied() *Remote {
	if r == nil {
		return nil
	}
	c := *r
	c.Workers = slices.Clone(r.Workers)
	return &c
}

// sub returns the figures of the time since earlier. Both may be nil.
func (r *Remote) sub(earlier *Remote) *Remote {
	d := r.copied()
	if d == nil || earlier == nil {
		return d
	}
	d.Redelivered -= min(earlier.Redelivered, d.Redelivered)
	d.Resubmitted -= min(earlier.Resubmitted, d.Resubmitted)
	d.Duplicates -= min(earlier.Duplicates, d.Duplicates)
	type process struct {
		host string
		pid  int
	}
	before := map[process]uint64{}
	for _, w := range earlier.Workers {
		before[process{w.Host, w.PID}] += w.Done
	}
	for i := range d.Workers {
		w := &d.Workers[i]
		n := min(before[process{w.Host, w.PID}], w.Done)
		before[process{w.Host, w.PID}] -= n
		w.Done -= n
	}
	return d
}

// Remote makes the stage's figures have what figures returns as StageStats.Remote. It is for a
// backend whose workers are processes elsewhere. The run calls figures at each look at it, from any
// goroutine, and for the last time at its end: figures must not wait, nor call methods of the site,
// and the caller keeps what it returns. In a run that is not observed Remote does nothing.
func (s *Site) Remote(figures func() *Remote) {
	if f := s.figures; f.observed() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.remote, f.staffed = figures, s.WorkersGiven()
	}
}

// slots is how many values the workers that serve run at once, at least 1.
func (r *Remote) slots() (n int) {
	for i := range r.Workers {
		if w := &r.Workers[i]; w.State == "serving" {
			n += w.Slots
		}
	}
	return max(n, 1)
}
