package timesheet

import (
	"math/rand/v2"
	"time"
)

// Stride chooses the calls of a function that are measured. Two readings of the clock cost much
// beside a short function, so one call is measured now and then, and stands for all calls since the
// one before. If the function takes at least costly, each call is measured. The number of calls
// that are left out is random, since periodic input would be measured at the same place each time
// otherwise. Only one goroutine at a time may use a Stride.
type Stride struct {
	want uint32 // calls that one measured call stands for, at present
	gap  uint32 // calls that the next measured one stands for
	left uint32 // calls up to that one
}

const (
	mostGap = 64
	// costly is the time from which each call of a function is measured: the clock then costs less
	// than 1 %.
	costly = 8 * time.Microsecond
)

// NewStride returns a Stride that chooses the first call.
func NewStride() Stride { return Stride{1, 1, 1} }

// Skip is called before each call. It reports whether the call is not measured.
func (s *Stride) Skip() bool {
	s.left--
	return s.left > 0
}

// Draw must be called if Skip has reported false. It returns how many calls this one stands for,
// and draws how many the next measured one stands for, before any of them is seen.
func (s *Stride) Draw() (calls uint32) {
	calls = s.gap
	s.gap = 1
	if s.want > 1 {
		s.gap += rand.Uint32N(2*s.want - 1)
	}
	s.left = s.gap
	return calls
}

// Saw sets how often calls are measured, after one that took so long.
func (s *Stride) Saw(took time.Duration) {
	s.want = uint32(min(mostGap, max(1, costly/max(took, 1))))
	if s.want == 1 && s.left > 1 {
		s.gap -= s.left - 1
		s.left = 1
	}
}
