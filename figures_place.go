package pl

import (
	"fmt"
	"slices"
	"time"

	"github.com/gopeln/pl/internal/queue"
)

// finders are the Ordered stages downstream that a stage tells the places of its values. In a run
// that is not observed there are none.
type finders struct {
	stage int
	all   []queue.Finder
}

// findersOf returns the finders of n.
func (b *builder) findersOf(n node) (f finders) {
	if b.run.clock == nil {
		return f
	}
	for _, t := range b.planned[n].trackers {
		if finder, ok := t.(queue.Finder); ok {
			f.stage, f.all = b.number(n), append(f.all, finder)
		}
	}
	return f
}

// number is n's place in Graph.Nodes.
func (b *builder) number(n node) int {
	return slices.Index(b.nodes, n)
}

// begins records that the stage has the value of tag t.
func (f *finders) begins(t *queue.Tag) {
	for _, finder := range f.all {
		finder.At(*t, queue.Place{Stage: f.stage})
	}
}

// ends records that the stage's function has returned for that value.
func (f *finders) ends(t *queue.Tag) {
	for _, finder := range f.all {
		finder.At(*t, queue.Place{Stage: f.stage, Left: true})
	}
}

// wait is what an Ordered waits for.
type wait struct {
	queue interface {
		Awaited() (seq uint64, at queue.Place, known, ok bool)
	}
	way []station // of its values: from the operator that numbers them to the stage before it

	// The looks of the run write these: for how long the window has held up the source, and which
	// stage had the value meanwhile.
	held map[string]time.Duration
	last time.Duration
}

// station is a stage on the way.
type station struct {
	number  int
	name    string
	figures *stageFigures
}

// awaits records that the stage of f is an Ordered with the queue q, behind in.
func (f *stageFigures) awaits(b *builder, q interface {
	Find()
	Awaited() (seq uint64, at queue.Place, known, ok bool)
}, in node) {
	if !f.observed() {
		return
	}
	q.Find()
	w := &wait{queue: q, held: map[string]time.Duration{}}
	for n := in; ; n = n.meta().inputs[0] {
		w.way = append([]station{{b.number(n), n.meta().cfg.name, b.planned[n].figures}}, w.way...)
		if b.renumbers(n) || len(n.meta().inputs) == 0 {
			break
		}
	}
	f.wait = w
}

// where returns the value that the Ordered waits for, and the stage that has it: in its function or
// in its queue. ok is false if it waits for none.
func (w *wait) where() (seq uint64, stage string, ok bool) {
	seq, at, known, ok := w.queue.Awaited()
	if !ok {
		return 0, "", false
	}
	i := 0 // the source has not read it yet
	switch {
	case known:
		for j, s := range w.way {
			if s.number == at.Stage {
				i = j
			}
		}
		if at.Left {
			i++
		}
	case w.way[0].figures.out() > seq:
		i++
	}
	return seq, w.way[min(i, len(w.way)-1)].name, true
}

// text returns what where finds as a figure shows it, after a wait of d. w may be nil.
func (w *wait) text(d time.Duration) string {
	if w == nil {
		return ""
	}
	seq, stage, ok := w.where()
	if !ok {
		return ""
	}
	return fmt.Sprintf("#%d, for %v in %s", seq, threeDigits(d), stage)
}

// look records which stage holds up the source, if one does at the moment.
func (w *wait) look(at time.Duration, holdsUp bool) {
	if w == nil {
		return
	}
	if holdsUp {
		if _, stage, ok := w.where(); ok {
			w.held[stage] += at - w.last
		}
	}
	w.last = at
}

// most returns for how long the source was held up, and the stage that had the value for most of
// that. w may be nil.
func (w *wait) most() (held time.Duration, stage string) {
	if w == nil {
		return 0, ""
	}
	longest := time.Duration(0)
	for name, d := range w.held {
		if held += d; d > longest {
			longest, stage = d, name
		}
	}
	return held, stage
}
