package queue_test

import (
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl/internal/queue"
)

// polling makes a waiter that waits in the system's poller, for the time of the test.
func polling(t *testing.T) *queue.Waiter {
	t.Helper()
	w := &queue.NewGoroutine().Waiter
	w.Poll()
	t.Cleanup(w.Close)
	return w
}

func TestNoWakeUpIsLostInThePoller(t *testing.T) {
	for _, bound := range []int{1, 3, 64} {
		q := queue.NewWindowed[int](bound, false)
		const producers, each = 3, 5000
		q.AddStage(func() {})
		var all sync.WaitGroup
		for range producers {
			out, me := q.Producer(), polling(t)
			all.Go(func() {
				for i := range each {
					require.True(t, out.Put(me, i, queue.Tag{}))
				}
			})
		}
		go func() {
			all.Wait()
			q.StageEnded()
		}()
		sum, in, me := 0, q.Consumer(nil), polling(t)
		for {
			v, _, ok := in.Take(me)
			if !ok {
				break
			}
			sum += v
		}
		require.Equal(t, producers*each*(each-1)/2, sum)
	}
}

func TestAWakeUpBeforeTheWaitCounts(t *testing.T) {
	g := queue.NewGoroutine()
	g.Poll()
	defer g.Close()
	for range 3 {
		g.Wake()
		g.Wake()
		g.Park()
	}
	time.AfterFunc(10*time.Millisecond, g.Wake)
	g.Park()
}

func TestAWaiterThatIsClosedMayStillBeWoken(t *testing.T) {
	g := queue.NewGoroutine()
	g.Poll()
	g.Wake()
	g.Park()
	g.Close()
	g.Wake()
	g.Close()
}

func TestWaitersInThePollerLeaveNoDescriptor(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux lists them")
	}
	count := func() int {
		entries, err := os.ReadDir("/proc/self/fd")
		require.NoError(t, err)
		return len(entries)
	}
	before := count()
	for range 10 {
		g := queue.NewGoroutine()
		g.Poll()
		g.Wake()
		g.Park()
		g.Close()
	}
	require.Equal(t, before, count())
}
