package pl

import (
	"errors"
	"slices"

	"github.com/gopeln/pl/internal/queue"
)

// builder makes a run of a graph. It goes from the consumers to the sources: when an operator is built, all its
// consumers have put their queues into its outlet, or have taken it into their own goroutine.
type builder struct {
	run       *run
	nodes     []node // inputs before consumers
	consumers map[node]int
	inlined   map[node]bool // built as part of their consumer
	outlets   map[node]any  // *outlet[T]
	trackers  map[node][]queue.Tracker
	figures   map[node]*stageFigures
	gates     []*gate
	behind    map[*base][]*gate // the gates that a stage's start waits for
}

// plan looks at all that the roots reach, and reports every broken stage.
func plan(r *run, roots []node) (*builder, error) {
	b := &builder{
		run: r, consumers: map[node]int{}, inlined: map[node]bool{}, outlets: map[node]any{},
		trackers: map[node][]queue.Tracker{}, figures: map[node]*stageFigures{}, behind: map[*base][]*gate{},
	}
	b.nodes = reachable(roots)
	var errs []error
	for _, n := range b.nodes {
		errs = append(errs, n.meta().err)
		for _, in := range n.meta().inputs {
			b.consumers[in]++
		}
		b.figures[n] = &stageFigures{op: n.meta()}
		r.figures = append(r.figures, b.figures[n])
	}
	for _, n := range roots {
		b.consumers[n]++
	}
	return b, errors.Join(append(errs, checkTurns(b.nodes))...)
}

// reachable lists the nodes that roots reach, each once, inputs first. It does not recurse, since a pipeline made in a
// loop can be very deep.
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

// build makes the parts that are not in the consumer's goroutine. What nobody consumes is not built.
func (b *builder) build() {
	for _, n := range slices.Backward(b.nodes) {
		switch {
		case b.consumers[n] == 0:
			b.dropConsumer(n.meta().inputs...)
		case !b.inlined[n]:
			n.build(b)
		}
	}
}

// dropConsumer says that one consumer of each of these nodes will not listen.
func (b *builder) dropConsumer(nodes ...node) {
	for _, n := range nodes {
		b.consumers[n]--
	}
}

// build makes the workers of an operator, or the goroutine that an inline one needs since its consumer has another.
func (o *operator[T]) build(b *builder) {
	if o.assemble != nil {
		o.assemble(b, o)
		return
	}
	s := b.site(&o.base)
	out := outletOf[T](b, o)
	out.site = s
	gates := len(b.gates)
	flow := o.compose(b, o, s)
	s.opens = b.gates[gates:]
	sink := out.emitter()
	s.endOutput = out.end
	s.startWorkers = func() {
		s.Go(func() {
			flow(func(v T, t queue.Tag) bool { return sink.put(s.waiter, v, t) })
		})
	}
}

// site makes the site of a stage, behind the gates that its start waits for.
func (b *builder) site(of *base) *Site {
	s := b.run.site(of)
	for _, g := range b.behind[of] {
		g.sites = append(g.sites, s)
		s.closedGates.Add(1)
	}
	return s
}

// tryInline tells whether n runs in the goroutine of its consumer, and takes it there.
func (b *builder) tryInline(n node) bool {
	if n.meta().inline && b.consumers[n] == 1 {
		b.inlined[n] = true
	}
	return b.inlined[n]
}

// inOrder tells whether the values of n come to its consumer in their order, in one goroutine from where they were
// numbered. It is asked before n is inlined.
func (b *builder) inOrder(n node) bool {
	for {
		m := n.meta()
		if !m.inline || b.consumers[n] != 1 {
			return false
		}
		if m.renumbers {
			return true
		}
		n = m.inputs[0]
	}
}

// passTrackers passes on to an operator's input what its consumers want to know of dropped values. Where the order begins
// anew, nobody asks for the one before.
func (b *builder) passTrackers(o node, in node) {
	if !o.meta().renumbers {
		b.trackers[in] = append(b.trackers[in], b.trackers[o]...)
	}
}

// bound is the bound of the queue in front of o for the values of in. An operator that runs in its consumer's
// goroutine, and was given no bound of its own, is for the stage before it as the consumer is: it has that stage's.
func (b *builder) bound(o *base, in node) int {
	for {
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

// channelOK tells whether a channel can be the queue in front of o for the values of in: only goroutines wait at it, and
// whoever fills it stops with it. Where that one has other consumers it goes on, and a channel would keep those who take
// from it waiting until it ends.
func (b *builder) channelOK(o *base, in ...node) bool {
	return !o.sharesGoroutine && !slices.ContainsFunc(in, func(n node) bool {
		return n.meta().sharesGoroutine || b.consumers[n] > 1
	})
}

// tagged tells whether the values that o takes carry tags.
func (b *builder) tagged(o node) bool { return len(b.trackers[o]) > 0 && !o.meta().renumbers }

// ownGoroutines tells whether a backend's workers wait as goroutines do, so that a channel can be their queue.
func ownGoroutines(b Backend) bool {
	g, ok := b.(interface{ Goroutines() bool })
	return ok && g.Goroutines()
}
