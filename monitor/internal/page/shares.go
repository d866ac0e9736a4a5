package page

import (
	"time"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/monitor/internal/timeline"
)

// shares are the parts that a stage's workers have spent on this and that of the time that they
// had.
type shares struct {
	busy, awaiting, starved, blocked, held float64 // held: by a limit, or until the next attempt
}

// sharesOf are those of a stage in a time. They are relative to the workers' lives, or where these
// are not kept, in task and serial, to the time that they could have worked.
func sharesOf(s *pl.StageStats, in time.Duration) shares {
	held := s.Limited + s.Retrying
	life := s.Busy + s.Starved + s.Blocked + held
	if s.Backend == "task" || s.Backend == "serial" {
		life = in * time.Duration(max(s.Workers, 1))
	}
	if life <= 0 {
		return shares{}
	}
	left := 1.0
	part := func(d time.Duration) float64 {
		p := min(max(d.Seconds()/life.Seconds(), 0), left)
		left -= p
		return p
	}
	return shares{
		busy: part(s.Busy), awaiting: part(s.Awaiting), held: part(held), blocked: part(s.Blocked), starved: part(s.Starved),
	}
}

// working is the share that the verdict calls busy.
func (s shares) working() float64 { return s.busy + s.awaiting }

// column is one column of a chart over time.
type column struct {
	perSecond     float64
	busy, blocked float64 // shares
}

// columnsOf divides the time of a run into n columns, for the place with that index.
func columnsOf(points []timeline.Point, place, workers, n int) []column {
	if len(points) < 2 || points[len(points)-1].At <= 0 {
		return nil
	}
	whole := points[len(points)-1].At.Seconds()
	seconds := whole / float64(n)
	life := seconds * float64(max(workers, 1))
	all := make([]column, n)
	next := 1 // the first point that is not before the column's end
	var before sums
	for i := range all {
		end := whole * float64(i+1) / float64(n)
		for next < len(points)-1 && points[next].At.Seconds() < end {
			next++
		}
		now := sumsAt(end, &points[next-1], &points[next], place)
		c := column{perSecond: max(now.count-before.count, 0) / seconds}
		c.busy = min(max(now.busy-before.busy, 0)/life, 1)
		c.blocked = min(max(now.blocked-before.blocked, 0)/life, 1-c.busy)
		all[i], before = c, now
	}
	return all
}

// sums are those of a place at a moment, the times in seconds.
type sums struct{ count, busy, blocked float64 }

// sumsAt are the sums of a place at a moment between two points.
func sumsAt(at float64, a, b *timeline.Point, place int) sums {
	part := 1.0
	if d := (b.At - a.At).Seconds(); d > 0 {
		part = min(max((at-a.At.Seconds())/d, 0), 1)
	}
	between := func(p, q float64) float64 { return p + (q-p)*part }
	p, q := &a.Places[place], &b.Places[place]
	return sums{
		count:   between(float64(p.Count), float64(q.Count)),
		busy:    between(p.Busy.Seconds(), q.Busy.Seconds()),
		blocked: between(p.Blocked.Seconds(), q.Blocked.Seconds()),
	}
}
