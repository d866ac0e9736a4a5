package loop

import "time"

// timers is a heap of the tasks that wait for a time. A node has four children, which halves the
// depth and keeps the children on one cache line. A task knows its index, so it can be removed from
// any place.
type timers struct{ heap []alarm }

type alarm struct {
	when time.Duration
	task *Task
}

func (h *timers) add(t *Task, when time.Duration) {
	h.heap = append(h.heap, alarm{when, t})
	h.up(len(h.heap) - 1)
}

// remove removes t, which must be in the heap.
func (h *timers) remove(t *Task) {
	i, last := int(t.slot)-1, len(h.heap)-1
	t.slot = 0
	moved := h.heap[last]
	h.heap[last] = alarm{}
	h.heap = h.heap[:last]
	if i == last {
		return
	}
	h.heap[i] = moved
	h.down(h.up(i))
}

// up moves the alarm at i to its place among its ancestors, and returns the new index.
func (h *timers) up(i int) int {
	a := h.heap[i]
	for i > 0 {
		parent := (i - 1) / 4
		if h.heap[parent].when <= a.when {
			break
		}
		h.set(i, h.heap[parent])
		i = parent
	}
	h.set(i, a)
	return i
}

// down moves the alarm at i to its place among its descendants.
func (h *timers) down(i int) {
	a := h.heap[i]
	for {
		least := i
		when := a.when
		for child := 4*i + 1; child <= min(4*i+4, len(h.heap)-1); child++ {
			if h.heap[child].when < when {
				least, when = child, h.heap[child].when
			}
		}
		if least == i {
			break
		}
		h.set(i, h.heap[least])
		i = least
	}
	h.set(i, a)
}

// set puts a at index i, and tells its task.
func (h *timers) set(i int, a alarm) {
	h.heap[i] = a
	a.task.slot = int32(i + 1)
}
