package pl

import "sync"

// gate keeps stages from starting until it is opened. A stage behind several gates starts when all
// are open.
type gate struct {
	sites []*Site // added while the run is built, then only read
	once  sync.Once
}

// open starts the stages behind g that are behind no other closed gate. It must be called in a
// goroutine that the run waits for. A stage that has been stopped meanwhile does not start; open
// opens the gates that it would have opened.
func (g *gate) open() {
	g.once.Do(func() {
		for _, s := range g.sites {
			switch {
			case s.closedGates.Add(-1) > 0:
			case s.stopped.Load() || s.ctx.Err() != nil: // a context ends slightly before stopped is set
				openAll(s.opens)
			default:
				s.bringUp()
			}
		}
	})
}

// openAll opens all gates.
func openAll(gates []*gate) {
	for _, g := range gates {
		g.open()
	}
}

// gate puts all that is upstream of n, n included, behind g, as far as it has goroutines of its
// own.
func (b *builder) gate(n node, g *gate) {
	b.gates = append(b.gates, g)
	for _, up := range reachable([]node{n}) {
		p := b.planned[up]
		p.behind = append(p.behind, g)
	}
}
