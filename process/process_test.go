//go:build unix

package process_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/process"
)

func addOne(_ context.Context, n int) (int, error) { return n + 1, nil }

var increment = process.Map(addOne)

func numbers(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

func TestMapRunsInOtherProcesses(t *testing.T) {
	got, err := pids(pl.Range(50)).With(pl.Workers(2)).Collect(t.Context())
	require.NoError(t, err)
	require.Len(t, got, 50)
	require.NotContains(t, got, os.Getpid())
}

var pids = process.Map(func(context.Context, int) (int, error) { return os.Getpid(), nil })

func TestEveryValueArrivesOnce(t *testing.T) {
	const n = 30_000
	for _, workers := range []int{1, 3} {
		got, err := increment(pl.Range(n)).With(pl.Workers(workers)).Collect(t.Context())
		require.NoError(t, err)
		if workers > 1 {
			slices.Sort(got)
		}
		require.Len(t, got, n)
		for i, v := range got {
			require.Equal(t, i+1, v)
		}
	}
}

var (
	even   = process.Filter(func(_ context.Context, n int) (bool, error) { return n%2 == 0, nil })
	repeat = process.FlatMap(func(_ context.Context, n int, yield func(string) bool) error {
		for i := range n {
			if !yield(fmt.Sprint(n, "/", i)) {
				break
			}
		}
		return nil
	})
	visit = process.Each(func(_ context.Context, n int) error {
		if n == 7 {
			return errors.New("seven")
		}
		return nil
	})
)

func TestOperators(t *testing.T) {
	kept, err := even(pl.Range(1000)).Collect(t.Context())
	require.NoError(t, err)
	require.Len(t, kept, 500)
	require.Equal(t, []int{0, 2, 4}, kept[:3])

	texts, err := repeat(pl.From(0, 2, 1, 3)).Collect(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"2/0", "2/1", "1/0", "3/0", "3/1", "3/2"}, texts)

	require.NoError(t, visit(pl.From(1, 2, 3)).Run(t.Context()))
	err = visit(pl.Range(10)).Run(t.Context())
	stageErr, ok := errors.AsType[*pl.StageError](err)
	require.True(t, ok, "%v", err)
	require.Equal(t, 7, stageErr.Item)
	remote, ok := errors.AsType[*process.RemoteError](err)
	require.True(t, ok)
	require.Equal(t, process.RemoteError{Type: "*errors.errorString", Message: "seven"}, *remote)
}

// note is a resource whose end is written to a file, since a worker cannot tell otherwise.
type note struct{ path string }

func openNote(ctx context.Context) (note, error) {
	dir := os.Getenv("NOTES")
	info := pl.WorkerFrom(ctx)
	n := note{fmt.Sprintf("%s/%s-%d-%d", dir, info.Stage, info.Index, os.Getpid())}
	return n, os.WriteFile(n.path, []byte("open"), 0o600)
}

func closeNote(ctx context.Context, n note) error {
	status := pl.StatusFrom(ctx)
	return os.WriteFile(n.path, fmt.Appendf(nil, "closed %d %v", status.ActiveWorkers, status.Done), 0o600)
}

var noted = process.MapWith(pl.OnStart(openNote).OnEnd(closeNote),
	func(ctx context.Context, n note, in int) (string, error) {
		if in < 0 {
			<-ctx.Done()
			return "", ctx.Err()
		}
		return n.path, nil
	}, pl.Name("noted"))

func notes(t *testing.T, dir string) (texts []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		text, err := os.ReadFile(dir + "/" + e.Name())
		require.NoError(t, err)
		texts = append(texts, string(text))
	}
	return texts
}

func TestResourcesOpenAndCloseInTheWorkers(t *testing.T) {
	dir := t.TempDir()
	got, err := noted(pl.Range(2000)).With(pl.Workers(3), process.Env("NOTES="+dir)).Collect(t.Context())
	require.NoError(t, err)
	require.Len(t, got, 2000)
	require.Contains(t, got[0], "/noted-")
	texts := notes(t, dir)
	require.NotEmpty(t, texts)
	last := 0
	for _, text := range texts {
		require.True(t, strings.HasPrefix(text, "closed "), text)
		if strings.HasSuffix(text, "true") {
			last++
		}
	}
	require.Equal(t, 1, last, "%q", texts)
}

func TestEmptyInputOpensOneWorker(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, noted(pl.From[int]()).With(pl.Workers(3), process.Env("NOTES="+dir)).Run(t.Context()))
	require.Equal(t, []string{"closed 0 true"}, notes(t, dir))
}

func TestBreakEndsFunctionsAndClosesResources(t *testing.T) {
	dir := t.TempDir()
	values := slices.Repeat([]int{-1}, 3)
	started := time.Now()
	for v, err := range noted(pl.FromSlice(append([]int{1}, values...))).
		With(pl.Workers(2), process.Env("NOTES="+dir)).All(t.Context()) {
		require.NoError(t, err)
		require.NotEmpty(t, v)
		break
	}
	require.Less(t, time.Since(started), 3*time.Second)
	for _, text := range notes(t, dir) {
		require.True(t, strings.HasPrefix(text, "closed "), text)
	}
}

func TestCancelGivesTheCallersCause(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("enough")
	time.AfterFunc(50*time.Millisecond, func() { cancel(why) })
	err := noted(pl.From(-1, -1)).With(pl.Workers(2), process.Env("NOTES="+dir)).Run(ctx)
	require.ErrorIs(t, err, why)
}

type job struct {
	ID   int
	Name string
	Tags []string
	At   time.Time
}

var (
	jobs  = process.Map(func(_ context.Context, j job) (job, error) { j.ID++; return j, nil })
	upper = process.Map(func(_ context.Context, s string) (string, error) { return strings.ToUpper(s), nil })
	bytes = process.Map(func(_ context.Context, b []byte) ([]byte, error) { return b, nil })
	unit  = process.Map(func(_ context.Context, u struct{}) (struct{}, error) { return u, nil })
)

func TestValuesOfAllKindsTravel(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	in := []job{{1, "a", []string{"x"}, at}, {}, {3, "c", nil, at}}
	got, err := jobs(pl.FromSlice(in)).Collect(t.Context())
	require.NoError(t, err)
	require.Equal(t, []job{{2, "a", []string{"x"}, at}, {ID: 1}, {4, "c", nil, at}}, got)

	texts, err := upper(pl.From("a", "", strings.Repeat("b", 1<<20))).Collect(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"A", "", strings.Repeat("B", 1<<20)}, texts)

	blobs, err := bytes(pl.From(nil, []byte{}, make([]byte, 3<<20))).Collect(t.Context())
	require.NoError(t, err)
	require.Equal(t, [][]byte{nil, {}, make([]byte, 3<<20)}, blobs)

	units, err := unit(pl.From(struct{}{}, struct{}{})).Collect(t.Context())
	require.NoError(t, err)
	assert.Len(t, units, 2)
}
