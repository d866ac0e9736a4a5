package cluster

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gopeln/pl/internal/crossing"
)

// roster knows the workers of a job.
type roster struct {
	came chan struct{} // something has changed

	free atomic.Int64 // the slots of all

	mu   sync.Mutex
	all  map[string]*member
	gone uint64 // values that ended at workers that were forgotten
}

// member is a worker as the parent knows it.
type member struct {
	report
	done    atomic.Uint64 // values that ended there
	heard   time.Time
	lost    bool // it has been silent for too long
	closing bool
	closed  bool
	strays  strays
	awaited map[uint64]func() // what to do when a stray has returned
}

// note takes what a worker says.
func (r *roster) note(rep report) {
	r.mu.Lock()
	m := r.member(rep.Worker)
	onEnd := m.OnEnd
	if len(rep.OnEnd) > len(onEnd) {
		onEnd = rep.OnEnd
	}
	left := m.Left || rep.Left
	if rep.Active == nil {
		rep.Active = m.Active
	}
	m.report = rep
	m.OnEnd, m.Left, m.Back = onEnd, left, nil
	m.heard, m.lost = time.Now(), false
	m.hear(rep.Strays)
	m.closing = m.closing || rep.Closing || rep.Closed
	m.closed = m.closed || rep.Closed
	r.count()
	r.mu.Unlock()
	r.ring()
}

// of returns what is known of the worker with that id.
func (r *roster) of(id []byte) *member {
	r.mu.Lock()
	defer r.mu.Unlock()
	if m := r.all[string(id)]; m != nil { // without making a string
		return m
	}
	return r.member(string(id))
}

// where names a worker, for people.
func (r *roster) where(m *member) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if m.PID == 0 {
		return "worker " + m.Worker // of which no report has come yet
	}
	return m.where()
}

// member returns what is known of a worker. The lock is held.
func (r *roster) member(worker string) *member {
	if r.all == nil {
		r.all = map[string]*member{}
	}
	m := r.all[worker]
	if m == nil {
		m = &member{report: report{Worker: worker}, heard: time.Now()}
		r.all[worker] = m
	}
	return m
}

func (r *roster) ring() {
	select {
	case r.came <- struct{}{}:
	default:
	}
}

// slots returns how many values can run at once.
func (r *roster) slots() int { return int(r.free.Load()) }

// count adds up the slots. The lock is held.
func (r *roster) count() {
	n := 0
	for _, m := range r.all {
		if m.Refused == "" && !m.Left && !m.lost {
			n += m.Slots
		}
	}
	r.free.Store(int64(n))
}

// drop gives up workers that have been silent for so long.
func (r *roster) drop(silent time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var lost []*member
	for _, m := range r.all {
		if time.Since(m.heard) <= silent {
			continue
		}
		m.lost = true
		m.giveUp()
		if len(m.OnEnd) == 0 {
			lost = append(lost, m)
		}
	}
	r.forget(lost)
	r.count()
}

// bury counts a worker whose process has died as lost: its slots do not count, and its answer to the end is not waited for.
// What it has is not taken from it, since any peer can say so: one that is heard of later lives.
func (r *roster) bury(died obituary) {
	r.mu.Lock()
	for _, m := range r.all {
		if m.Host == died.Host && m.PID == died.PID {
			m.lost = true
		}
	}
	r.count()
	r.mu.Unlock()
	r.ring()
}

// mostLost is how many of the workers that were lost, or left, are shown.
const mostLost = 100

// forget forgets those lost workers that never took part, and all but the last of the others. The lock is held.
func (r *roster) forget(lost []*member) {
	slices.SortFunc(lost, func(a, b *member) int { return b.heard.Compare(a.heard) })
	kept := 0
	for _, m := range lost {
		if m.Refused == "" {
			kept++
		}
		if m.Refused != "" || kept > mostLost {
			delete(r.all, m.Worker)
			r.gone += m.done.Load()
		}
	}
}

// reasons are why workers do not fit.
func (r *roster) reasons() (all []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, m := range r.all {
		if m.Refused != "" {
			all = append(all, m.Refused)
		}
	}
	slices.Sort(all)
	return all
}

// closed reports whether all workers have closed what they had open. If late, those that have not answered at all do not
// count.
func (r *roster) closed(late bool) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, m := range r.all {
		if m.Refused == "" && !m.Left && !m.lost && !m.closed && (m.closing || !late) {
			return false
		}
	}
	return true
}

// onEnd returns the errors of the workers' OnEnds.
func (r *roster) onEnd() (all []error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, m := range r.all {
		for _, f := range m.OnEnd {
			all = append(all, crossing.Framed(m.where()+": ", f.Err()))
		}
		m.OnEnd = nil
	}
	return all
}
