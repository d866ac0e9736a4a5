//go:build unix

package embed_test

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/cluster"
	"github.com/gopeln/pl/cluster/embed"
)

// held runs until the test says so.
var held = cluster.Map(func(ctx context.Context, n int) (int, error) {
	for {
		if _, err := os.Stat(os.Getenv(notesVariable) + "go"); err == nil || ctx.Err() != nil {
			return n, ctx.Err()
		}
		time.Sleep(5 * time.Millisecond)
	}
}, pl.Name("held"))

// seen returns a context, and the figures of the cluster stage behind the source of the run that has it.
func seen(ctx context.Context) (watched context.Context, remote func() *pl.Remote) {
	started := make(chan *pl.RunInfo, 1)
	watched = pl.Observe(ctx, func(run *pl.RunInfo) func(error) { started <- run; return nil })
	info := sync.OnceValue(func() *pl.RunInfo { return <-started })
	return watched, func() *pl.Remote { return info().Stats().Stages[1].Remote }
}

// done is how many values have ended at the workers.
func done(r *pl.Remote) (n int) {
	for _, w := range r.Workers {
		n += int(w.Done)
	}
	return n
}

// states counts workers by state.
func states(r *pl.Remote) map[string]int {
	all := map[string]int{}
	for _, w := range r.Workers {
		all[w.State]++
	}
	return all
}

func TestFiguresTellWhichWorkersRunValues(t *testing.T) {
	notes := filepath.Join(t.TempDir(), "notes")
	t.Setenv(notesVariable, notes)
	s, err := embed.Start(t.Context(), embed.LocalWorkers(2))
	require.NoError(t, err)
	defer s.Close()
	ctx, remote := seen(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- held(pl.Range(2*slots)).With(cluster.On(s.Cluster()), cluster.BatchSize(1)).Run(ctx) }()
	require.Eventually(t, func() bool {
		r := remote()
		return len(r.Workers) == 2 && r.Workers[0].Active == slots && r.Workers[1].Active == slots
	}, time.Minute, 10*time.Millisecond)
	require.NoError(t, os.WriteFile(notes+"go", nil, 0o600))
	require.NoError(t, <-ended)

	host, err := os.Hostname()
	require.NoError(t, err)
	r := remote()
	require.Len(t, r.Workers, 2)
	assert.Less(t, r.Workers[0].PID, r.Workers[1].PID)
	for _, w := range r.Workers {
		assert.Equal(t, pl.RemoteWorker{Host: host, PID: w.PID, State: "serving", Slots: slots, Done: slots, Heard: w.Heard}, w)
	}
	assert.Equal(t, "2 workers on "+host, r.String())
	assert.Equal(t, r, remote(), "they stand still after the end")
}

func TestFiguresOfARunWhoseWorkerDies(t *testing.T) {
	t.Setenv(notesVariable, filepath.Join(t.TempDir(), "notes"))
	s, err := embed.Start(t.Context(), embed.LocalWorkers(2))
	require.NoError(t, err)
	defer s.Close()
	ctx, remote := seen(t.Context())
	const n = 100
	source := pl.FromFunc(func(ctx context.Context, yield func(int) bool) error {
		for i := range n {
			if i == n/2 { // one worker dies at value 3
				require.Eventually(t, func() bool { return states(remote())["lost"] == 1 }, time.Minute, 10*time.Millisecond)
			}
			if !yield(i) {
				break
			}
		}
		return nil
	})
	ids, err := identity(source).With(cluster.On(s.Cluster()), cluster.Lease(time.Second)).Collect(ctx)
	require.NoError(t, err)
	require.Len(t, ids, n)
	r := remote()
	assert.Positive(t, r.Redelivered)
	assert.Equal(t, n, done(r))
	assert.Equal(t, 1, states(r)["lost"])
	assert.Positive(t, states(r)["serving"])
}
