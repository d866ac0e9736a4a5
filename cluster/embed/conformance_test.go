//go:build unix

package embed_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/cluster"
	"github.com/gopeln/pl/cluster/embed"
	"github.com/gopeln/pl/internal/backendtest"
	"github.com/gopeln/pl/process"
)

// The suite's functions have one worker unless a check says otherwise, as those of the other backends do.

var api = backendtest.New(backendtest.Cluster(localWorkers*slots),
	func(f backendtest.MapFunc, opts ...pl.Option) backendtest.Step {
		return here(cluster.Map(f, one(opts)...))
	},
	func(f backendtest.FilterFunc, opts ...pl.Option) backendtest.Step {
		return here(cluster.Filter(f, one(opts)...))
	},
	func(f backendtest.FlatMapFunc, opts ...pl.Option) backendtest.Step {
		return here(cluster.FlatMap(f, one(opts)...))
	},
	func(f backendtest.EachFunc, opts ...pl.Option) pl.Partial[int, struct{}] {
		return here(cluster.Each(f, one(opts)...))
	},
	func(r pl.Resource[*backendtest.Handle], f backendtest.MapWithFunc, opts ...pl.Option) backendtest.Step {
		return here(cluster.MapWith(r, f, one(opts)...))
	},
	func(r pl.Resource[*backendtest.Handle], f backendtest.FilterWithFunc, opts ...pl.Option) backendtest.Step {
		return here(cluster.FilterWith(r, f, one(opts)...))
	},
	func(r pl.Resource[*backendtest.Handle], f backendtest.FlatMapWithFunc, opts ...pl.Option) backendtest.Step {
		return here(cluster.FlatMapWith(r, f, one(opts)...))
	},
	func(r pl.Resource[*backendtest.Handle], f backendtest.EachWithFunc, opts ...pl.Option) pl.Partial[int, struct{}] {
		return here(cluster.EachWith(r, f, one(opts)...))
	},
).Carrying(func(f func(context.Context, backendtest.Moody) (backendtest.Moody, error), opts ...pl.Option) pl.Partial[backendtest.Moody, backendtest.Moody] {
	return here(cluster.Map(f, one(opts)...))
})

func TestConformance(t *testing.T) {
	if server == nil {
		t.Skip("no server")
	}
	backendtest.Run(t, api)
}

func TestConformanceObserved(t *testing.T) {
	if server == nil {
		t.Skip("no server")
	}
	backendtest.RunObserved(t, api)
}

func init() { process.RegisterError(backendtest.ErrBroken) }

const (
	localWorkers = 2
	slots        = 3
	lease        = 5 * time.Second // what a message that is lost on a busy machine costs a check
)

var server *embed.Server // of all tests that need no other

func one(opts []pl.Option) []pl.Option { return append([]pl.Option{pl.Workers(1)}, opts...) }

// here makes a step's stages run on the tests' server.
func here[A, B any](p pl.Partial[A, B]) pl.Partial[A, B] {
	return func(s pl.Stage[A]) pl.Stage[B] {
		journal.follow()
		return p(s).With(cluster.On(server.Cluster()), cluster.Lease(lease))
	}
}

// journal is where the workers, which live longer than a test, find the journal of the test under way: a link.
var journal link

type link struct{ path string }

const journalVariable = "BACKENDTEST_JOURNAL"

func (l *link) follow() {
	_ = os.Remove(l.path)
	if to := os.Getenv(journalVariable); to != "" && to != l.path {
		_ = os.Symlink(to, l.path)
	}
}

func TestMain(m *testing.M) {
	play()
	embed.Main(cluster.Slots(slots))
	os.Exit(testMain(m))
}

func testMain(m *testing.M) int {
	dir, err := os.MkdirTemp("", "cluster")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	journal.path = filepath.Join(dir, "journal")
	os.Setenv(journalVariable, journal.path)
	if server, err = embed.Start(context.Background(), embed.LocalWorkers(localWorkers)); err != nil {
		panic(err)
	}
	defer server.Close()
	os.Unsetenv(journalVariable)
	return m.Run()
}
