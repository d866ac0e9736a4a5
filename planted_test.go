package pl_test

import (
	"context"
	"errors"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/serial"
	"github.com/gopeln/pl/task"
	"github.com/gopeln/pl/thread"
)

// Runs with a planted bottleneck: the verdict must name it. Time is virtual, so that nothing else
// is slow; package process has its own tests.

// waiting makes a stage whose function waits.
type waiting func(name string, wait func(x int) time.Duration, opts ...pl.Option) pl.Partial[int, int]

func always(d time.Duration) func(int) time.Duration { return func(int) time.Duration { return d } }

// waiters are the backends whose functions can wait in virtual time.
var waiters = map[string]waiting{
	"thread": func(name string, wait func(int) time.Duration, opts ...pl.Option) pl.Partial[int, int] {
		return thread.Map(func(_ context.Context, x int) (int, error) {
			time.Sleep(wait(x))
			return x, nil
		}, append(opts, pl.Name(name))...)
	},
	"task": func(name string, wait func(int) time.Duration, opts ...pl.Option) pl.Partial[int, int] {
		return task.Map(func(ctx context.Context, x int) (int, error) {
			if d := wait(x); d > 0 {
				return x, task.Sleep(ctx, d)
			}
			return x, nil
		}, append(opts, pl.Name(name))...)
	},
	"serial": func(name string, wait func(int) time.Duration, opts ...pl.Option) pl.Partial[int, int] {
		return serial.Map(func(_ context.Context, x int) (int, error) {
			time.Sleep(wait(x))
			return x, nil
		}, append(opts, pl.Name(name))...)
	},
}

// reading is a source that takes its time for each value.
func reading(n int, each time.Duration) pl.Stage[int] {
	return pl.FromFunc(func(_ context.Context, yield func(int) bool) error {
		for x := range n {
			if time.Sleep(each); !yield(x) {
				break
			}
		}
		return nil
	}).With(pl.Name("read"))
}

// verdictOf returns the verdict about a run of s, while it goes on and at its end. body is the
// loop's.
func verdictOf(t *testing.T, s pl.Stage[int], body time.Duration) (during, end pl.Verdict) {
	ctx, stats := observed(t)
	begun, n := time.Now(), 0
	for _, err := range s.All(ctx) {
		require.NoError(t, err)
		if time.Sleep(body); during.Text == "" && n > 150 && time.Since(begun) > 3*time.Second {
			during = stats().Verdict()
		}
		n++
	}
	require.NotEmpty(t, during.Text, "%d values", n)
	return during, stats().Verdict()
}

func TestThePlantedBottleneckIsNamed(t *testing.T) {
	const ms = time.Millisecond
	for backend, stage := range waiters {
		for name, c := range map[string]struct {
			read, first, second, third, body time.Duration
			workers                          int // of the second
			kind                             pl.VerdictKind
			stage                            string
		}{
			"the source":           {99 * ms, ms, 3 * ms, ms, ms, 2, pl.SourceBound, "read"},
			"the first stage":      {ms, 99 * ms, 3 * ms, ms, ms, 2, pl.StageBound, "first"},
			"a stage with workers": {ms, 2 * ms, 99 * ms, 3 * ms, ms, 4, pl.StageBound, "second"},
			"the last stage":       {ms, 2 * ms, 50 * ms, 40 * ms, ms, 4, pl.StageBound, "third"},
			"the loop":             {ms, 2 * ms, 3 * ms, ms, 99 * ms, 2, pl.ConsumerBound, "loop"},
		} {
			for _, size := range []int{0, 4} {
				t.Run(backend+"/"+name, func(t *testing.T) {
					if backend == "serial" && c.third == 40*ms {
						t.Skip("in serial the second stage has one worker too")
					}
					synctest.Test(t, func(t *testing.T) {
						s := pl.Pipe3(reading(400, c.read), stage("first", always(c.first), pl.MaxSize(size)),
							stage("second", always(c.second), pl.Workers(c.workers), pl.MaxSize(size)),
							stage("third", always(c.third), pl.MaxSize(size)))
						during, end := verdictOf(t, s, c.body)
						for when, v := range map[string]pl.Verdict{"during": during, "at the end": end} {
							if size == 0 && backend != "serial" && when == "at the end" {
								continue // the others have long ended, and the stage has not been busy all the time
							}
							assert.Equal(t, c.kind, v.Kind, "%s, MaxSize %d: %v", when, size, v)
							assert.Equal(t, c.stage, v.Stage, "%s, MaxSize %d: %v", when, size, v)
						}
					})
				})
			}
		}
	}
}

func TestARunInWhichNothingIsFullIsBalanced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// The source comes in bursts, so that it waits for the stage and the stage for it.
		source := pl.FromFunc(func(_ context.Context, yield func(int) bool) error {
			for x := range 400 {
				if x%20 == 0 {
					time.Sleep(400 * time.Millisecond)
				}
				if !yield(x) {
					break
				}
			}
			return nil
		})
		s := waiters["thread"]("first", always(20*time.Millisecond), pl.MaxSize(2))(source)
		_, end := verdictOf(t, s, 0)
		assert.Equal(t, pl.Balanced, end.Kind, "%v", end)
	})
}

func TestAFunctionThatDoesNotReturnIsStuck(t *testing.T) {
	for backend, stage := range waiters {
		synctest.Test(t, func(t *testing.T) {
			ctx, stats := observed(t)
			hang := func(x int) time.Duration {
				if x == 150 {
					return time.Minute
				}
				return 0
			}
			s := pl.Pipe2(reading(300, time.Millisecond), stage("calm", always(0)), stage("hangs", hang, pl.MaxSize(3)))
			ended := make(chan error, 1)
			go func() { ended <- s.Run(ctx) }()
			time.Sleep(8 * time.Second)
			assert.NotEqual(t, pl.Stuck, stats().Verdict().Kind, backend)
			time.Sleep(8 * time.Second)
			v := stats().Verdict()
			assert.Equal(t, pl.Stuck, v.Kind, "%s: %v", backend, v)
			assert.Equal(t, "hangs", v.Stage, "%s: %v", backend, v)
			require.NoError(t, <-ended)
			assert.NotEqual(t, pl.Stuck, stats().Verdict().Kind, backend)
		})
	}
}

func TestALoopThatComputesIsTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		holds := func(d time.Duration) func(context.Context, int) (int, error) {
			return func(_ context.Context, x int) (int, error) {
				time.Sleep(d) // the loop cannot go on meanwhile, as if it computed
				return x, nil
			}
		}
		s := pl.Pipe2(reading(300, time.Millisecond), task.Map(holds(time.Millisecond), pl.Name("light"), pl.MaxSize(8)),
			task.Map(holds(15*time.Millisecond), pl.Name("heavy"), pl.Workers(100), pl.MaxSize(8)))
		during, end := verdictOf(t, s, 0)
		for _, v := range []pl.Verdict{during, end} {
			assert.Equal(t, pl.LoopBound, v.Kind, "%v", v)
			assert.Equal(t, "heavy", v.Stage, "%v", v)
		}
	})
}

func TestAnOrderedThatWaitsForSingleValuesIsTheLimit(t *testing.T) {
	rarely := func(x int) time.Duration {
		if x%40 == 7 {
			return 600 * time.Millisecond
		}
		return time.Millisecond
	}
	for _, backend := range []string{"thread", "task"} {
		stage := waiters[backend]
		synctest.Test(t, func(t *testing.T) {
			s := pl.Pipe3(reading(400, time.Millisecond), stage("first", always(time.Millisecond), pl.MaxSize(4)),
				stage("second", rarely, pl.Workers(4), pl.MaxSize(4)), pl.OrderedWindow[int](16))
			ctx, stats := observed(t)
			ended := make(chan error, 1)
			go func() { _, err := s.Collect(ctx); ended <- err }()
			time.Sleep(3300 * time.Millisecond)
			v := stats().Verdict()
			assert.Equal(t, pl.OrderBound, v.Kind, "%s: %v", backend, v)
			assert.Equal(t, "second", v.Stage, "%s: %v", backend, v)
			require.NoError(t, <-ended)
			v = stats().Verdict()
			assert.Equal(t, pl.OrderBound, v.Kind, "%s: %v", backend, v)
			assert.Equal(t, "second", v.Stage, "%s: %v", backend, v)
		})
	}
}

func TestTheVerdictRemarksOnWhatMakesItWorse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stage := waiters["thread"]
		during, _ := verdictOf(t, pl.Pipe(reading(3000, 0), stage("slow", always(10*time.Millisecond))), 0)
		assert.Equal(t, pl.StageBound, during.Kind, "%v", during)
		assert.Contains(t, during.Why, "values wait before it, and no MaxSize bounds them")

		ctx, stats := observed(t)
		fails := thread.Map(func(_ context.Context, x int) (int, error) {
			time.Sleep(20 * time.Millisecond)
			if x%10 == 0 {
				return 0, errors.New("it is a tenth")
			}
			return x, nil
		}, pl.OnError(pl.Skip), pl.MaxSize(2), pl.Name("fails"))
		require.NoError(t, fails(reading(300, time.Millisecond)).Run(ctx))
		v := stats().Verdict()
		assert.Equal(t, pl.StageBound, v.Kind, "%v", v)
		assert.Contains(t, v.Why, "10 % of its values fail (last: it is a tenth)")
	})
}

func TestARunTooShortToTellIsWarmingUp(t *testing.T) {
	ctx, stats := observed(t)
	require.NoError(t, thread.Map(same)(pl.Range(1000)).Run(ctx))
	assert.Equal(t, pl.WarmingUp, stats().Verdict().Kind)
}

// More workers that compute than there are cores: each looks busy all the time, whatever else the
// machine does.
func TestTooFewCoresAreTheLimit(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes seconds")
	}
	var over atomic.Bool
	time.AfterFunc(2500*time.Millisecond, func() { over.Store(true) })
	compute := func(_ context.Context, x int) (int, error) {
		sum := uint64(x)
		for range 2_000_000 {
			sum = sum*6364136223846793005 + 1442695040888963407
		}
		return int(sum >> 60), nil
	}
	source := pl.FromFunc(func(_ context.Context, yield func(int) bool) error {
		for x := 0; !over.Load() && yield(x); x++ {
		}
		return nil
	})
	s := pl.Pipe2(source, thread.Map(compute, pl.Name("parse"), pl.Workers(4*runtime.GOMAXPROCS(0)), pl.MaxSize(16)),
		waiters["thread"]("index", always(100*time.Microsecond), pl.Workers(4), pl.MaxSize(16)))
	ctx, stats := observed(t)
	require.NoError(t, s.Run(ctx))
	v := stats().Verdict()
	assert.Equal(t, pl.CPUBound, v.Kind, "%v", v)
}
