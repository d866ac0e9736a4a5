package pl

import (
	"context"
	"math/bits"
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
	lone   bool             // it is not, and there is no finder
	tagged bool             // tag has the number of the source value
	tag    *queue.Tag       // of the value that is about to begin
	finder finders          // told where the values are
	show   func(any) string // nil: values are not to be shown

	stride timesheet.Stride
	marked time.Duration

	// The worker writes these; any goroutine may read them.
	counts  [buckets]atomic.Uint64
	touched atomic.Uint64 // a bit for each group of buckets that is not empty
	sum     atomic.Int64  // of all calls, in nanoseconds
	peak    atomic.Int64  // of the slowest call
	floor   atomic.Int64  // what a call must exceed to be among the slowest

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
	start time.Duration
	calls uint32 // that it stands for; 0: start is coarse
	tag   *queue.Tag
}

// configure sets whether the sampler needs the lock, and whether values have tags. s may be nil.
func (s *sampler) configure(shared, tagged bool, f finders) {
	if s != nil {
		s.shared, s.tagged, s.finder = shared, tagged, f
		s.lone = !shared && f.all == nil
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
func (s *sampler) begin() measured {
	if s.lone {
		return s.beginAlone()
	}
	s.lock()
	defer s.unlock()
	s.finder.begins(s.tag)
	return s.beginAlone()
}

func (s *sampler) beginAlone() measured {
	if s.stride.Skip() {
		return measured{start: s.beginSkipped(), tag: s.tag}
	}
	return s.beginChosen()
}

// beginSkipped begins a call that the stride has not chosen.
func (s *sampler) beginSkipped() (start time.Duration) {
	if start = s.clock.Coarse(); start != s.marked {
		s.markAt(start)
	}
	return start
}

// beginChosen begins a call that the stride has chosen.
func (s *sampler) beginChosen() measured {
	c := measured{calls: s.stride.Draw(), start: s.clock.Now(), tag: s.tag}
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

// finish ends a call, of whose time away does not count. It reports whether the call may be among
// the slowest, so that note must be called.
func (s *sampler) finish(c measured, away time.Duration) (took time.Duration, slow bool) {
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
	took = max(now-c.start-away, 0)
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
	k := bucketOf(took) - firstBucket
	s.counts[k].Add(uint64(n))
	s.sum.Add(int64(took) * int64(n))
	if bit := uint64(1) << (k / group); s.touched.Load()&bit == 0 {
		s.touched.Or(bit)
	}
}

// group is how many buckets share a bit of touched. They lie on about one cache line, and reading
// those of many samplers is most of what a look at a large run costs.
const group = 8

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
	s.slowest = insert(s.slowest, c)
	s.peak.Store(int64(s.slowest[0].Took))
	if len(s.slowest) == mostSlowest {
		s.floor.Store(int64(s.slowest[mostSlowest-1].Took))
	}
}

// insert adds c to calls, the longest so far in order, if it is among the mostSlowest longest. It
// stands behind those that took as long.
func insert(calls []Call, c Call) []Call {
	i := len(calls)
	for i > 0 && calls[i-1].Took < c.Took {
		i--
	}
	if i == mostSlowest {
		return calls
	}
	if calls == nil {
		calls = make([]Call, 0, mostSlowest)
	}
	if len(calls) < mostSlowest {
		calls = append(calls, c)
	}
	copy(calls[i+1:], calls[i:])
	calls[i] = c
	return calls
}

// addTo adds the sampler's figures to a stage's.
func (s *sampler) addTo(counts *[buckets]uint64, sum *time.Duration, slowest *[]Call) {
	*sum += time.Duration(s.sum.Load())
	for touched := s.touched.Load(); touched != 0; touched &= touched - 1 {
		at := bits.TrailingZeros64(touched) * group
		for k := at; k < at+group; k++ {
			counts[k] += s.counts[k].Load()
		}
	}
	if n := len(*slowest); n == mostSlowest && time.Duration(s.peak.Load()) <= (*slowest)[n-1].Took {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.slowest {
		*slowest = insert(*slowest, c)
	}
}

// measureOne returns f with each call measured by s, or f itself if s is nil.
func measureOne[A, B any](s *sampler, f func(context.Context, A) (B, error)) func(context.Context, A) (B, error) {
	if s == nil || f == nil {
		return f
	}
	chosen := func(ctx context.Context, in A, c measured) (B, error) {
		out, err := f(ctx, in)
		finishCall(s, c, 0, in)
		return out, err
	}
	return func(ctx context.Context, in A) (B, error) {
		if !s.lone {
			return chosen(ctx, in, s.begin())
		}
		if !s.stride.Skip() {
			return chosen(ctx, in, s.beginChosen())
		}
		start, tag := s.beginSkipped(), s.tag
		out, err := f(ctx, in)
		if s.clock.Coarse()-start >= noticed {
			finishCall(s, measured{start: start, tag: tag}, 0, in)
		}
		return out, err
	}
}

// measureKernel returns k with each call measured by s, or k itself if s is nil. The time that the
// worker waits in emit does not count.
func measureKernel[A, B any](s *sampler, k Kernel[A, B]) Kernel[A, B] {
	if s == nil || k == nil {
		return k
	}
	return func(ctx context.Context, in A, emit func(B) bool) error {
		c, away := s.begin(), s.sheet.Away()
		err := k(ctx, in, emit)
		if !s.unnoticed(&c) {
			finishCall(s, c, s.sheet.Away()-away, in)
		}
		return err
	}
}

// finishCall ends a call of the function with in, of whose time away does not count.
func finishCall[A any](s *sampler, c measured, away time.Duration, in A) {
	if took, slow := s.finish(c, away); slow {
		s.note(took, c.tag, in)
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
