package pl

import (
	"fmt"
	"slices"
	"strings"
)

// Graph shows the stages and queues that a run would build.
type Graph struct {
	Nodes []Node // inputs before their consumers
	Edges []Edge
}

// Node is one stage.
type Node struct {
	ID            int
	Name, Backend string
	Workers       int
	MaxSize       int // bound of the input queue; 0 means no bound
}

// Edge is a queue from one stage to another, by their IDs.
type Edge struct{ From, To int }

// Graph returns the stages and queues that a run of s would build. It starts nothing.
func (s Stage[T]) Graph() Graph { return graphOf([]node{s.node()}) }

func graphOf(roots []node) (g Graph) {
	ids := map[node]int{}
	for id, n := range reachable(roots) {
		ids[n] = id
		m := n.meta()
		g.Nodes = append(g.Nodes, m.node(id))
		for _, in := range m.inputs {
			g.Edges = append(g.Edges, Edge{ids[in], id})
		}
	}
	return g
}

func (b *base) node(id int) Node {
	return Node{ID: id, Name: b.cfg.name, Backend: b.backend, Workers: b.cfg.workers, MaxSize: b.cfg.maxSize}
}

// DOT returns the graph in Graphviz's language.
func (g Graph) DOT() string {
	var b strings.Builder
	b.WriteString("digraph pipeline {\n\trankdir=LR\n\tnode [shape=box]\n")
	for _, n := range g.Nodes {
		fmt.Fprintf(&b, "\tn%d [label=\"%s\"]\n", n.ID, dotText.Replace(n.label("\n")))
	}
	for _, e := range g.Edges {
		fmt.Fprintf(&b, "\tn%d -> n%d\n", e.From, e.To)
	}
	b.WriteString("}\n")
	return b.String()
}

// Mermaid returns the graph in Mermaid's language, which many sites show in Markdown.
func (g Graph) Mermaid() string {
	var b strings.Builder
	b.WriteString("flowchart LR\n")
	for _, n := range g.Nodes {
		fmt.Fprintf(&b, "\tn%d[\"%s\"]\n", n.ID, mermaidText.Replace(n.label("\n")))
	}
	for _, e := range g.Edges {
		fmt.Fprintf(&b, "\tn%d --> n%d\n", e.From, e.To)
	}
	return b.String()
}

var (
	dotText     = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)
	mermaidText = strings.NewReplacer(`"`, "#quot;", "&", "&amp;", "<", "&lt;", ">", "&gt;", "\n", "<br>")
)

// label returns the text in a node's box.
func (n Node) label(newline string) string {
	text := n.Name + newline + n.Backend
	if n.Workers > 1 {
		text += fmt.Sprintf(" ×%d", n.Workers)
	}
	if n.MaxSize > 0 {
		text += fmt.Sprintf(", max size %d", n.MaxSize)
	}
	return text
}

// String returns the pipeline in one line, such as
//
//	range(10) → task.Map(slowAdd1)×100 → pl.Ordered
//
// A stage that appears a second time is shown without what is upstream of it.
func (s Stage[T]) String() string {
	return line(s.node(), map[node]bool{})
}

func line(n node, shown map[node]bool) string {
	var parts []string
	for {
		m := n.meta()
		again := shown[n]
		shown[n] = true
		parts = append(parts, m.call(again, shown))
		if again || len(m.inputs) != 1 {
			break
		}
		n = m.inputs[0]
	}
	slices.Reverse(parts)
	return strings.Join(parts, " → ")
}

// call returns how String shows one operator.
func (b *base) call(again bool, shown map[node]bool) string {
	text := b.backend + "." + b.verb
	switch {
	case b.backend == "source":
		text = b.cfg.name
	case len(b.inputs) > 1 && !again:
		var inputs []string
		for _, in := range b.inputs {
			inputs = append(inputs, line(in, shown))
		}
		text += "(" + strings.Join(inputs, ", ") + ")"
	case strings.HasPrefix(b.cfg.name, b.verb+" at "):
		text = b.backend + "." + b.cfg.name
	case b.cfg.name != b.verb:
		text += "(" + b.cfg.name + ")"
	}
	if b.cfg.workers > 1 {
		text += fmt.Sprintf("×%d", b.cfg.workers)
	}
	return text
}
