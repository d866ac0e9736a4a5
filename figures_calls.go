package pl

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gopeln/pl/internal/guard"
	"github.com/gopeln/pl/internal/queue"
	"github.com/gopeln/pl/internal/timesheet"
)

// sampler measures the calls of one worker's function in an observed run: those that its stride
// chooses, and any that takes two ticks of the coarse clock, which counts once.
//
// The worker calls begin and finish. Several of its seats may have calls under way, of which only
// one runs. But an abandoned function may return while another goroutine uses the sampler, so a
// stage with a Timeout needs the lock.
type sampler struct {
	sheet  *timesheet.Sheet
	clock  *timesheet.Clock
	worker int
	shared bool             // the lock is needed to begin and end a call
	tagged bool             // tag has the number of the source value
	tag    *queue.Tag       // of the value that is about to begin
	finder finders          // told where the values are
	show   func(any) string // nil: values are not to be shown

	stride timesheet.Stride
	marked time.Duration

	// The worker writes these; any goroutine may read them.
	counts [buckets]atomic.Uint64
	first  atomic.Int32 // the buckets before it are empty
	end    atomic.Int32 // the buckets from it on are empty
	sum    atomic.Int64 // of all calls, in nanoseconds
	floor  atomic.Int64 // what a call must exceed to be among the slowest

	mu      sync.Mutex
	slowest []Call // guarded by mu; the longest first
}

const (
	mostSlowest = 5
	mostRunes   = 80 // of a value that is shown
	// noticed is what the coarse clock sees for certain.
	noticed = 2 * timesheet.Tick
)

// measured is a call under way.
type measured struct {
	start, away time.Duration
	calls       uint32 // that it stands for; 0: start is coarse
	tag         *queue.Tag
}

// configure sets whether the sampler needs the lock, and whether values have tags. s may be nil.
func (s *sampler) configure(shared, tagged bool, f finders) {
	if s != nil {
		s.shared, s.tagged, s.finder = shared, tagged, f
	}
}

// next sets where the tag of the next value is. s may be nil.
func (s *sampler) next(tag *queue.Tag) {
	if s != nil {
		s.lock()
		s.tag = tag
		s.unlock()
	}
}

func (s *sampler) lock() {
	if s.shared {
		s.mu.Lock()
	}
}

func (s *sampler) unlock() {
	if s.shared {
		s.mu.Unlock()
	}
}

// begin begins a call.
func (s *sampler) begin() (c measured) {
	if s.shared || s.finder.all != nil {
		return s.beginWith()
	}
	return s.beginAlone()
}

// beginWith is begin if others use the sampler too, or are to know where the value is.
func (s *sampler) beginWith() measured {
	s.lock()
	defer s.unlock()
	s.finder.begins(s.tag)
	return s.beginAlone()
}

func (s *sampler) beginAlone() (c measured) {
	c.tag, c.away = s.tag, s.sheet.Away()
	if s.stride.Skip() {
		if c.start = s.clock.Coarse(); c.start != s.marked {
			s.markAt(c.start)
		}
		return c
	}
	c.calls = s.stride.Draw()
	c.start = s.clock.Now()
	s.markAt(c.start)
	return c
}

func (s *sampler) markAt(now time.Duration) {
	s.marked = now
	s.sheet.MarkAt(now)
}

// unnoticed reports whether there is nothing to do at the end of the call. It is small enough to be
// inlined.
func (s *sampler) unnoticed(c *measured) bool {
	return c.calls == 0 && s.finder.all == nil && s.clock.Coarse()-c.start < noticed
}

// finish ends a call. It reports whether the call may be among the slowest, so that note must be
// called.
func (s *sampler) finish(c measured) (took time.Duration, slow bool) {
	s.finder.ends(c.tag)
	if c.calls == 0 && s.clock.Coarse()-c.start < noticed {
		return 0, false
	}
	s.lock()
	defer s.unlock()
	now := s.clock.Coarse()
	if c.calls > 0 {
		now = s.clock.Now()
	}
	took = max(now-c.start-(s.sheet.Away()-c.away), 0)
	if c.calls == 0 && took < noticed {
		return 0, false
	}
	s.stride.Saw(took)
	if took >= noticed {
		c.calls = 1
	}
	s.add(took, max(c.calls, 1))
	return took, int64(took) > s.floor.Load()
}

// add counts a call n times.
func (s *sampler) add(took time.Duration, n uint32) {
	k := int32(bucketOf(took) - firstBucket)
	s.counts[k].Add(uint64(n))
	s.sum.Add(int64(took) * int64(n))
	if k < s.first.Load() {
		s.first.Store(k)
	}
	if k >= s.end.Load() {
		s.end.Store(k + 1)
	}
}

// note adds a call to the slowest, if it is one of them.
func (s *sampler) note(took time.Duration, tag *queue.Tag, v any) {
	c := Call{Index: -1, Worker: s.worker, Took: took}
	if s.tagged && tag != nil {
		c.Index = int(tag.Seq)
	}
	if s.show != nil {
		if trouble := guard.Call(func() { c.Value = cut(s.show(v), mostRunes) }); trouble != nil {
			c.Value = cut(trouble.Error(), mostRunes)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.slowest = longest(append(s.slowest, c))
	if len(s.slowest) == mostSlowest {
		s.floor.Store(int64(s.slowest[mostSlowest-1].Took))
	}
}

// longest returns the mostSlowest longest calls, the longest first.
func longest(calls []Call) []Call {
	n := 0 // of the calls, those at the front are the longest so far, in order
	for _, c := range calls {
		i := n
		for i > 0 && calls[i-1].Took < c.Took {
			i--
		}
		if i == mostSlowest {
			continue
		}
		n = min(n+1, mostSlowest)
		copy(calls[i+1:n], calls[i:n-1])
		calls[i] = c
	}
	return calls[:n]
}

// addTo adds the sampler's figures to a stage's.
func (s *sampler) addTo(counts *[buckets]uint64, sum *time.Duration, slowest *[]Call) {
	*sum += time.Duration(s.sum.Load())
	for k := s.first.Load(); k < s.end.Load(); k++ {
		counts[k] += s.counts[k].Load()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.slowest {
		if n := len(*slowest); n == mostSlowest && c.Took <= (*slowest)[n-1].Took {
			break
		}
		*slowest = longest(append(*slowest, c))
	}
}

// measureOne returns f with each call measured by s, or f itself if s is nil.
func measureOne[A, B any](s *sampler, f func(context.Context, A) (B, error)) func(context.Context, A) (B, error) {
	if s == nil || f == nil {
		return f
	}
	return func(ctx context.Context, in A) (B, error) {
		c := s.begin()
		out, err := f(ctx, in)
		if s.unnoticed(&c) {
			return out, err
		}
		if took, slow := s.finish(c); slow {
			s.note(took, c.tag, in)
		}
		return out, err
	}
}

// measureKernel returns k with each call measured by s, or k itself if s is nil.
func measureKernel[A, B any](s *sampler, k Kernel[A, B]) Kernel[A, B] {
	if s == nil || k == nil {
		return k
	}
	return func(ctx context.Context, in A, emit func(B) bool) error {
		c := s.begin()
		err := k(ctx, in, emit)
		if s.unnoticed(&c) {
			return err
		}
		if took, slow := s.finish(c); slow {
			s.note(took, c.tag, in)
		}
		return err
	}
}

// cut returns at most the first n runes of text.
func cut(text string, n int) string {
	for i := range text {
		if n--; n < 0 {
			return text[:i] + "…"
		}
	}
	return text
}
