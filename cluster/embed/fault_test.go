//go:build unix

package embed_test

import (
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/cluster"
	"github.com/gopeln/pl/cluster/embed"
	"github.com/gopeln/pl/process"
)

// What goes wrong must cost time only. Each test counts every value; -long makes them last.

var long = flag.Int("long", 1, "how many times as long the fault tests are")

// listening starts a server that other processes can reach.
func listening(t testing.TB) (*embed.Server, string) {
	t.Helper()
	s, err := embed.Start(t.Context(), embed.Listen("127.0.0.1:0"))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	return s, s.URL()
}

// account runs n values through the stage work, and counts them as they arrive and where they ended.
func account(t *testing.T, c *cluster.Cluster, n int, opts ...pl.Option) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Duration(*long)*90*time.Second)
	defer cancel()
	ctx, stats := seen(ctx)
	var got tally
	opts = append([]pl.Option{cluster.On(c), cluster.Lease(time.Second)}, opts...)
	for v, err := range work(pl.Range(n)).With(opts...).All(ctx) {
		require.NoError(t, err)
		got.add(v)
	}
	got.check(t, n, func(i int) int { return 3 * i })
	require.Equal(t, n, done(stats().Remote), "%+v", stats().Remote)
}

// during calls f again and again while the test's run goes on.
func during(t *testing.T, every time.Duration, f func(i int)) (stop func()) {
	over, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for i := 0; ; i++ {
			select {
			case <-over:
				return
			case <-time.After(every):
				f(i)
			}
		}
	}()
	return func() { close(over); <-done }
}

// killedInTurn starts three workers, and kills one after the other and starts it again, until stop is called.
func killedInTurn(t *testing.T, url string) (stop func()) {
	t.Helper()
	var workers []*actor
	for range 3 {
		workers = append(workers, cast(t, "worker", url))
	}
	return during(t, 700*time.Millisecond, func(i int) {
		w := workers[i%len(workers)]
		w.kill()
		w.start()
	})
}

func TestWorkersAreKilledAllThroughARun(t *testing.T) {
	s, url := listening(t)
	stop := killedInTurn(t, url)
	account(t, s.Cluster(), 6000**long)
	stop()
}

// located is work that says in which process it was done.
var located = cluster.Map(func(_ context.Context, n int) ([2]int, error) {
	time.Sleep(time.Millisecond)
	return [2]int{n, os.Getpid()}, nil
}, pl.Name("located"))

// isLost reports whether the worker in that process counts as lost.
func isLost(r *pl.Remote, pid int) bool {
	return slices.ContainsFunc(r.Workers, func(w pl.RemoteWorker) bool { return w.PID == pid && w.State == "lost" })
}

// What a local worker had when it is killed does not wait for its lease, or none of these runs would end in time.
func TestALocalWorkersDeathIsKnownAtOnce(t *testing.T) {
	for name, opts := range map[string][]pl.Option{"all slots": nil, "bounded": {pl.Workers(4), cluster.BatchSize(3)}, "one": {pl.Workers(1)}} {
		t.Run(name, func(t *testing.T) {
			leavesNothing(t)
			s, err := embed.Start(t.Context(), embed.LocalWorkers(2))
			require.NoError(t, err)
			defer s.Close()
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(*long)*time.Minute)
			defer cancel()
			ctx, stats := seen(ctx)
			n := 1000 * *long
			var got tally
			for v, err := range located(pl.Range(n)).With(append(opts, cluster.On(s.Cluster()), cluster.Lease(time.Hour))...).All(ctx) {
				require.NoError(t, err)
				got.add(v[0])
				if len(got.seen)%400 == 300 {
					if err := syscall.Kill(v[1], syscall.SIGKILL); err != nil {
						require.ErrorIs(t, err, syscall.ESRCH, "killed before")
					}
					require.Eventually(t, func() bool { return isLost(stats().Remote, v[1]) }, time.Minute, time.Millisecond)
				}
			}
			got.check(t, n, func(i int) int { return i })
			require.NoError(t, s.Close())
		})
	}
}

// A peer that says of living workers that they have died can make them count as lost, and no more.
func TestAFalseWordOfAWorkersDeathCostsNothing(t *testing.T) {
	s, err := embed.Start(t.Context(), embed.LocalWorkers(2))
	require.NoError(t, err)
	defer s.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	ctx, stats := seen(ctx)
	host, err := os.Hostname()
	require.NoError(t, err)
	const n = 400
	var got tally
	for v, err := range located(pl.Range(n)).With(cluster.On(s.Cluster()), cluster.Lease(time.Hour)).All(ctx) {
		require.NoError(t, err)
		got.add(v[0])
		for _, word := range []string{fmt.Sprintf(`{"Host":%q,"PID":%d}`, host, v[1]), "{", "null", "7", `{"PID":-1}`} {
			require.NoError(t, s.Conn().Publish("pl.default.h", []byte(word)))
		}
	}
	got.check(t, n, func(i int) int { return i })
	require.Zero(t, stats().Remote.Redelivered)
	require.Equal(t, n, done(stats().Remote))
}

// parroted is values as they are, with the process that had them.
var parroted = cluster.Map(func(_ context.Context, text string) ([2]string, error) {
	time.Sleep(time.Millisecond)
	return [2]string{text, strconv.Itoa(os.Getpid())}, nil
}, pl.Name("parroted"))

// The program reads its local workers' connections for the names of messages. Values and results that
// contain such names must not confuse it.
func TestValuesThatReadLikeTheProtocolHarmNothing(t *testing.T) {
	leavesNothing(t)
	s, err := embed.Start(t.Context(), embed.LocalWorkers(2))
	require.NoError(t, err)
	defer s.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	const n = 600
	source := pl.FromFunc(func(_ context.Context, yield func(string) bool) error {
		streams := jobStreams(t, s)
		require.Len(t, streams, 1)
		for i := range n {
			name := fmt.Sprintf("$JS.ACK.%s.w.1.%d.%d.%d.0", streams[0], i, i, time.Now().UnixNano())
			if !yield(fmt.Sprintf("\r\nPUB %s 4\r\n+ACK\r\n%s\r\n%d", name, name, i)) {
				return nil
			}
		}
		return nil
	})
	seen := map[string]bool{}
	for v, err := range parroted(source).With(cluster.On(s.Cluster()), cluster.Lease(time.Hour)).All(ctx) {
		require.NoError(t, err)
		require.False(t, seen[v[0]], "twice: %q", v[0])
		seen[v[0]] = true
		if pid, err := strconv.Atoi(v[1]); len(seen) == n/3 {
			require.NoError(t, err)
			require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
		}
	}
	require.Len(t, seen, n)
	require.NoError(t, s.Close())
}

func TestAFlatMapsWorkersAreKilled(t *testing.T) {
	s, url := listening(t)
	stop := killedInTurn(t, url)
	defer stop()
	const each = 5
	n := 2000 * *long
	var got tally
	for v, err := range works(pl.Range(n)).With(cluster.On(s.Cluster()), cluster.Lease(time.Second)).All(t.Context()) {
		require.NoError(t, err)
		got.add(v)
	}
	got.check(t, n*each, func(i int) int { return i/each*10 + i%each })
}

func TestAFlatMapRepeatsNothingItYielded(t *testing.T) {
	for name, opts := range map[string][]pl.Option{"boundless": nil, "bounded": {pl.MaxSize(3)}} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(notesVariable, filepath.Join(t.TempDir(), "notes"))
			s, err := embed.Start(t.Context(), embed.LocalWorkers(1))
			require.NoError(t, err)
			defer s.Close()
			const n = 30
			opts := append(opts, cluster.On(s.Cluster()), pl.Retry(2, nil))
			got, err := stumbles(pl.Range(n)).With(opts...).Collect(t.Context())
			require.NoError(t, err)
			slices.Sort(got)
			var want []int
			for i := range n {
				for j := range 1 + i%3 {
					want = append(want, 10*i+j)
				}
			}
			require.Equal(t, want, got)
		})
	}
}

func TestAWorkerIsFrozenBeyondItsLease(t *testing.T) {
	s, url := listening(t)
	zombie := cast(t, "worker", url)
	cast(t, "worker", url)
	stop := during(t, 500*time.Millisecond, func(i int) {
		zombie.signal(syscall.SIGSTOP)
		time.Sleep(2500 * time.Millisecond)
		zombie.signal(syscall.SIGCONT)
	})
	account(t, s.Cluster(), 6000**long)
	stop()
}

// freePort returns a port at which nothing listens now.
func freePort(t *testing.T) int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func TestTheServerIsRestartedAndForgetsAll(t *testing.T) {
	port := freePort(t)
	url := fmt.Sprintf("nats://127.0.0.1:%d", port)
	srv := cast(t, "server", fmt.Sprint(port), "CLUSTER_TEST_DIR="+t.TempDir())
	cast(t, "worker", url)
	cast(t, "worker", url)
	nc, err := dial(url)
	require.NoError(t, err)
	defer nc.Close()
	stop := during(t, 1500*time.Millisecond, func(i int) {
		if i < 2**long {
			srv.kill()
			time.Sleep(200 * time.Millisecond)
			srv.start()
		}
	})
	account(t, cluster.New(nc), 8000**long)
	stop()
}

func TestThreeServersAreKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes long")
	}
	var ports, routes [3]int
	for i := range ports {
		ports[i], routes[i] = freePort(t), freePort(t)
	}
	route := fmt.Sprintf("nats://127.0.0.1:%d,nats://127.0.0.1:%d,nats://127.0.0.1:%d", routes[0], routes[1], routes[2])
	var servers []*actor
	var urls []string
	for i := range ports {
		servers = append(servers, cast(t, "server", fmt.Sprintf("%d,%d,%s", ports[i], routes[i], route), "CLUSTER_TEST_DIR="+t.TempDir()))
		urls = append(urls, fmt.Sprintf("nats://127.0.0.1:%d", ports[i]))
	}
	url := strings.Join(urls, ",")
	cast(t, "worker", url)
	cast(t, "worker", url)
	nc, err := dial(url)
	require.NoError(t, err)
	defer nc.Close()
	js, err := jetstream.New(nc)
	require.NoError(t, err)
	require.Eventually(t, func() bool { // until they have a leader
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := js.CreateStream(ctx, jetstream.StreamConfig{Name: "probe", Replicas: 3, Storage: jetstream.MemoryStorage})
		return err == nil
	}, 40*time.Second, 200*time.Millisecond)
	stop := during(t, 4*time.Second, func(i int) {
		victims := servers[i%3 : i%3+1]
		if i%4 == 3 {
			victims = servers // all at once
		}
		for _, s := range victims {
			s.kill()
		}
		time.Sleep(500 * time.Millisecond)
		for _, s := range victims {
			s.start()
		}
	})
	account(t, cluster.New(nc), 8000**long, cluster.Replicas(3))
	stop()
}

// jobStreams are the streams of work that a server has.
func jobStreams(t *testing.T, s *embed.Server) (names []string) {
	t.Helper()
	js, err := jetstream.New(s.Conn())
	require.NoError(t, err)
	for name := range js.StreamNames(t.Context()).Name() {
		if strings.HasPrefix(name, "PL_") {
			names = append(names, name)
		}
	}
	return names
}

func TestARunThatEndsBeforeItHasBegunLeavesNoStream(t *testing.T) {
	s, url := listening(t)
	cast(t, "worker", url)
	for i := range 60 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i)*100*time.Microsecond)
		err := work(pl.Range(1000)).With(cluster.On(s.Cluster())).Run(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		cancel()
		require.Empty(t, jobStreams(t, s), "run %d", i)
	}
}

func TestTheParentIsKilled(t *testing.T) {
	s, url := listening(t)
	cast(t, "worker", url)
	parent := cast(t, "parent", url)
	require.NotEmpty(t, jobStreams(t, s))
	parent.kill()
	require.Eventually(t, func() bool { return len(jobStreams(t, s)) == 0 }, 20*time.Second, 100*time.Millisecond)
}

func TestAValueThatKillsItsWorkers(t *testing.T) {
	notes := filepath.Join(t.TempDir(), "notes")
	t.Setenv(notesVariable, notes)
	s, err := embed.Start(t.Context(), embed.LocalWorkers(3))
	require.NoError(t, err)
	defer s.Close()
	for _, deliver := range []int{1, 3} {
		os.Remove(notes)
		var poison *cluster.PoisonError
		var items []any
		handler := pl.OnError(func(_ context.Context, e *pl.StageError) error {
			items = append(items, e.Item)
			assert.ErrorAs(t, e, &poison)
			return nil
		})
		var got tally
		stage := fatal(pl.Range(200)).With(cluster.On(s.Cluster()), cluster.Lease(time.Second), cluster.MaxDeliver(deliver), handler,
			pl.Retry(2, nil)) // which does not try a value again that has killed that many
		for v, err := range stage.All(t.Context()) {
			require.NoError(t, err)
			got.add(v)
		}
		assert.Len(t, got.seen, 199)
		assert.Equal(t, []any{13}, items)
		require.NotNil(t, poison)
		assert.Equal(t, deliver, poison.Deliveries)
		text, _ := os.ReadFile(notes)
		assert.Equal(t, deliver, strings.Count(string(text), "began"))
	}
}

func TestItemIDIsTheSameOnEachAttempt(t *testing.T) {
	t.Setenv(notesVariable, filepath.Join(t.TempDir(), "notes"))
	s, err := embed.Start(t.Context(), embed.LocalWorkers(2))
	require.NoError(t, err)
	defer s.Close()
	ids, err := identity(pl.Range(6)).With(cluster.On(s.Cluster()), cluster.Lease(time.Second)).Collect(t.Context())
	require.NoError(t, err)
	require.Len(t, ids, 6)
	seen := map[string]bool{}
	for _, id := range ids {
		require.NotEmpty(t, id)
		require.False(t, seen[id])
		seen[id] = true
	}
	require.Empty(t, cluster.ItemID(t.Context()))
}

func TestLargeValuesResultsAndErrors(t *testing.T) {
	big := make([]byte, 5<<20)
	got, err := blob(pl.From(big, big[:10])).With(cluster.On(server.Cluster())).Collect(t.Context())
	require.NoError(t, err)
	require.Len(t, got, 2)
	require.Equal(t, 5<<20+1+11, len(got[0])+len(got[1]))
	failing := append([]byte("e"), make([]byte, 3<<20)...)
	_, err = blob(pl.From(failing)).With(cluster.On(server.Cluster())).Collect(t.Context())
	require.ErrorContains(t, err, "longlong")
	js, err := jetstream.New(server.Conn())
	require.NoError(t, err)
	store, err := js.ObjectStore(t.Context(), "PLO_default")
	require.NoError(t, err)
	_, err = store.List(t.Context())
	require.ErrorIs(t, err, jetstream.ErrNoObjectsFound, "nothing is left")
}

func TestTwoNamespacesOnOneServer(t *testing.T) {
	s, url := listening(t)
	cast(t, "worker", url, "CLUSTER_TEST_NAMESPACE=one")
	one, two := s.Cluster(cluster.Namespace("one")), s.Cluster(cluster.Namespace("two"))
	account(t, one, 300)
	start := time.Now()
	_, err := work(pl.Range(3)).With(cluster.On(two), cluster.WaitWorkers(300*time.Millisecond)).Collect(t.Context())
	var none *cluster.NoWorkersError
	require.ErrorAs(t, err, &none)
	require.Less(t, time.Since(start), 20*time.Second) // not WaitWorkers' default
	cast(t, "worker", url, "CLUSTER_TEST_NAMESPACE=two")
	account(t, two, 300)
}

func TestAnotherProgramsWorkerIsRefused(t *testing.T) {
	s, url := listening(t)
	cast(t, "other", url)
	read := false
	source := pl.FromFunc(func(context.Context, func(int) bool) error { read = true; return nil })
	err := contract(source).With(cluster.On(s.Cluster()), cluster.WaitWorkers(500*time.Millisecond)).Run(t.Context())
	var none *cluster.NoWorkersError
	require.ErrorAs(t, err, &none)
	require.Len(t, none.Reasons, 1)
	require.Contains(t, none.Reasons[0], `"contract" is string→string in the worker's program`)
	require.False(t, read, "no source is read before there is a worker")
	account(t, s.Cluster(), 100) // what is alike works
}

func TestAClosedConnectionIsToldFromOneThatGaveUp(t *testing.T) {
	s, err := embed.Start(t.Context(), embed.Listen("127.0.0.1:0"))
	require.NoError(t, err)
	gone := make(chan struct{})
	nc, err := nats.Connect(s.URL(), nats.MaxReconnects(1), nats.ReconnectWait(time.Millisecond),
		nats.ClosedHandler(func(*nats.Conn) { close(gone) }))
	require.NoError(t, err)
	defer nc.Close()
	closed, gaveUp := s.Cluster(), cluster.New(nc)
	require.NoError(t, s.Close())
	<-gone
	err = work(pl.Range(3)).With(cluster.On(closed)).Run(t.Context())
	require.ErrorContains(t, err, "embed.Server")
	require.NotContains(t, err.Error(), "MaxReconnects")
	err = work(pl.Range(3)).With(cluster.On(gaveUp)).Run(t.Context())
	require.ErrorContains(t, err, "MaxReconnects(-1), which never gives up")
}

// configured is an option of package process, which stages of this one refuse.
var configured = process.Setup(func(int) {})

func TestMistakesAreClearErrors(t *testing.T) {
	run := func(opts ...pl.Option) error { return work(pl.Range(3)).With(opts...).Run(t.Context()) }
	require.ErrorContains(t, run(), "cluster.On")
	require.ErrorContains(t, run(cluster.On(nil)), "must not be nil")
	require.ErrorContains(t, run(cluster.On(cluster.New(nil))), "no connection")
	require.ErrorContains(t, run(cluster.On(server.Cluster(cluster.Namespace("a.b")))), "letters, digits")
	require.ErrorContains(t, run(cluster.On(server.Cluster()), cluster.Lease(time.Millisecond)), "at least 1s")
	require.ErrorContains(t, run(cluster.On(server.Cluster()), cluster.Replicas(3)), "cannot make the stream")
	require.ErrorContains(t, run(cluster.On(server.Cluster()), configured(3)), "send what the function needs with each value")
	nc, err := nats.Connect(fmt.Sprintf("nats://127.0.0.1:%d", freePort(t)), nats.RetryOnFailedConnect(true), nats.MaxReconnects(-1))
	require.NoError(t, err)
	defer nc.Close()
	start := time.Now()
	require.ErrorContains(t, run(cluster.On(cluster.New(nc)), cluster.WaitWorkers(300*time.Millisecond)), "no NATS server can be reached")
	require.Less(t, time.Since(start), 20*time.Second) // not WaitWorkers' default
	for option, want := range map[string]embed.Option{
		"open beyond this machine": embed.Listen(":0"),
		"LocalWorkers(-1)":         embed.LocalWorkers(-1),
		"Listen(\"nowhere\")":      embed.Listen("nowhere"),
	} {
		_, err := embed.Start(t.Context(), want)
		require.ErrorContains(t, err, option)
	}
	_, err = embed.Start(t.Context(), embed.Listen("0.0.0.0:0"), embed.Token("secret"))
	require.ErrorContains(t, err, "TLS")
	s, err := embed.Start(t.Context(), embed.Listen("127.0.0.1:0"), embed.Token("secret"))
	require.NoError(t, err)
	defer s.Close()
	_, err = nats.Connect(s.URL())
	require.ErrorIs(t, err, nats.ErrAuthorization)
	client, err := nats.Connect(s.URL(), nats.Token("secret"))
	require.NoError(t, err)
	client.Close()
}
