package pl

import (
	"errors"
	"slices"

	"github.com/gopeln/pl/internal/queue"
)

// builder makes a run of a graph. It works from the consumers back to the sources. Invariant: when
// an operator is built, each of its consumers has either added a queue to its outlet, or inlined it
// into its own goroutine.
type builder struct {
	run     *run
	nodes   []node // inputs before consumers
	planned map[node]*planned
	gates   []*gate
}

// planned is what the builder knows of one node.
type planned struct {
	consumers int  // how many take its values
	inlined   bool // it is built as part of its consumer
	outlet    any  // *outlet[T]; nil until one is asked for
	audience  *audience
	branches  []node // those of its branches that are consumed
	trackers  []queue.Tracker
	figures   *stageFigures   // nil if the run is not observed
	behind    []*gate         // the gates that its start waits for
	onFailure func(err error) // gets its failures instead of the run, if it is not nil
}

// plan makes the builder of a run of all nodes that roots reach. Its error joins those of every
// broken stage.
func plan(r *run, roots []node) (*builder, error) {
	nodes := reachable(roots)
	b := &builder{run: r, nodes: nodes, planned: make(map[node]*planned, len(nodes))}
	all := make([]planned, len(nodes))
	var errs []error
	for i, n := range nodes { // an input comes before its consumers
		m := n.meta()
		errs = append(errs, m.err)
		for _, in := range m.inputs {
			b.planned[in].consumers++
		}
		if r.clock != nil {
			all[i].figures = &stageFigures{clock: r.clock, backend: m.backend, bound: m.cfg.maxSize}
			r.figures = append(r.figures, all[i].figures)
		}
		b.planned[n] = &all[i]
	}
	for _, n := range roots {
		b.planned[n].consumers++
	}
	return b, errors.Join(append(errs, checkTurns(nodes))...)
}

// reachable returns the nodes that roots reach, each once, inputs first. It does not recurse: a
// pipeline made in a loop can be very deep.
func reachable(roots []node) (nodes []node) {
	seen := map[node]bool{}
	type visit struct {
		n    node
		next int // input to look at
	}
	for _, root := range roots {
		path := []visit{{n: root}}
		for len(path) > 0 {
			at := &path[len(path)-1]
			inputs := at.n.meta().inputs
			switch {
			case seen[at.n]:
				path = path[:len(path)-1]
			case at.next < len(inputs):
				at.next++
				path = append(path, visit{n: inputs[at.next-1]})
			default:
				seen[at.n] = true
				nodes = append(nodes, at.n)
				path = path[:len(path)-1]
			}
		}
	}
	return nodes
}

// build builds all nodes that are not inlined. A node without consumers is not built, and does not
// count as a consumer of its inputs.
func (b *builder) build() {
	for _, n := range slices.Backward(b.nodes) {
		switch {
		case b.planned[n].consumers == 0:
			b.dropConsumer(n.meta().inputs...)
		case !b.planned[n].inlined:
			n.build(b)
		}
	}
}

// dropConsumer records that one consumer of each of these nodes will not take its values.
func (b *builder) dropConsumer(nodes ...node) {
	for _, n := range nodes {
		b.planned[n].consumers--
	}
}

// build makes the workers of an operator, or the goroutine of an inline operator that could not be
// inlined.
func (o *operator[T]) build(b *builder) {
	switch {
	case o.branch != trunk:
		o.buildBranch(b)
		return
	case o.assemble != nil:
		o.assemble(b, o)
		return
	}
	s := b.site(o)
	if b.feedsPoller(o) {
		s.poll()
	}
	s.onFailure = b.planned[o].onFailure
	out := outletOf[T](b, o)
	out.audience.attend(s)
	gates := len(b.gates)
	flow := o.compose(b, o, s)
	s.opens = b.gates[gates:]
	sink, sheet := out.emitter(), b.planned[o].figures.inlineSheet()
	s.startWorkers = func() {
		s.Go(func() {
			s.waiter.Track.Enter(sheet)
			defer s.waiter.Track.Enter(nil)
			flow(func(v T, t queue.Tag) bool { return sink.put(s.waiter, v, t) })
		})
	}
}

// feedsPoller reports whether a stage whose workers wait in the system's poller takes values from
// n.
func (b *builder) feedsPoller(n node) bool {
	return slices.ContainsFunc(b.nodes, func(to node) bool {
		return to.meta().polls && slices.Contains(to.meta().inputs, n)
	})
}

// site makes the site of a stage, behind the gates that its start waits for.
func (b *builder) site(of node) *Site {
	s := b.run.site(of.meta())
	for _, g := range b.planned[of].behind {
		g.sites = append(g.sites, s)
		s.closedGates.Add(1)
	}
	return s
}

// tryInline reports whether n can run in the goroutine of its consumer, and if so marks it as
// inlined.
func (b *builder) tryInline(n node) bool {
	if n.meta().inline && b.planned[n].consumers == 1 {
		b.planned[n].inlined = true
	}
	return b.planned[n].inlined
}

// inOrder reports whether the values of n reach its consumer in their order, because they stay in
// one goroutine from the operator that numbers them. It must be called before tryInline(n).
func (b *builder) inOrder(n node) bool {
	for {
		m := n.meta()
		if !m.inline && m.branch != deadLetters || b.planned[n].consumers != 1 {
			return false
		}
		if m.renumbers {
			return true
		}
		n = m.inputs[0]
	}
}

// passTrackers makes the trackers downstream of o those of its input in too. If o renumbers its
// values, no tracker downstream follows the order before it.
func (b *builder) passTrackers(o node, in node) {
	if !b.renumbers(o) {
		b.planned[in].trackers = append(b.planned[in].trackers, b.planned[o].trackers...)
	}
}

// bound returns the bound of the queue between in and o. An inline operator without a MaxSize of
// its own uses that of the nearest stage upstream that has workers.
func (b *builder) bound(o *base, in node) int {
	for {
		for in.meta().branch != trunk && !in.meta().cfg.bounded {
			in = in.meta().inputs[0]
		}
		m := in.meta()
		if o.cfg.bounded && !o.boundless || !o.inline {
			return o.cfg.maxSize
		}
		switch {
		case !m.inline:
			return m.cfg.maxSize
		case len(m.inputs) == 0:
			return 0
		}
		o, in = m, m.inputs[0]
	}
}

// channelOK reports whether a Go channel can be the queue between in and o. Both ends must be
// goroutines, and no producer may have another consumer: it would go on when this queue has
// stopped, and leave those who receive from the channel blocked until it ends.
func (b *builder) channelOK(o *base, in ...node) bool {
	return !o.sharesGoroutine && !slices.ContainsFunc(in, func(n node) bool {
		return n.meta().sharesGoroutine || n.meta().branch != trunk || b.planned[n].consumers > 1
	})
}

// tagged reports whether the values that o takes carry tags.
func (b *builder) tagged(o node) bool { return len(b.planned[o].trackers) > 0 && !b.renumbers(o) }

// renumbers reports whether the order of values begins anew at o. In a Func an Ordered lets every
// value pass.
func (b *builder) renumbers(o node) bool {
	m := o.meta()
	return m.renumbers && (!m.restores || b.run.calls == nil)
}

// ownGoroutines reports whether each worker of b has a goroutine to itself, so that a channel can
// be its queue.
func ownGoroutines(b Backend) bool {
	g, ok := b.(interface{ Goroutines() bool })
	return ok && g.Goroutines()
}
