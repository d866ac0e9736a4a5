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

// seen returns a context, and the figures of the stage behind the source of the run that has it.
func seen(ctx context.Context) (watched context.Context, stats func() pl.StageStats) {
	started := make(chan *pl.RunInfo, 1)
	watched = pl.Observe(ctx, func(run *pl.RunInfo) func(error) { started <- run; return nil })
	info := sync.OnceValue(func() *pl.RunInfo { return <-started })
	return watched, func() pl.StageStats { return info().Stats().Stages[1] }
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
	ctx, stats := seen(t.Context())
	remote := func() *pl.Remote { return stats().Remote }
	more := make(chan struct{})
	source := pl.FromFunc(func(_ context.Context, yield func(int) bool) error {
		for i := range 2 * slots {
			if !yield(i) {
				return nil
			}
		}
		<-more
		return nil
	})
	ended := make(chan error, 1)
	go func() { ended <- held(source).With(cluster.On(s.Cluster()), cluster.BatchSize(1)).Run(ctx) }()
	require.Eventually(t, func() bool {
		r := remote()
		return len(r.Workers) == 2 && r.Workers[0].Active == slots && r.Workers[1].Active == slots
	}, time.Minute, 10*time.Millisecond)
	before := stats()
	require.Eventually(t, func() bool { return stats().Busy > before.Busy }, time.Minute, time.Millisecond)
	assert.Equal(t, before.Starved, stats().Starved, "all slots have a value")
	assert.Equal(t, 2*slots, before.Workers)
	require.NoError(t, os.WriteFile(notes+"go", nil, 0o600))
	require.Eventually(t, func() bool { return done(remote()) == 2*slots }, time.Minute, time.Millisecond)
	before = stats()
	require.Eventually(t, func() bool { return stats().Starved > before.Starved }, time.Minute, time.Millisecond)
	assert.Equal(t, before.Busy, stats().Busy, "no slot has a value")
	close(more)
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
	ctx, stats := seen(t.Context())
	const n = 100
	source := pl.FromFunc(func(ctx context.Context, yield func(int) bool) error {
		for i := range n {
			if i == n/2 { // one worker dies at value 3
				require.Eventually(t, func() bool { return states(stats().Remote)["lost"] == 1 }, time.Minute, 10*time.Millisecond)
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
	r := stats().Remote
	assert.Positive(t, r.Redelivered)
	assert.Equal(t, n, done(r))
	assert.Equal(t, 1, states(r)["lost"])
	assert.Positive(t, states(r)["serving"])
}
