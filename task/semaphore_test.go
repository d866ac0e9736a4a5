package task_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/task"
	"github.com/gopeln/pl/thread"
)

// free counts the slots that can be taken at once, and gives them back.
func free(s *task.Semaphore) (n int) {
	ctx, cancel := context.WithCancel(context.Background())
	defer func() {
		for range n {
			s.Release()
		}
	}()
	for {
		timer := time.AfterFunc(time.Millisecond, cancel) // of virtual time: it comes once Acquire waits
		err := s.Acquire(ctx)
		timer.Stop()
		if err != nil {
			return n
		}
		n++
	}
}

// gauge counts how many are between enter and leave, at most.
type gauge struct{ now, most atomic.Int64 }

func (g *gauge) enter() {
	now := g.now.Add(1)
	for most := g.most.Load(); now > most && !g.most.CompareAndSwap(most, now); most = g.most.Load() {
	}
}

func (g *gauge) leave() { g.now.Add(-1) }

func TestASemaphoreLimitsTasksAndGoroutinesTogether(t *testing.T) {
	const slots, each = 3, 200
	synctest.Test(t, func(t *testing.T) {
		s := task.NewSemaphore(slots)
		var g gauge
		f := func(ctx context.Context, x int) error {
			if err := s.Acquire(ctx); err != nil {
				return err
			}
			defer s.Release()
			g.enter()
			defer g.leave()
			return task.Sleep(ctx, time.Duration(1+x%7)*time.Millisecond)
		}
		require.NoError(t, pl.Run(t.Context(),
			task.Each(f, pl.Workers(100))(pl.Range(each)),
			task.Each(f, pl.Workers(100), task.Loops(3))(pl.Range(each)),
			task.Each(f, pl.Workers(10), task.Blocking())(pl.Range(each)),
			thread.Each(f, pl.Workers(10))(pl.Range(each)),
		))
		require.EqualValues(t, slots, g.most.Load())
		require.Equal(t, slots, free(s))
	})
}

func TestASemaphoreServesTasksAndGoroutinesInTheOrderOfTheirCalls(t *testing.T) {
	const callers = 30
	synctest.Test(t, func(t *testing.T) {
		s := task.NewSemaphore(1)
		require.NoError(t, s.Acquire(t.Context()))
		var mu sync.Mutex
		var order []int
		wait := func(ctx context.Context, x int) error {
			if err := s.Acquire(ctx); err != nil {
				return err
			}
			defer s.Release()
			mu.Lock()
			defer mu.Unlock()
			order = append(order, x)
			return nil
		}
		var goroutines sync.WaitGroup
		for x := range callers / 2 {
			goroutines.Go(func() {
				time.Sleep(time.Duration(2*x+1) * time.Second)
				assert.NoError(t, wait(t.Context(), 2*x+1))
			})
		}
		goroutines.Go(func() {
			time.Sleep((callers + 1) * time.Second)
			s.Release()
		})
		require.NoError(t, task.Each(func(ctx context.Context, x int) error {
			if err := task.Sleep(ctx, time.Duration(2*x)*time.Second); err != nil {
				return err
			}
			return wait(ctx, 2*x)
		}, pl.Workers(callers))(pl.Range(callers/2)).Run(t.Context()))
		goroutines.Wait()
		want := make([]int, callers)
		for i := range want {
			want[i] = i
		}
		require.Equal(t, want, order)
	})
}

func TestNoCallerOvertakesThoseThatWaitForASemaphore(t *testing.T) {
	inTask(t, func(ctx context.Context) error {
		s := task.NewSemaphore(1)
		require.NoError(t, s.Acquire(ctx))
		var order []string
		_, err := task.Gather(ctx,
			func(ctx context.Context) (int, error) { // the first to wait
				defer s.Release()
				err := s.Acquire(ctx)
				order = append(order, "waiter")
				return 0, err
			},
			func(ctx context.Context) (int, error) { // gives the slot back, and asks for it again before the waiter runs
				s.Release()
				defer s.Release()
				err := s.Acquire(ctx)
				order = append(order, "newcomer")
				return 0, err
			})
		require.Equal(t, []string{"waiter", "newcomer"}, order)
		return err
	})
}

func TestAnEndedContextGetsNoSlot(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	s := task.NewSemaphore(1)
	require.ErrorIs(t, s.Acquire(ended), context.Canceled)
	inTask(t, func(ctx context.Context) error {
		ctx, cancel := context.WithCancel(ctx)
		cancel()
		require.ErrorIs(t, s.Acquire(ctx), context.Canceled)
		return nil
	})
	synctest.Test(t, func(t *testing.T) { require.Equal(t, 1, free(s)) })
}

// Waiters leave in every way that there is, and the slots are all there afterwards.
func TestAWaiterThatLeavesLosesNoSlot(t *testing.T) {
	const slots = 2
	use := func(s *task.Semaphore, hold func() time.Duration) func(ctx context.Context, x int) error {
		return func(ctx context.Context, x int) error {
			if err := s.Acquire(ctx); err != nil {
				return err
			}
			defer s.Release()
			return task.Sleep(ctx, hold())
		}
	}
	random := func() time.Duration { return time.Duration(rand.N(20)) * time.Millisecond }
	for name, leave := range map[string]func(t *testing.T, s *task.Semaphore){
		"by Timeout": func(t *testing.T, s *task.Semaphore) {
			for range 20 {
				require.NoError(t, task.Each(use(s, random), pl.Workers(50), pl.Timeout(10*time.Millisecond),
					pl.OnError(pl.Skip))(pl.Range(200)).Run(t.Context()))
			}
		},
		"by a Timeout in the instant in which the slot comes": func(t *testing.T, s *task.Semaphore) {
			same := func() time.Duration { return 10 * time.Millisecond }
			require.NoError(t, task.Each(use(s, same), pl.Workers(50), pl.Timeout(10*time.Millisecond),
				pl.OnError(pl.Skip))(pl.Range(200)).Run(t.Context()))
		},
		"by a derived context": func(t *testing.T, s *task.Semaphore) {
			f := use(s, random)
			require.NoError(t, task.Each(func(ctx context.Context, x int) error {
				ctx, cancel := context.WithTimeout(ctx, random())
				defer cancel()
				return f(ctx, x)
			}, pl.Workers(50), pl.OnError(pl.Skip))(pl.Range(1000)).Run(t.Context()))
		},
		"by the end of the run": func(t *testing.T, s *task.Semaphore) {
			for range 20 {
				for range pl.Pipe(pl.Range(100), task.Map(func(ctx context.Context, x int) (int, error) {
					return x, use(s, random)(ctx, x)
				}, pl.Workers(50))).All(t.Context()) {
					break
				}
			}
		},
		"by an error of a sibling in Gather": func(t *testing.T, s *task.Semaphore) {
			f := use(s, random)
			require.NoError(t, task.Each(func(ctx context.Context, x int) error {
				child := func(ctx context.Context) (int, error) { return 0, f(ctx, x) }
				_, err := task.Gather(ctx, child, child, child, func(ctx context.Context) (int, error) {
					_ = task.Sleep(ctx, random())
					return 0, errors.New("over")
				})
				return err
			}, pl.Workers(20), pl.OnError(pl.Skip))(pl.Range(100)).Run(t.Context()))
		},
		"as goroutines": func(t *testing.T, s *task.Semaphore) {
			var callers sync.WaitGroup
			for x := range 500 {
				callers.Go(func() {
					ctx, cancel := context.WithTimeout(t.Context(), random())
					defer cancel()
					_ = use(s, random)(ctx, x)
				})
			}
			callers.Wait()
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := task.NewSemaphore(slots)
				leave(t, s)
				require.Equal(t, slots, free(s))
			})
		})
	}
}

func TestWaitingForASemaphoreHoldsNothing(t *testing.T) {
	const n = 1000
	synctest.Test(t, func(t *testing.T) {
		s := task.NewSemaphore(1)
		require.NoError(t, s.Acquire(t.Context()))
		begun, before := 0, runtime.NumGoroutine()
		step := task.Each(func(ctx context.Context, x int) error {
			if begun++; x < n {
				defer s.Release()
				return s.Acquire(ctx)
			}
			err := task.Sleep(ctx, time.Hour) // the others wait by then, and the loop goes on
			assert.Equal(t, n+1, begun)
			assert.Less(t, runtime.NumGoroutine()-before, n+100, "the tasks, and no goroutine for each that waits")
			s.Release()
			return err
		}, pl.Workers(n+1))
		require.NoError(t, step(pl.Range(n+1)).Run(t.Context()))
	})
}

func TestAcquireByAForeignGoroutineIsAnError(t *testing.T) {
	s := task.NewSemaphore(1)
	var kept context.Context
	require.NoError(t, once(t.Context(), func(ctx context.Context) error {
		kept = ctx
		failed := make(chan error)
		go func() { failed <- s.Acquire(ctx) }()
		if err := task.Sleep(ctx, time.Millisecond); err != nil {
			return err
		}
		require.ErrorContains(t, <-failed, "goroutine")
		return nil
	}))
	require.ErrorContains(t, s.Acquire(kept), "returned")
	require.NoError(t, s.Acquire(t.Context()), "the slot is there")
}

func TestMisuseOfASemaphorePanicsWithAMessage(t *testing.T) {
	for _, n := range []int{0, -1} {
		require.PanicsWithValue(t, panicked(func() { task.NewSemaphore(n) }), func() { task.NewSemaphore(n) })
		require.Contains(t, panicked(func() { task.NewSemaphore(n) }), "must be at least 1")
	}
	s := task.NewSemaphore(2)
	require.Contains(t, panicked(s.Release), "without Acquire")
	require.NoError(t, s.Acquire(t.Context()))
	s.Release()
	require.Contains(t, panicked(s.Release), "without Acquire")
	require.NoError(t, s.Acquire(t.Context()), "it works afterwards")
	require.NoError(t, s.Acquire(t.Context()))
}

func panicked(f func()) (message string) {
	defer func() { message, _ = recover().(string) }()
	f()
	return ""
}

func TestAnUncontendedAcquireAllocatesNothing(t *testing.T) {
	s := task.NewSemaphore(1)
	ctx := t.Context()
	require.Zero(t, testing.AllocsPerRun(100, func() {
		assert.NoError(t, s.Acquire(ctx))
		s.Release()
	}))
}

func BenchmarkSemaphore(b *testing.B) {
	s := task.NewSemaphore(1)
	b.Run("uncontended", func(b *testing.B) {
		for b.Loop() {
			_ = s.Acquire(b.Context())
			s.Release()
		}
	})
	b.Run("in a task", func(b *testing.B) {
		_ = once(b.Context(), func(ctx context.Context) error {
			for b.Loop() {
				_ = s.Acquire(ctx)
				s.Release()
			}
			return nil
		})
	})
	b.Run("contended", func(b *testing.B) {
		run(b, task.Map(func(ctx context.Context, x int) (int, error) {
			if err := s.Acquire(ctx); err != nil {
				return 0, err
			}
			defer s.Release()
			return x, task.Yield(ctx)
		}, pl.Workers(100))(pl.Range(b.N)))
	})
}
