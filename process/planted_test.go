//go:build unix

package process_test

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/process"
)

// Runs with a planted bottleneck, in real time. All that is slow sleeps, so that the machine may be
// busy.

// heavy takes its time to be encoded.
type heavy struct{ N int }

func (h heavy) GobEncode() ([]byte, error) {
	time.Sleep(6 * time.Millisecond)
	return strconv.AppendInt(nil, int64(h.N), 10), nil
}

func (h *heavy) GobDecode(text []byte) (err error) {
	h.N, err = strconv.Atoi(string(text))
	return err
}

func after(d time.Duration) func(context.Context, int) (int, error) {
	return func(_ context.Context, n int) (int, error) {
		time.Sleep(d)
		return n, nil
	}
}

var (
	takesTime = process.Map(after(15*time.Millisecond), pl.Name("takesTime"), pl.MaxSize(4))
	takesNone = process.Map(after(0), pl.Name("takesNone"), pl.MaxSize(4))
	carries   = process.Map(func(_ context.Context, h heavy) (int, error) { return h.N, nil }, pl.Name("carries"), pl.MaxSize(4))
	oftenFast = process.Map(func(_ context.Context, n int) (int, error) {
		if n%40 == 7 {
			time.Sleep(700 * time.Millisecond)
		}
		return n, nil
	}, pl.Name("oftenFast"), pl.Workers(4), pl.MaxSize(4))
	hangs = process.Map(func(_ context.Context, n int) (int, error) {
		if n == 150 {
			time.Sleep(time.Hour)
		}
		return n, nil
	}, pl.Name("hangs"), pl.Workers(2), pl.MaxSize(4))
)

// every is a source of n values, with a pause before each.
func every(n int, pause time.Duration) pl.Stage[int] {
	return pl.FromFunc(func(_ context.Context, yield func(int) bool) error {
		for i := range n {
			if time.Sleep(pause); !yield(i) {
				break
			}
		}
		return nil
	}).With(pl.Name("read"))
}

func TestThePlantedBottleneckIsNamed(t *testing.T) {
	for name, c := range map[string]struct {
		s     pl.Stage[int]
		body  time.Duration
		kind  pl.VerdictKind
		stage string
	}{
		"the stage":  {takesTime(every(320, 0)).With(pl.Workers(2)), 0, pl.StageBound, "takesTime"},
		"the source": {takesNone(every(220, 12*time.Millisecond)), 0, pl.SourceBound, "read"},
		"the loop":   {takesNone(every(220, 0)), 12 * time.Millisecond, pl.ConsumerBound, "loop"},
		"the pipe":   {carries(pl.FromSlice(make([]heavy, 420))), 0, pl.PipeBound, "carries"},
		"an Ordered": {pl.Ordered(oftenFast(every(160, time.Millisecond))).With(pl.MaxSize(16)), 0, pl.OrderBound, "oftenFast"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, stats := observed(t)
			for _, err := range c.s.All(ctx) {
				require.NoError(t, err)
				time.Sleep(c.body)
			}
			v := stats().Verdict()
			assert.Equal(t, c.kind, v.Kind, "%v", stats())
			assert.Equal(t, c.stage, v.Stage, "%v", v)
		})
	}
}

// One of two workers hangs in a value. While the other goes on, the run is not stuck; when an
// Ordered lets no more values in, it is.
func TestAWorkerThatHangsIsStuck(t *testing.T) {
	t.Parallel()
	if testing.Short() || raceBuild {
		t.Skip("a run that has stood still for ten seconds counts as stuck")
	}
	started := make(chan *pl.RunInfo, 1)
	ctx, cancel := context.WithCancel(pl.Observe(t.Context(), func(run *pl.RunInfo) func(error) {
		started <- run
		return nil
	}))
	defer cancel()
	done := make(chan error, 1)
	go func() {
		done <- takesNone(pl.OrderedWindow[int](16)(hangs(every(10_000, time.Millisecond)))).Run(ctx)
	}()
	run := <-started
	var v pl.Verdict
	for end := time.Now().Add(time.Minute); v.Kind != pl.Stuck && time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		v = run.Stats().Verdict()
	}
	require.Equal(t, pl.Stuck, v.Kind, "%v", run.Stats())
	assert.Equal(t, "hangs", v.Stage)
	assert.Regexp(t, `^hangs is stuck: worker [01] has been in its function for \d+(\.\d+)?s(; \d values wait before it)?\. A Timeout would end such a call$`, v.String())
	cancel()
	require.ErrorIs(t, <-done, context.Canceled)
	assert.Equal(t, pl.Cancelled, run.Stats().State)
}
