package loop

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"runtime/pprof"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// call is a receiver made of a function.
type call func()

func (c call) Receive() { c() }

func silent(l *Loop) *Owner {
	o, _ := l.NewOwner(context.Background(), func(time.Duration, string) {})
	return o
}

// on runs f on a loop in a bubble, as a task, and waits until that task and the loop have ended.
// The bubble fails the test where anything is left behind.
func on(t *testing.T, f func(l *Loop, o *Owner, self *Task)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { onLoop(f) })
}

func onLoop(f func(l *Loop, o *Owner, self *Task)) {
	l := New()
	wait := l.Acquire()
	o := silent(l)
	l.Post(&Message{To: call(func() {
		var self *Task
		self = l.Go(o, Func(func() {
			defer l.Release()
			f(l, o, self)
		}))
	})})
	wait()
}

// group lets a task wait for others.
type group struct {
	n    int
	self *Task
}

func (g *group) Go(l *Loop, o *Owner, f func(t *Task)) {
	g.n++
	var t *Task
	t = l.Go(o, Func(func() {
		defer func() {
			if g.n--; g.n == 0 {
				g.self.Wake()
			}
		}()
		f(t)
	}))
}

func (g *group) Wait() {
	for g.n > 0 {
		g.self.Park(0)
	}
}

func TestTasksTakeTurns(t *testing.T) {
	on(t, func(l *Loop, o *Owner, self *Task) {
		g := group{self: self}
		var order []int
		for i := range 3 {
			g.Go(l, o, func(t *Task) {
				for range 3 {
					order = append(order, i)
					t.Yield()
				}
			})
		}
		g.Wait()
		require.Equal(t, []int{0, 1, 2, 0, 1, 2, 0, 1, 2}, order)
	})
}

func TestTimersWakeInOrderAndOnTime(test *testing.T) {
	on(test, func(l *Loop, o *Owner, self *Task) {
		g := group{self: self}
		var woken []time.Duration
		for range 500 {
			d := time.Duration(1+rand.IntN(1e6)) * time.Millisecond
			g.Go(l, o, func(t *Task) {
				assert.True(test, t.Park(d))
				woken = append(woken, d)
				assert.Equal(test, d, l.Now())
			})
		}
		g.Wait()
		require.Len(test, woken, 500)
		require.True(test, slices.IsSorted(woken))
	})
}

func TestWakeTakesTheTimerAway(test *testing.T) {
	on(test, func(l *Loop, o *Owner, self *Task) {
		var sleepers []*Task
		g := group{self: self}
		for i := range 100 {
			g.Go(l, o, func(t *Task) {
				sleepers = append(sleepers, t)
				assert.False(test, t.Park(time.Duration(1+i)*time.Hour))
			})
		}
		self.Park(time.Second)
		rand.Shuffle(len(sleepers), func(i, j int) { sleepers[i], sleepers[j] = sleepers[j], sleepers[i] })
		for _, s := range sleepers {
			s.Wake()
			s.Wake() // the second means nothing
		}
		g.Wait()
		require.Empty(test, l.timers.heap)
		require.Equal(test, time.Second, l.Now())
	})
}

func TestMessagesFromManyGoroutinesAllArriveInOrder(t *testing.T) {
	const goroutines, each = 8, 1000
	onLoop(func(l *Loop, o *Owner, self *Task) {
		got := make([][]int, goroutines)
		left := goroutines * each
		for i := range goroutines {
			go func() {
				for j := range each {
					l.Post(&Message{To: call(func() {
						got[i] = append(got[i], j)
						if left--; left == 0 {
							self.Wake()
						}
					})})
				}
			}()
		}
		for left > 0 {
			self.Park(0)
		}
		for i := range goroutines {
			require.True(t, slices.IsSorted(got[i]))
			require.Len(t, got[i], each)
		}
	})
}

func TestNeitherTimersNorMessagesStarveBehindTasksThatYield(t *testing.T) {
	onLoop(func(l *Loop, o *Owner, self *Task) {
		g := group{self: self}
		posted, rang := false, false
		for range 200 {
			g.Go(l, o, func(t *Task) {
				for !posted || !rang {
					t.Yield()
				}
			})
		}
		g.Go(l, o, func(t *Task) { rang = t.Park(l.Now() + time.Millisecond) })
		go l.Post(&Message{To: call(func() { posted = true })})
		g.Wait()
	})
}

func TestGoexitEndsOneTaskAndNotTheLoop(t *testing.T) {
	on(t, func(l *Loop, o *Owner, self *Task) {
		g := group{self: self}
		finished := 0
		for i := range 10 {
			g.Go(l, o, func(t *Task) {
				t.Park(time.Second)
				if i == 3 {
					runtime.Goexit()
				}
				t.Park(time.Minute)
				finished++
			})
		}
		g.Wait()
		require.Equal(t, 9, finished)
	})
}

func TestCoroutinesAreUsedAgain(t *testing.T) {
	on(t, func(l *Loop, o *Owner, self *Task) {
		seen := map[*Task]bool{}
		for range 100 {
			g := group{self: self}
			g.Go(l, o, func(t *Task) { seen[t] = true })
			g.Wait()
		}
		require.Len(t, seen, 1)
	})
}

func TestAReusedCoroutineHasItsNewOwnersLabels(t *testing.T) {
	on(t, func(l *Loop, o *Owner, self *Task) {
		for _, name := range []string{"first", "second"} {
			owner, _ := l.NewOwner(pprof.WithLabels(t.Context(), pprof.Labels("stage", name)), nil)
			g := group{self: self}
			g.Go(l, owner, func(*Task) {
				var profile strings.Builder
				require.NoError(t, pprof.Lookup("goroutine").WriteTo(&profile, 1))
				require.Contains(t, profile.String(), fmt.Sprintf("%q:%q", "stage", name))
				require.Contains(t, l.watch.stack(), "TestAReusedCoroutineHasItsNewOwnersLabels")
				pprof.SetGoroutineLabels(context.Background()) // a function that spoils them
			})
			g.Wait()
		}
	})
}

func TestALoopRunsAgainAfterItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := New()
		for range 3 {
			wait := l.Acquire()
			require.NotNil(t, wait)
			require.Nil(t, l.Acquire(), "who comes second need not wait")
			ran := make(chan struct{})
			l.Post(&Message{To: call(func() { l.Go(silent(l), Func(func() { close(ran) })) })})
			<-ran
			l.Release()
			l.Release()
			wait()
		}
	})
}

func TestAcquireAndReleaseRace(t *testing.T) {
	l := New()
	var users, waits sync.WaitGroup
	for range 8 {
		users.Go(func() {
			for range 500 {
				if wait := l.Acquire(); wait != nil {
					waits.Go(wait)
				}
				runtime.Gosched()
				l.Release()
			}
		})
	}
	users.Wait()
	waits.Wait()
}

func TestWhenIdleComesAfterReadyTasksAndDoesNotWaitForEver(t *testing.T) {
	onLoop(func(l *Loop, o *Owner, self *Task) {
		g := group{self: self}
		idle := false
		turns := 0
		for range 2 {
			g.Go(l, o, func(t *Task) {
				for ; !idle; turns++ {
					t.Yield()
				}
			})
		}
		l.WhenIdle(call(func() { idle = true }))
		g.Wait()
		require.Greater(t, turns, 2)
	})
}

func TestRunningTellsTheTaskFromItsGoroutinesAndOthers(t *testing.T) {
	on(t, func(l *Loop, o *Owner, self *Task) {
		require.True(t, self.Running())
		seen := make(chan bool)
		go func() {
			time.Sleep(time.Second)
			seen <- self.Running()
		}()
		self.Park(time.Minute)
		require.False(t, <-seen)
	})
}

func TestAHeldLoopIsReportedOnceAMinuteWithItsStack(t *testing.T) {
	type stall struct {
		held  time.Duration
		stack string
	}
	synctest.Test(t, func(t *testing.T) {
		l := New()
		wait := l.Acquire()
		var stalls []stall
		o, _ := l.NewOwner(t.Context(), func(held time.Duration, stack string) {
			stalls = append(stalls, stall{held, stack})
		})
		l.Post(&Message{To: call(func() {
			var self *Task
			self = l.Go(o, Func(func() {
				defer l.Release()
				time.Sleep(90 * time.Millisecond) // short enough
				self.Park(l.Now() + time.Hour)    // parked is not held
				for range 20 {
					time.Sleep(90 * time.Millisecond)
					l.Sign()
				}
				blockInTest()
				blockInTest()
				self.Park(l.Now() + 2*time.Minute)
				blockInTest()
			}))
		})})
		wait()
		require.Len(t, stalls, 2)
		for _, s := range stalls {
			require.Equal(t, 100*time.Millisecond, s.held)
			require.Contains(t, s.stack, "blockInTest")
		}
	})
}

//go:noinline
func blockInTest() { time.Sleep(200 * time.Millisecond) }

func TestTheWatchdogSleepsWithTheLoop(t *testing.T) {
	on(t, func(l *Loop, o *Owner, self *Task) {
		start := l.Now()
		self.Park(start + 24*time.Hour)
		require.True(t, l.watch.armed.Load(), "awake again")
	})
	synctest.Test(t, func(t *testing.T) {
		l := New()
		wait := l.Acquire()
		time.Sleep(time.Hour)
		require.False(t, l.watch.armed.Load(), "asleep with the loop")
		l.Release()
		wait()
	})
}

func BenchmarkYield(b *testing.B) {
	for _, tasks := range []int{1, 1000} {
		b.Run("", func(b *testing.B) {
			onLoop(func(l *Loop, o *Owner, self *Task) {
				g := group{self: self}
				n := b.N/tasks + 1
				b.ResetTimer()
				for range tasks {
					g.Go(l, o, func(t *Task) {
						for range n {
							t.Yield()
						}
					})
				}
				g.Wait()
			})
		})
	}
}
