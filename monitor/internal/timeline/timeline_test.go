package timeline

import (
	"testing"
	"time"

	"github.com/gopeln/pl"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A week is remembered whole, in as many points as a minute, which are about equally far apart.
func TestAnyTimeIsRememberedWhole(t *testing.T) {
	for _, whole := range []time.Duration{50 * time.Millisecond, time.Minute, 7 * 24 * time.Hour} {
		var l Line
		for at := time.Duration(0); at < whole; at += l.Step() {
			l.Add(&pl.Stats{Elapsed: at, Stages: []pl.StageStats{{In: uint64(at)}}})
		}
		l.AddLast(&pl.Stats{Elapsed: whole, Stages: []pl.StageStats{{In: uint64(whole)}}})
		points := l.Points()
		require.LessOrEqual(t, len(points), mostPoints)
		assert.Zero(t, points[0].At)
		assert.Equal(t, whole, points[len(points)-1].At)
		for i, p := range points {
			assert.EqualValues(t, p.At, p.Places[0].Count)
			if i > 0 {
				assert.LessOrEqual(t, p.At-points[i-1].At, 2*l.Step())
			}
		}
	}
}

func TestPointsThatWereGivenAwayStayAsTheyAre(t *testing.T) {
	var l Line
	for i := range mostPoints - 1 {
		l.AddLast(&pl.Stats{Elapsed: time.Duration(i+1) * time.Second})
	}
	given := l.Points()
	last := given[len(given)-1].At
	for i := range 3 * mostPoints {
		l.AddLast(&pl.Stats{Elapsed: time.Duration(mostPoints+i) * time.Second})
	}
	assert.Equal(t, last, given[len(given)-1].At)
	assert.Equal(t, time.Second, given[1].At)
}

func TestASourceIsCountedByWhatItYields(t *testing.T) {
	var l Line
	l.AddLast(&pl.Stats{Elapsed: 1, Stages: []pl.StageStats{{Node: pl.Node{Backend: "source"}, Out: 7}, {In: 5, Out: 3}}, Consumer: pl.StageStats{In: 2}})
	p := l.Points()[1]
	assert.EqualValues(t, 7, p.Places[0].Count)
	assert.EqualValues(t, 5, p.Places[1].Count)
	assert.EqualValues(t, 2, p.Places[2].Count)
}
