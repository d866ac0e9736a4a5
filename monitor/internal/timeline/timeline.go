// Package timeline keeps what a run's stages have done over time, whole and in bounded memory.
package timeline

import (
	"slices"
	"time"

	"github.com/gopeln/pl"
)

// Line is a run over time. When it is full, every other point is dropped, and from then on points
// are twice as far apart. The zero Line is empty. It is not safe for concurrent use.
type Line struct {
	points []Point
	merged int // how often points have been dropped
}

// Point is the sums of a run's figures at one moment. What happened between two points is their
// difference.
type Point struct {
	At     time.Duration // since the start of the run
	Places []Sums        // the stages, then the consumer
}

// Sums are those of one place.
type Sums struct {
	Count         uint64        // values taken; by a source, yielded
	Busy, Blocked time.Duration // Busy: also with values that await
}

const (
	mostPoints = 240
	firstStep  = 100 * time.Millisecond
)

// Step is how far apart points are.
func (l *Line) Step() time.Duration { return firstStep << l.merged }

// Points returns the points so far, the first at the start of the run. They are the caller's to
// read.
func (l *Line) Points() []Point { return slices.Clip(l.points) }

// Add adds the figures of a moment, if it is time for a point.
func (l *Line) Add(now *pl.Stats) {
	if n := len(l.points); n == 0 || now.Elapsed-l.points[n-1].At >= l.Step() {
		l.AddLast(now)
	}
}

// AddLast adds the figures of a moment, such as the end of the run.
func (l *Line) AddLast(now *pl.Stats) {
	if len(l.points) == 0 {
		l.points = append(l.points, Point{Places: make([]Sums, len(now.Stages)+1)})
	}
	if len(l.points) >= mostPoints {
		l.merge()
	}
	p := Point{At: now.Elapsed}
	for i := range now.Stages {
		p.Places = append(p.Places, sumsOf(&now.Stages[i]))
	}
	p.Places = append(p.Places, sumsOf(&now.Consumer))
	l.points = append(l.points, p)
}

// merge drops every other point. Those that have been given away stay as they are.
func (l *Line) merge() {
	var kept []Point
	for i := 0; i < len(l.points); i += 2 {
		kept = append(kept, l.points[i])
	}
	l.points = kept
	l.merged++
}

func sumsOf(s *pl.StageStats) Sums {
	n := s.In
	if s.Backend == "source" {
		n = s.Out
	}
	return Sums{Count: n, Busy: s.Busy + s.Awaiting, Blocked: s.Blocked}
}
