//go:build unix

package embed_test

import (
	"context"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/cluster"
	"github.com/gopeln/pl/cluster/embed"
)

// uneven takes long enough for every seventh value that what waits behind it is given back. Its results are the value,
// the number of the result, and the process that made it.
var uneven = cluster.FlatMap(func(_ context.Context, n int, yield func([3]int) bool) error {
	if n%7 == 3 {
		time.Sleep(80 * time.Millisecond)
	}
	for i := range 2 {
		if !yield([3]int{n, i, os.Getpid()}) {
			return nil
		}
	}
	return nil
}, pl.Name("uneven"))

// inOrder runs n values through uneven with one worker, and wants their results in order.
func inOrder(t *testing.T, s *embed.Server, n, batch int, each func(n, pid int)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Duration(*long)*time.Minute)
	defer cancel()
	next := 0
	step := uneven(pl.Range(n)).With(cluster.On(s.Cluster()), pl.Workers(1), cluster.BatchSize(batch), cluster.Lease(time.Hour))
	for r, err := range step.All(ctx) {
		require.NoError(t, err)
		require.Equal(t, [2]int{next / 2, next % 2}, [2]int{r[0], r[1]})
		next++
		each(r[0], r[2])
	}
	require.Equal(t, 2*n, next)
}

// What is given back of a message must not be overtaken by the next message.
func TestOneWorkerKeepsTheOrder(t *testing.T) {
	s, err := embed.Start(t.Context(), embed.LocalWorkers(2))
	require.NoError(t, err)
	defer s.Close()
	for _, batch := range []int{0, 1, 4, 64} {
		inOrder(t, s, 50, batch, func(int, int) {})
	}
}

func TestOneWorkerKeepsTheOrderAlthoughProcessesDie(t *testing.T) {
	s, err := embed.Start(t.Context(), embed.LocalWorkers(2))
	require.NoError(t, err)
	defer s.Close()
	killed := 0
	inOrder(t, s, 100**long, 4, func(n, pid int) {
		if n%20 == 11 && pid != killed {
			killed = pid
			_ = syscall.Kill(pid, syscall.SIGKILL) // it may have been killed before
		}
	})
	require.NotZero(t, killed)
}
