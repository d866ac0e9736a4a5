package page

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/gopeln/pl"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// random is a pipeline of n stages, whose inputs come before their consumers.
func random(r *rand.Rand, n int) *pl.Stats {
	s := &pl.Stats{}
	for i := range n {
		s.Stages = append(s.Stages, pl.StageStats{Node: pl.Node{ID: i, Name: fmt.Sprint("stage ", i)}})
		if i == 0 || r.IntN(8) == 0 {
			continue // a source
		}
		for from := i - 1; from >= 0; from -= 1 + r.IntN(4) {
			s.Edges = append(s.Edges, pl.Edge{From: from, To: i})
			if r.IntN(3) > 0 {
				break
			}
		}
	}
	if r.IntN(2) == 0 {
		s.Consumer.Name = "loop"
	}
	return s
}

func TestNoTwoBoxesOverlapAndEdgesAreInside(t *testing.T) {
	for seed := range uint64(400) {
		s := random(rand.New(rand.NewPCG(seed, 1)), 1+int(seed%30))
		l := NewLayout(s)
		require.NotNil(t, l)
		for i, a := range l.boxes {
			require.GreaterOrEqual(t, a.x, 0)
			require.GreaterOrEqual(t, a.y, 12, "there is room for a flag")
			require.LessOrEqual(t, a.x+boxWidth, l.width)
			require.LessOrEqual(t, a.y+boxHeight, l.height)
			for _, b := range l.boxes[:i] {
				apart := a.x+boxWidth < b.x || b.x+boxWidth < a.x || a.y+boxHeight < b.y || b.y+boxHeight < a.y
				require.True(t, apart, "seed %d", seed)
			}
		}
		for _, e := range l.edges {
			requireClear(t, seed, l, e)
		}
	}
}

// requireClear checks that an edge runs from the right side of its first box to the left of its
// last one, inside the drawing, and is level where it passes a box.
func requireClear(t *testing.T, seed uint64, l *Layout, e edge) {
	t.Helper()
	first, last := e.stops[0], e.stops[len(e.stops)-1]
	require.Equal(t, box{first.x, first.y}, box{l.boxes[e.from].x + boxWidth, l.boxes[e.from].y + boxHeight/2})
	require.Equal(t, box{last.x, last.y}, box{l.boxes[e.to].x, l.boxes[e.to].y + boxHeight/2})
	for i, s := range e.stops {
		require.True(t, s.x >= 0 && s.x <= l.width && s.y >= 0 && s.y <= l.height, "seed %d", seed)
		for j, b := range l.boxes {
			inside := s.y > b.y && s.y < b.y+boxHeight && s.x > b.x && s.x < b.x+boxWidth
			require.False(t, inside, "seed %d: stop %d of an edge from %d to %d lies in box %d", seed, i, e.from, e.to, j)
		}
	}
}

func TestLinesAreAboutEquallyFull(t *testing.T) {
	for n, want := range map[int][]int{1: {1}, 7: {7}, 8: {4, 4}, 15: {5, 5, 5}, 16: {6, 6, 4}, 30: {6, 6, 6, 6, 6}} {
		s := &pl.Stats{}
		for i := range n {
			s.Stages = append(s.Stages, pl.StageStats{Node: pl.Node{ID: i}})
			if i > 0 {
				s.Edges = append(s.Edges, pl.Edge{From: i - 1, To: i})
			}
		}
		inLine := map[int]int{}
		for _, b := range NewLayout(s).boxes {
			inLine[b.y]++
		}
		for _, k := range want {
			assert.Contains(t, values(inLine), k, "%d stages", n)
		}
		assert.Len(t, inLine, len(want), "%d stages", n)
	}
}

func values(m map[int]int) (all []int) {
	for _, v := range m {
		all = append(all, v)
	}
	return all
}

func TestWhatIsTooLargeIsNotDrawn(t *testing.T) {
	assert.Nil(t, NewLayout(&pl.Stats{}))
	assert.NotNil(t, NewLayout(&pl.Stats{Stages: make([]pl.StageStats, 30), Consumer: pl.StageStats{Node: pl.Node{Name: "loop"}}}))
	assert.Nil(t, NewLayout(&pl.Stats{Stages: make([]pl.StageStats, 31), Consumer: pl.StageStats{Node: pl.Node{Name: "loop"}}}))
}
