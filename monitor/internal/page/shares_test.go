package page

import (
	"testing"
	"time"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/monitor/internal/timeline"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSharesAddUp(t *testing.T) {
	thread := pl.StageStats{Node: pl.Node{Backend: "thread", Workers: 2}, Busy: 6, Starved: 2, Blocked: 1, Retrying: 1}
	s := sharesOf(&thread, 100)
	assert.Equal(t, shares{busy: 0.6, starved: 0.2, blocked: 0.1, held: 0.1}, s)

	task := pl.StageStats{Node: pl.Node{Backend: "task", Workers: 4}, Busy: 10, Awaiting: 290}
	s = sharesOf(&task, 100)
	assert.InDelta(t, 0.75, s.working(), 1e-9)

	task.Awaiting = 10_000 // read a little later than the rest
	s = sharesOf(&task, 100)
	assert.InDelta(t, 1, s.working()+s.starved+s.blocked+s.held, 1e-9)

	assert.Equal(t, shares{}, sharesOf(&pl.StageStats{}, 0))
	assert.Equal(t, shares{}, sharesOf(&pl.StageStats{Busy: -5}, time.Second))
}

// Two workers work for the first half of ten seconds, and are blocked in the second.
func TestColumnsOfARunOverTime(t *testing.T) {
	points := []timeline.Point{
		{At: 0, Places: make([]timeline.Sums, 1)},
		{At: 5 * time.Second, Places: []timeline.Sums{{Count: 500, Busy: 10 * time.Second}}},
		{At: 10 * time.Second, Places: []timeline.Sums{{Count: 500, Busy: 10 * time.Second, Blocked: 10 * time.Second}}},
	}
	columns := columnsOf(points, 0, 2, 10)
	require.Len(t, columns, 10)
	for i, c := range columns {
		if i < 5 {
			assert.InDelta(t, 100, c.perSecond, 1e-6)
			assert.InDelta(t, 1, c.busy, 1e-6)
		} else {
			assert.InDelta(t, 0, c.perSecond, 1e-6)
			assert.InDelta(t, 1, c.blocked, 1e-6)
		}
	}
	assert.Nil(t, columnsOf(points[:1], 0, 2, 10))
	assert.Nil(t, columnsOf([]timeline.Point{{}, {}}, 0, 2, 10))
}
