package process

import (
	"time"

	"github.com/gopeln/pl/internal/timesheet"
)

// measure measures the calls of the function in a worker of a run that is observed: those that its
// stride chooses, and any that takes two glances of the parent's watch, which the page tells. A nil
// *measure measures nothing.
type measure struct {
	page   *page
	stride timesheet.Stride
	epoch  time.Time

	// Of the call under way.
	calls  int // that it stands for; 0: its times are of the page
	start  time.Duration
	paused time.Duration
	away   time.Duration // in yield

	ended measuredCall // not taken yet; none if its calls are 0
}

// noticed is what the parent's glances see for certain.
const noticed = 2 * glance

func newMeasure(p *page) *measure {
	return &measure{page: p, stride: timesheet.NewStride(), epoch: time.Now()}
}

func (m *measure) now() time.Duration {
	if m.calls == 0 {
		return time.Duration(m.page.now.Load())
	}
	return time.Since(m.epoch)
}

func (m *measure) begin() {
	if m == nil {
		return
	}
	m.calls, m.away, m.ended.calls = 0, 0, 0
	if !m.stride.Skip() {
		m.calls = int(m.stride.Draw())
	}
	m.start = m.now()
}

func (m *measure) pause() {
	if m != nil {
		m.paused = m.now()
	}
}

func (m *measure) resume() {
	if m != nil {
		m.away += m.now() - m.paused
	}
}

func (m *measure) end() {
	if m == nil {
		return
	}
	took := max(m.now()-m.start-m.away, 0)
	if m.calls == 0 && took < noticed {
		return
	}
	m.stride.Saw(took)
	if took >= noticed {
		m.calls = 1
	}
	m.ended = measuredCall{took: took, calls: m.calls}
}

// take returns the call that ended last, once, if it is one to be told.
func (m *measure) take() (c measuredCall, ok bool) {
	if m == nil || m.ended.calls == 0 {
		return c, false
	}
	c, m.ended.calls = m.ended, 0
	return c, true
}
