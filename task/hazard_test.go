package task_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log"
	"log/slog"
	"net/http"
	"runtime"
	"runtime/pprof"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/task"
)

// The hazards of coroutines: what would take the loop, or the process, with it.

func TestAPanicIsAnErrorOfItsValueWithItsOwnStack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := func(ctx context.Context, x int) (int, error) {
			if err := task.Sleep(ctx, time.Second); err != nil {
				return 0, err
			}
			if x == 7 {
				explode()
			}
			return x, nil
		}
		var failed *pl.StageError
		got, err := task.Map(f, pl.Workers(10), pl.OnError(func(_ context.Context, e *pl.StageError) error {
			failed = e
			return nil
		}))(pl.Range(20)).Collect(t.Context())
		require.NoError(t, err)
		require.Len(t, got, 19)
		require.Equal(t, 7, failed.Item)
		var p *pl.PanicError
		require.ErrorAs(t, failed, &p)
		require.Contains(t, string(p.Stack), "explode")
	})
}

func TestGoexitIsAnErrorOfItsValueAndTheLoopGoesOn(t *testing.T) {
	for _, await := range []bool{false, true} {
		for _, workers := range []int{1, 10} {
			synctest.Test(t, func(t *testing.T) {
				f := func(ctx context.Context, x int) (int, error) {
					if await {
						if err := task.Sleep(ctx, time.Second); err != nil {
							return 0, err
						}
					}
					if x%10 == 7 {
						runtime.Goexit()
					}
					return x, nil
				}
				var failed []any
				got, err := task.Map(f, pl.Workers(workers), pl.OnError(func(_ context.Context, e *pl.StageError) error {
					assert.ErrorContains(t, e, "Goexit")
					failed = append(failed, e.Item)
					return nil
				}))(pl.Range(30)).Collect(t.Context())
				require.NoError(t, err)
				require.Len(t, got, 27)
				require.Equal(t, []any{7, 17, 27}, failed)
			})
		}
	}
	synctest.Test(t, func(t *testing.T) {
		err := once(t.Context(), func(context.Context) error { runtime.Goexit(); return nil })
		require.ErrorContains(t, err, "Goexit")
	})
}

func TestGoexitAndPanicsInOnStartAndOnEndFailTheRun(t *testing.T) {
	f := func(context.Context, int, int) error { return nil }
	bad := map[string]func(){"Goexit": runtime.Goexit, "ouch": func() { panic("ouch") }}
	for want, end := range bad {
		synctest.Test(t, func(t *testing.T) {
			start := pl.OnStart(func(context.Context) (int, error) { end(); return 0, nil })
			require.ErrorContains(t, task.EachWith(start, f)(pl.Range(3)).Run(t.Context()), want)
			stop := pl.OnStart(func(context.Context) (int, error) { return 0, nil }).
				OnEnd(func(context.Context, int) error { end(); return nil })
			require.ErrorContains(t, task.EachWith(stop, f)(pl.Range(3)).Run(t.Context()), want)
		})
	}
}

func TestThreadLocksWithinAFunctionAreFine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := func(ctx context.Context, x int) (int, error) {
			runtime.LockOSThread()
			runtime.UnlockOSThread()
			return task.Await(ctx, func(context.Context) (int, error) {
				runtime.LockOSThread()
				if x%10 > 0 { // else forgotten: the goroutine keeps the thread, and is of use all the same
					runtime.UnlockOSThread()
				}
				return x, nil
			})
		}
		got, err := task.Map(f, pl.Workers(10))(pl.Range(100)).Collect(t.Context())
		require.NoError(t, err)
		require.Len(t, got, 100)
	})
}

func TestTheConsumerMayLockItsThread(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	n := 0
	for _, err := range task.Map(sleepFor(time.Microsecond), pl.Workers(10))(pl.Range(100)).All(t.Context()) {
		require.NoError(t, err)
		n++
	}
	require.Equal(t, 100, n)
}

func TestTheStageIsALabelOfTheTasksGoroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		look := func(ctx context.Context) error {
			stage, ok := pprof.Label(ctx, "stage")
			assert.True(t, ok)
			assert.Equal(t, "shop", stage)
			var profile strings.Builder
			assert.NoError(t, pprof.Lookup("goroutine").WriteTo(&profile, 1))
			found := false
			for record := range strings.SplitSeq(profile.String(), "\n\n") {
				found = found || strings.Contains(record, "WriteTo") && strings.Contains(record, `"stage":"shop"`)
			}
			assert.True(t, found, "in a profile")
			return nil
		}
		s := task.Each(func(ctx context.Context, x int) error {
			if err := look(ctx); err != nil {
				return err
			}
			// A function that leaves other labels behind spoils them for nobody.
			defer pprof.SetGoroutineLabels(context.Background())
			_, err := task.Gather(ctx, func(ctx context.Context) (int, error) { return 0, look(ctx) })
			return err
		}, pl.Name("shop"))
		require.NoError(t, s(pl.Range(1)).Run(t.Context()))
	})
}

// logged collects what is logged while f runs in a bubble.
func logged(t *testing.T, f func(t *testing.T)) string {
	t.Helper()
	var out bytes.Buffer
	logTo(t, slog.NewTextHandler(&out, nil))
	synctest.Test(t, f)
	return out.String()
}

// logTo makes h the handler of the default logger for the rest of the test.
func logTo(t *testing.T, h slog.Handler) {
	t.Helper()
	before, writer, flags := slog.Default(), log.Writer(), log.Flags()
	slog.SetDefault(slog.New(h))
	t.Cleanup(func() {
		slog.SetDefault(before)
		log.SetOutput(writer) // the first SetDefault has redirected it
		log.SetFlags(flags)
	})
}

func TestAFunctionThatHoldsTheLoopIsReported(t *testing.T) {
	out := logged(t, func(t *testing.T) {
		f := func(ctx context.Context, x int) (int, error) {
			switch x {
			case 3:
				holdTheLoop(150 * time.Millisecond)
			case 5:
				holdTheLoop(250 * time.Millisecond)
			}
			return x, task.Sleep(ctx, time.Second)
		}
		require.NoError(t, task.Map(f, pl.Name("shop"), pl.Workers(10))(pl.Range(20)).Run(t.Context()))
	})
	require.Equal(t, 1, strings.Count(out, "level=WARN"), "at most once a minute")
	for _, want := range []string{"stage=shop", "held=100ms", "holdTheLoop", "task.Await", "task.Transport", "task.Blocking", "thread backend"} {
		require.Contains(t, out, want)
	}
}

//go:noinline
func holdTheLoop(d time.Duration) { time.Sleep(d) }

func TestManyShortCallsAndParkedOnesAreNotReported(t *testing.T) {
	out := logged(t, func(t *testing.T) {
		f := func(ctx context.Context, x int) (int, error) {
			time.Sleep(90 * time.Millisecond)
			return x, task.Sleep(ctx, time.Minute)
		}
		require.NoError(t, task.Map(f, pl.Workers(3))(pl.Range(20)).Run(t.Context()))
	})
	require.Empty(t, out)
}

func TestTwoRunsAtOnceHaveLoopsOfTheirOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var inside, most atomic.Int32
		s := task.Each(func(context.Context, int) error {
			most.Store(max(most.Load(), inside.Add(1)))
			time.Sleep(time.Millisecond)
			inside.Add(-1)
			return nil
		})(pl.Range(10))
		done := make(chan error)
		for range 2 {
			go func() { done <- s.Run(t.Context()) }()
		}
		require.NoError(t, <-done)
		require.NoError(t, <-done)
		require.EqualValues(t, 2, most.Load())
	})
}

func TestLoopsRunInParallelAndExcludePerLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const loops = 4
		counters := [loops]int{}
		f := func(ctx context.Context, x int) (int, error) {
			counters[pl.WorkerFrom(ctx).Index]++ // a loop's own
			time.Sleep(time.Millisecond)         // holds one loop
			return x, nil
		}
		start := time.Now()
		got, err := task.Map(f, task.Loops(loops), pl.Workers(8))(pl.Range(400)).Collect(t.Context())
		require.NoError(t, err)
		require.ElementsMatch(t, count(400), got)
		require.Less(t, time.Since(start), 200*time.Millisecond)
		sum := 0
		for _, n := range counters {
			sum += n
		}
		require.Equal(t, 400, sum)
	})
}

// Law 4: a task that gives way to others has nothing in its hands that they could wait for.
func TestTasksThatTakeTurnsLeaveTheirValuesToEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := -1
		f := func(ctx context.Context, x int) (int, error) {
			assert.Equal(t, begun+1, x, "begun in the order in which they were taken")
			begun = x
			if x%3 == 0 {
				return x, task.Yield(ctx)
			}
			return x, nil
		}
		require.NoError(t, task.Map(f, pl.Workers(10))(pl.Range(5000)).Run(t.Context()))
	})
}

// Law 4, also where the value that must come to the rescue has to find another loop.
func TestAHeldLoopDoesNotKeepValuesFromTheOthers(t *testing.T) {
	for _, size := range []int{0, 1, 64} {
		synctest.Test(t, func(t *testing.T) {
			met := make(chan struct{})
			meet := func(ctx context.Context, x int) (int, error) {
				if x%10 == 3 {
					return x, task.Sleep(ctx, time.Millisecond)
				}
				switch x {
				case 1000:
					<-met
				case 1001:
					close(met)
				}
				return x, nil
			}
			s := task.Map(meet, task.Loops(2), pl.Workers(4), pl.MaxSize(size))(pl.Range(1200))
			got, err := s.Collect(t.Context())
			require.NoError(t, err)
			require.Len(t, got, 1200)
		})
	}
}

// brokenLog is a log handler of the user's that fails.
type brokenLog struct {
	slog.Handler
	fail func()
}

func (b brokenLog) Handle(context.Context, slog.Record) error { b.fail(); return nil }

func TestALogHandlerThatPanicsFailsTheRunAndNotTheProgram(t *testing.T) {
	for want, fail := range map[error]func(){errBoom: func() { panic(errBoom) }, pl.ErrGoexit: runtime.Goexit} {
		logTo(t, brokenLog{slog.NewTextHandler(io.Discard, nil), fail})
		synctest.Test(t, func(t *testing.T) {
			err := once(t.Context(), func(context.Context) error {
				time.Sleep(time.Second) // it holds the loop
				return nil
			})
			require.ErrorIs(t, err, want)
		})
	}
}

// An error's methods are the user's code: here each of them dereferences a nil pointer.
type brokenError struct{ text string }

func (e *brokenError) Error() string   { return e.text }
func (e *brokenError) Unwrap() error   { return errors.New(e.text) }
func (e *brokenError) Is(error) bool   { return e.text == "" }
func (e *brokenError) As(any) bool     { return e.text == "" }
func (e *brokenError) Timeout() bool   { return e.text == "" }
func (e *brokenError) Temporary() bool { return e.text == "" }

func TestAnErrorWhoseMethodsPanicIsAFailureOfItsValue(t *testing.T) {
	broken := func(context.Context) (int, error) { var err *brokenError; return 0, err }
	for name, f := range map[string]func(ctx context.Context) (int, error){
		"returned": broken,
		"panicked": func(context.Context) (int, error) { var err *brokenError; panic(err) },
		"awaited":  func(ctx context.Context) (int, error) { return task.Await(ctx, broken) },
		"awaited and panicked": func(ctx context.Context) (int, error) {
			return task.Await(ctx, func(context.Context) (int, error) { var err *brokenError; panic(err) })
		},
		"gathered": func(ctx context.Context) (int, error) {
			_, err := task.Gather(ctx, broken, broken)
			return 0, err
		},
		"transported": func(ctx context.Context) (int, error) {
			request, _ := http.NewRequestWithContext(ctx, http.MethodGet, "http://none", http.NoBody)
			_, err := task.Transport(roundTrip(func(*http.Request) (*http.Response, error) {
				_, err := broken(ctx)
				return nil, err
			})).RoundTrip(request)
			return 0, err
		},
	} {
		for _, opts := range [][]pl.Option{
			{}, {task.Blocking()}, {pl.Timeout(time.Minute)}, {pl.Retry(2, nil)}, {pl.Workers(5), task.Loops(2)},
			{task.Blocking(), pl.Timeout(time.Minute), pl.Workers(3)},
		} {
			t.Run(name, func(t *testing.T) {
				bad := func(ctx context.Context, x int) (int, error) {
					if x%3 == 0 {
						return f(ctx)
					}
					return x, nil
				}
				stage := pl.Ordered(task.Map(bad, opts...)(pl.Range(9)))
				_, err := stage.Collect(t.Context())
				var failure *pl.StageError
				require.Truef(t, as(err, &failure), "%T", err)
				got, err := pl.Ordered(task.Map(bad, append(opts, pl.OnError(pl.Skip))...)(pl.Range(9))).Collect(t.Context())
				require.NoError(t, err)
				require.Equal(t, []int{1, 2, 4, 5, 7, 8}, got)
				err = task.FlatMap(func(ctx context.Context, x int, yield func(int) bool) error {
					_, err := bad(ctx, x)
					return err
				}, opts...)(pl.Range(9)).Run(t.Context())
				require.Truef(t, as(err, &failure), "%T", err)
			})
		}
	}
}

// as is errors.As, but it asks no method of the user's.
func as(err error, target **pl.StageError) (ok bool) {
	*target, ok = err.(*pl.StageError) //nolint:errorlint // see above
	return ok
}
