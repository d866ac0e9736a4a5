package cluster

import "slices"

// strays are the functions of a job that were abandoned after Timeout, at one worker, by numbers from 1 on. The worker
// tells the parent of them with each sign of life, so that no lost message keeps a key busy for ever.
type strays struct {
	Last uint64   // of all that there ever were
	Out  []uint64 `json:",omitempty"` // those that have not returned
}

// add numbers another one.
func (s *strays) add() uint64 {
	s.Last++
	s.Out = append(s.Out, s.Last)
	return s.Last
}

// remove notes that one has returned.
func (s *strays) remove(n uint64) {
	s.Out = slices.DeleteFunc(s.Out, func(out uint64) bool { return out == n })
}

// hasReturned reports whether the one that is numbered n is known to have returned.
func (s *strays) hasReturned(n uint64) bool { return n <= s.Last && !slices.Contains(s.Out, n) }

// await calls release when the worker has said that its stray n has returned, or is lost: until then the key of the
// value is busy.
func (r *roster) await(worker string, n uint64, release func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	m := r.member(worker)
	if m.strays.hasReturned(n) {
		release()
		return
	}
	if m.awaited == nil {
		m.awaited = map[uint64]func(){}
	}
	m.awaited[n] = release
}

// hear takes the worker's word on its strays.
func (m *member) hear(now *strays) {
	if now == nil || now.Last < m.strays.Last {
		return
	}
	m.strays = *now
	for n, release := range m.awaited {
		if m.strays.hasReturned(n) {
			delete(m.awaited, n)
			release()
		}
	}
}

// giveUp waits for no stray of a worker that is lost.
func (m *member) giveUp() {
	for n, release := range m.awaited {
		delete(m.awaited, n)
		release()
	}
}
