package timesheet

import (
	"math/rand/v2"
	"time"
)

// Stride chooses the calls of a function that are measured. Two readings of the clock are dear
// beside a short function, so one call is measured now and then, which stands for all since the one
// before; of a function that takes at least costly, each. How many calls are left out is random, or
// periodic input would be measured at the same place each time. Only one goroutine may use it.
type Stride struct {
	want uint32 // calls that one measured call stands for, at present
	gap  uint32 // those that the next one stands for
	left uint32 // calls up to that
}

const (
	mostGap = 64
	// costly is how long a function takes each of whose calls is measured: the clock then costs less than 1 %.
	costly = 8 * time.Microsecond
)

// NewStride returns a Stride that chooses the first call.
func NewStride() Stride { return Stride{1, 1, 1} }

// Skip is called before each call. It reports whether the call is not measured.
func (s *Stride) Skip() bool {
	s.left--
	return s.left > 0
}

// Draw is called if Skip has reported false. It returns how many calls this one stands for, and
// draws how many the next one will, before any of them is seen.
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
