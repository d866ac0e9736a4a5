//go:build unix

package embed_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/cluster"
	"github.com/gopeln/pl/cluster/embed"
)

// deaf ignores its context. Its values are tens of milliseconds; less than 0: for ever.
var deaf = cluster.Map(func(_ context.Context, n int) (int, error) {
	note(fmt.Sprintf("begin %d %d", n, os.Getpid()))
	if n < 0 {
		select {}
	}
	time.Sleep(time.Duration(n) * 10 * time.Millisecond)
	note(fmt.Sprintf("end %d %d", n, os.Getpid()))
	return n, nil
}, pl.Name("deaf"))

// takeNotes makes the notes of the test, and returns what reads them.
func takeNotes(t *testing.T) (read func() []string) {
	path := filepath.Join(t.TempDir(), "notes")
	t.Setenv(notesVariable, path)
	return func() []string {
		text, _ := os.ReadFile(path)
		return strings.Split(strings.TrimSpace(string(text)), "\n")
	}
}

// atOneKey makes all values have one key, and skips those that time out.
func atOneKey(s *embed.Server, more ...pl.Option) []pl.Option {
	return append(more, cluster.On(s.Cluster()), cluster.Lease(time.Second), pl.Timeout(200*time.Millisecond),
		pl.ByKey(func(int) string { return "all" }))
}

func TestAKeyIsBusyUntilItsAbandonedFunctionReturns(t *testing.T) {
	notes := takeNotes(t)
	s, err := embed.Start(t.Context(), embed.LocalWorkers(2))
	require.NoError(t, err)
	defer s.Close()
	want := []int{70, 1, 60, 2, 3}
	for i, workers := range [][]pl.Option{nil, {pl.Workers(1)}, {pl.Workers(4)}} {
		got, err := deaf(pl.FromSlice(want)).With(atOneKey(s, append(workers, pl.OnError(pl.Skip))...)...).Collect(t.Context())
		require.NoError(t, err)
		require.Equal(t, []int{1, 2, 3}, got)
		lines := notes()[10*i:]
		require.Len(t, lines, 10)
		for i, n := range want {
			assert.True(t, strings.HasPrefix(lines[2*i], fmt.Sprintf("begin %d ", n)), lines)
			assert.True(t, strings.HasPrefix(lines[2*i+1], fmt.Sprintf("end %d ", n)), lines)
		}
	}
}

func TestAKeyIsFreeWhenTheWorkerOfItsAbandonedFunctionIsLost(t *testing.T) {
	notes := takeNotes(t)
	s, err := embed.Start(t.Context(), embed.LocalWorkers(2))
	require.NoError(t, err)
	defer s.Close()
	var killed time.Time
	kill := pl.OnError(func(context.Context, *pl.StageError) error {
		var n, pid int
		if _, err := fmt.Sscanf(notes()[0], "begin %d %d", &n, &pid); err != nil {
			return err
		}
		killed = time.Now()
		return syscall.Kill(pid, syscall.SIGKILL)
	})
	got, err := deaf(pl.From(-1, 1, 2)).With(atOneKey(s, kill)...).Collect(t.Context())
	require.NoError(t, err)
	require.Equal(t, []int{1, 2}, got)
	require.Less(t, time.Since(killed), 10*time.Second)
}

// opened cannot be opened.
var opened = cluster.MapWith(pl.OnStart(func(context.Context) (int, error) { return 0, errors.New("no such thing") }),
	func(_ context.Context, r, n int) (int, error) { return r + n, nil }, pl.Name("opened"))

// lost is a result that cannot be encoded, or else not decoded.
type lost struct{ unsent bool }

func (l lost) MarshalBinary() ([]byte, error) {
	if l.unsent {
		return nil, errors.New("stays here")
	}
	return []byte("?"), nil
}

func (*lost) UnmarshalBinary([]byte) error { return errors.New("makes no sense") }

var losing = cluster.Map(func(_ context.Context, unsent bool) (lost, error) { return lost{unsent}, nil }, pl.Name("losing"))

func TestErrorsNameTheirWorker(t *testing.T) {
	takeNotes(t)
	s, err := embed.Start(t.Context(), embed.LocalWorkers(1))
	require.NoError(t, err)
	defer s.Close()
	host, err := os.Hostname()
	require.NoError(t, err)
	named := "host " + host + `, process \d+: `
	on := []pl.Option{cluster.On(s.Cluster()), cluster.Lease(time.Second), cluster.MaxDeliver(1)}

	err = deaf(pl.From(50)).With(append(on, pl.Timeout(100*time.Millisecond))...).Run(t.Context())
	require.ErrorIs(t, err, pl.ErrTimeout)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Regexp(t, named, err.Error())

	err = opened(pl.From(1)).With(on...).Run(t.Context())
	require.Regexp(t, named+"no such thing", err.Error())

	err = losing(pl.From(true)).With(on...).Run(t.Context())
	require.Regexp(t, named+"cannot encode the result: .*stays here", err.Error())
	err = losing(pl.From(false)).With(on...).Run(t.Context())
	require.Regexp(t, named+"cannot decode the result: .*makes no sense", err.Error())

	err = fatal(pl.From(13)).With(on...).Run(t.Context())
	var poison *cluster.PoisonError
	require.ErrorAs(t, err, &poison)
	require.Regexp(t, named+"the value began 1 times", err.Error())
}
