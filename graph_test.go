package pl_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/serial"
	"github.com/gopeln/pl/thread"
)

func TestStringIsOneReadableLine(t *testing.T) {
	s := pl.Pipe4(pl.Range(10), thread.Map(same, pl.Workers(100)), serial.Map(negated),
		thread.Map(same, pl.Name("shrink"), pl.MaxSize(4)), pl.Ordered)
	assert.Equal(t, "range(10) → thread.Map(same)×100 → serial.Map(negated) → thread.Map(shrink) → pl.Ordered", s.String())

	for _, s := range []pl.Stage[int]{
		pl.Range(3), pl.From(1, 2), pl.FromChan(make(chan int)), pl.Take[int](3)(pl.Range(3)),
		pl.Flatten(pl.Batch[int](3, time.Second)(pl.Range(3))),
	} {
		assert.NotEmpty(t, s.String())
		assert.NotContains(t, s.String(), "\n")
	}
}

func TestStringOfASharedStageEnds(t *testing.T) {
	s := thread.Map(same, pl.Name("shared"))(pl.Range(3))
	for range 40 { // 2^40 paths
		s = pl.Concat(s, thread.Map(negated)(s))
	}
	assert.Less(t, len(s.String()), 10_000)
	assert.Len(t, s.Graph().Nodes, 2+2*40)
}

func TestGraph(t *testing.T) {
	shared := thread.Map(same, pl.Name("shared"), pl.Workers(3), pl.MaxSize(7))(pl.Range(3))
	left := serial.Map(same, pl.Name("left"))(shared)
	right := thread.Filter(odd, pl.Name("right"), pl.MaxSize(1))(shared)
	graph := pl.Concat(left, right).Graph()

	byName := map[string]pl.Node{}
	for _, n := range graph.Nodes {
		byName[n.Name] = n
	}
	require.Len(t, graph.Nodes, 5, "the shared stage is one node")
	require.Len(t, byName, 5)
	assert.Equal(t, "thread", byName["shared"].Backend)
	assert.Equal(t, 3, byName["shared"].Workers)
	assert.Equal(t, 7, byName["shared"].MaxSize)
	assert.Equal(t, "serial", byName["left"].Backend)
	assert.Equal(t, 1, byName["right"].MaxSize)

	edge := func(from, to string) pl.Edge { return pl.Edge{From: byName[from].ID, To: byName[to].ID} }
	assert.ElementsMatch(t, []pl.Edge{
		edge("range(3)", "shared"), edge("shared", "left"), edge("shared", "right"),
		edge("left", "Concat"), edge("right", "Concat"),
	}, graph.Edges)

	s := pl.Concat(shared, shared)
	assert.Len(t, s.Graph().Edges, 3, "a stage given twice has two edges")
}

func TestDrawings(t *testing.T) {
	s := thread.Map(same, pl.Name(`a "quoted" <name>`), pl.Workers(2), pl.MaxSize(3))(pl.Range(3))
	dot := s.Graph().DOT()
	assert.True(t, strings.HasPrefix(dot, "digraph "))
	assert.Contains(t, dot, `a \"quoted\" <name>`)
	assert.Contains(t, dot, "->")
	assert.Equal(t, strings.Count(dot, "{"), strings.Count(dot, "}"))

	mermaid := s.Graph().Mermaid()
	assert.True(t, strings.HasPrefix(mermaid, "flowchart "))
	assert.Contains(t, mermaid, "-->")
	assert.NotContains(t, mermaid, `a "quoted"`, "a quote would end the label")
	assert.Contains(t, mermaid, "×2")

	assert.NotPanics(t, func() { _, _ = pl.Graph{}.DOT(), pl.Graph{}.Mermaid() })
}
