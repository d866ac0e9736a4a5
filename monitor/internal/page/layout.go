package page

import (
	"cmp"
	"slices"

	"github.com/gopeln/pl"
)

// Layout is where the boxes and edges of a pipeline stand in its drawing. A stage stands in the
// column behind its last input. At most seven columns stand side by side, in a line; further lines
// follow below. An edge over several columns has a lane of its own in each, so that no edge runs
// through a box.
type Layout struct {
	width, height int
	gaps          []int  // the middle of the gap above each line
	boxes         []box  // as the stages of pl.Stats, then the consumer, if there is one
	edges         []edge // as those of pl.Stats, then those to the consumer
}

// box is the left upper corner of a stage's box.
type box struct{ x, y int }

// edge is a way from one box to another, by their indices. At each stop it is level.
type edge struct {
	from, to int
	stops    []stop
}

type stop struct {
	x, y int
	line int
}

// Sizes of the drawing, in pixels.
const (
	boxWidth, boxHeight = 164, 104
	columnGap           = 48
	boxGap              = 34 // between two boxes of a column
	laneHeight          = 22 // of an edge that passes a column
	lineGap             = 54 // between two lines
	mostColumns         = 7
	mostBoxes           = 31 // with more there is no drawing: 30 stages and their consumer
	marginX, marginY    = 28, 30
	turnMargin          = 50 // at the sides, if there are several lines
)

// NewLayout lays out a pipeline. It is nil if the pipeline is too large to be drawn.
func NewLayout(s *pl.Stats) *Layout {
	n := len(s.Stages)
	g := &laying{}
	for _, e := range s.Edges {
		g.edges = append(g.edges, edge{from: e.From, to: e.To})
	}
	if s.Consumer.Name != "" {
		for _, last := range lastStages(s) {
			g.edges = append(g.edges, edge{from: last, to: n})
		}
		n++
	}
	if n == 0 || n > mostBoxes {
		return nil
	}
	g.findColumns(n)
	g.addLanes()
	g.order()
	return g.place(n)
}

// lastStages are the stages whose results no other stage takes.
func lastStages(s *pl.Stats) (last []int) {
	for i := range s.Stages {
		if !slices.ContainsFunc(s.Edges, func(e pl.Edge) bool { return e.From == i }) {
			last = append(last, i)
		}
	}
	return last
}

// laying is a Layout in the making.
type laying struct {
	edges   []edge
	column  []int     // of each box
	columns [][]*cell // from above
	boxes   []*cell
	ways    [][]*cell // of each edge: the cells that it runs through, its ends included
}

// cell is a box, or the lane of an edge, in its column.
type cell struct {
	isBox         bool
	before, after []*cell
	rank          float64 // place in its column, between 0 and 1
	column        int
	x, y, line    int
}

func (c *cell) height() int {
	if c.isBox {
		return boxHeight
	}
	return laneHeight
}

// findColumns finds the longest way to each box. Inputs come before their consumers.
func (g *laying) findColumns(n int) {
	g.column = make([]int, n)
	for i := range n {
		for _, e := range g.edges {
			if e.to == i {
				g.column[i] = max(g.column[i], g.column[e.from]+1)
			}
		}
	}
	g.columns = make([][]*cell, slices.Max(g.column)+1)
	for i := range n {
		g.boxes = append(g.boxes, g.addCell(g.column[i], true))
	}
}

func (g *laying) addCell(column int, isBox bool) *cell {
	c := &cell{isBox: isBox, column: column}
	g.columns[column] = append(g.columns[column], c)
	return c
}

// addLanes gives each edge its way.
func (g *laying) addLanes() {
	for _, e := range g.edges {
		way := []*cell{g.boxes[e.from]}
		for column := g.column[e.from] + 1; column < g.column[e.to]; column++ {
			way = append(way, g.addCell(column, false))
		}
		way = append(way, g.boxes[e.to])
		for i := range len(way) - 1 {
			way[i].after = append(way[i].after, way[i+1])
			way[i+1].before = append(way[i+1].before, way[i])
		}
		g.ways = append(g.ways, way)
	}
}

// order puts each column in the order of the cells that its own are joined to, forth and back until
// few edges cross.
func (g *laying) order() {
	for range 4 {
		for _, column := range g.columns {
			sortBy(column, func(c *cell) []*cell { return c.before })
		}
		for _, column := range slices.Backward(g.columns) {
			sortBy(column, func(c *cell) []*cell { return c.after })
		}
	}
	for _, column := range g.columns {
		sortBy(column, func(c *cell) []*cell { return c.before })
	}
}

// sortBy sorts a column by the mean place of its cells' neighbours; a cell without any stays about
// where it is.
func sortBy(column []*cell, neighbours func(*cell) []*cell) {
	want := map[*cell]float64{}
	for _, c := range column {
		want[c] = c.rank
		if near := neighbours(c); len(near) > 0 {
			want[c] = 0
			for _, other := range near {
				want[c] += other.rank / float64(len(near))
			}
		}
	}
	slices.SortStableFunc(column, func(a, b *cell) int { return cmp.Compare(want[a], want[b]) })
	for i, c := range column {
		c.rank = (float64(i) + 0.5) / float64(len(column))
	}
}

// place turns columns into coordinates.
func (g *laying) place(n int) *Layout {
	lines := (len(g.columns) + mostColumns - 1) / mostColumns
	perLine := (len(g.columns) + lines - 1) / lines
	left := marginX
	if lines > 1 {
		left = turnMargin
	}
	l := &Layout{width: 2*left + perLine*(boxWidth+columnGap) - columnGap}
	top := marginY
	for line := range lines {
		columns := g.columns[line*perLine : min((line+1)*perLine, len(g.columns))]
		tall := 0
		for _, column := range columns {
			tall = max(tall, heightOf(column))
		}
		for i, column := range columns {
			y := top + (tall-heightOf(column))/2
			for _, c := range column {
				c.x, c.y, c.line = left+i*(boxWidth+columnGap), y, line
				y += c.height() + boxGap
			}
		}
		l.gaps = append(l.gaps, top-lineGap/2)
		top += tall + lineGap
	}
	l.height = top - lineGap + marginY
	for i := range n {
		l.boxes = append(l.boxes, box{g.boxes[i].x, g.boxes[i].y})
	}
	for i, e := range g.edges {
		e.stops = stopsOf(g.ways[i])
		l.edges = append(l.edges, e)
	}
	return l
}

func heightOf(column []*cell) int {
	sum := (len(column) - 1) * boxGap
	for _, c := range column {
		sum += c.height()
	}
	return sum
}

// stopsOf are the places at which an edge is level: from the right side of its first box, along its
// lanes, to the left side of the last one.
func stopsOf(way []*cell) (stops []stop) {
	for i, c := range way {
		middle := c.y + c.height()/2
		if i > 0 {
			stops = append(stops, stop{c.x, middle, c.line})
		}
		if i < len(way)-1 {
			stops = append(stops, stop{c.x + boxWidth, middle, c.line})
		}
	}
	return stops
}
