//go:build unix

package embed_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/cluster"
)

// The test binary plays other programs too: workers, servers and parents that are to be killed.

const (
	roleVariable = "CLUSTER_TEST_ROLE" // worker, server or parent
	urlVariable  = "CLUSTER_TEST_URL"
)

var (
	work = cluster.Map(func(ctx context.Context, n int) (int, error) {
		time.Sleep(time.Millisecond)
		return 3 * n, ctx.Err()
	}, pl.Name("work"))
	works = cluster.FlatMap(func(_ context.Context, n int, yield func(int) bool) error {
		for i := range 5 {
			time.Sleep(200 * time.Microsecond)
			if !yield(10*n + i) {
				return nil
			}
		}
		return nil
	}, pl.Name("works"))
	stumbles = cluster.FlatMap(func(_ context.Context, n int, yield func(int) bool) error {
		for i := range 1 + n%3 {
			if i > 0 {
				time.Sleep(3 * time.Millisecond) // what was yielded before leaves in a message of its own
			}
			if !yield(10*n + i) {
				return nil
			}
		}
		if mark(fmt.Sprint("stumbles", n)) {
			return errors.New("once")
		}
		return nil
	}, pl.Name("stumbles"))
	fatal = cluster.Map(func(_ context.Context, n int) (int, error) {
		if n == 13 {
			note("began")
			os.Exit(7)
		}
		return n, nil
	}, pl.Name("fatal"))
	blob = cluster.Map(func(_ context.Context, b []byte) ([]byte, error) {
		if len(b) > 0 && b[0] == 'e' {
			return nil, errors.New(strings.Repeat("long", len(b)/4))
		}
		return append(b, 'x'), nil
	}, pl.Name("blob"))
	identity = cluster.Map(func(ctx context.Context, n int) (string, error) {
		if n == 3 && mark("identity") {
			os.Exit(1)
		}
		return cluster.ItemID(ctx), nil
	}, pl.Name("identity"))
	contract = contractOf(os.Getenv(roleVariable))
)

// contractOf makes a stage whose type is another in the role of another program.
func contractOf(role string) pl.Partial[int, int] {
	if role == "other" {
		cluster.Map(func(_ context.Context, s string) (string, error) { return s, nil }, pl.Name("contract"))
		return nil
	}
	return cluster.Map(func(_ context.Context, n int) (int, error) { return n, nil }, pl.Name("contract"))
}

const notesVariable = "CLUSTER_TEST_NOTES"

// note adds a line to the notes of the test.
func note(line string) {
	f, err := os.OpenFile(os.Getenv(notesVariable), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err == nil {
		fmt.Fprintln(f, line)
		f.Close()
	}
}

// mark reports whether it is called for the first time in any process of the test.
func mark(name string) bool {
	f, err := os.OpenFile(os.Getenv(notesVariable)+name, os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return false
	}
	f.Close()
	return true
}

// play plays the role that the environment gives, and then never returns.
func play() {
	url := os.Getenv(urlVariable)
	var err error
	switch os.Getenv(roleVariable) {
	case "":
		return
	case "worker", "other":
		var nc *nats.Conn
		if nc, err = dial(url); err == nil {
			fmt.Println("ready")
			err = cluster.New(nc, space()).Serve(context.Background(), cluster.Slots(2))
		}
	case "parent":
		var nc *nats.Conn
		if nc, err = dial(url); err == nil {
			endless := pl.FromFunc(func(_ context.Context, yield func(int) bool) error {
				for i := 0; yield(i); i++ {
				}
				return nil
			})
			for _, err = range work(endless).With(cluster.On(cluster.New(nc, space())), cluster.Lease(time.Second), pl.MaxSize(100)).All(context.Background()) {
				if err != nil {
					break
				}
				fmt.Println("ready")
			}
		}
	case "server":
		err = serve(url)
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(9)
}

func space() cluster.ClusterOption {
	name := os.Getenv("CLUSTER_TEST_NAMESPACE")
	if name == "" {
		name = "default"
	}
	return cluster.Namespace(name)
}

func dial(url string) (*nats.Conn, error) {
	return nats.Connect(url, nats.MaxReconnects(-1), nats.ReconnectWait(20*time.Millisecond), nats.RetryOnFailedConnect(true),
		nats.PingInterval(time.Second))
}

// serve is a server, told as "port" or "port,cluster port,routes".
func serve(arguments string) error {
	o := &natsserver.Options{Host: "127.0.0.1", JetStream: true, NoLog: true, NoSigs: true, StoreDir: os.Getenv("CLUSTER_TEST_DIR")}
	parts := strings.SplitN(arguments, ",", 3)
	fmt.Sscan(parts[0], &o.Port)
	o.ServerName = "s" + parts[0]
	if len(parts) == 3 {
		o.Cluster.Name, o.Cluster.Host = "three", "127.0.0.1"
		fmt.Sscan(parts[1], &o.Cluster.Port)
		o.Routes = natsserver.RoutesFromStr(parts[2])
	}
	s, err := natsserver.NewServer(o)
	if err != nil {
		return err
	}
	s.Start()
	fmt.Println("ready")
	s.WaitForShutdown()
	return nil
}

// actor is a process that plays a role.
type actor struct {
	t    testing.TB
	role string
	env  []string
	cmd  *exec.Cmd
	out  *bufio.Reader
}

// cast starts a process for a role and waits until it is ready.
func cast(t testing.TB, role, url string, env ...string) *actor {
	t.Helper()
	a := &actor{t: t, role: role, env: append(env, roleVariable+"="+role, urlVariable+"="+url)}
	a.start()
	t.Cleanup(a.kill)
	return a
}

func (a *actor) start() {
	a.t.Helper()
	a.cmd = exec.Command(os.Args[0])
	a.cmd.Env = append(os.Environ(), a.env...)
	a.cmd.Stderr = os.Stderr
	out, err := a.cmd.StdoutPipe()
	require.NoError(a.t, err)
	require.NoError(a.t, a.cmd.Start())
	a.out = bufio.NewReader(out)
	line, err := a.out.ReadString('\n')
	require.NoError(a.t, err, "%s: %s", a.role, line)
	go io.Copy(io.Discard, a.out)
}

func (a *actor) signal(s syscall.Signal) { _ = a.cmd.Process.Signal(s) }

func (a *actor) kill() {
	a.signal(syscall.SIGCONT)
	_ = a.cmd.Process.Kill()
	_ = a.cmd.Wait()
}

// tally counts what arrives: each of n values once, and the right one.
type tally struct {
	mu   sync.Mutex
	seen map[int]int
}

func (c *tally) add(v int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.seen == nil {
		c.seen = map[int]int{}
	}
	c.seen[v]++
}

func (c *tally) check(t *testing.T, n int, want func(i int) int) {
	t.Helper()
	require.Len(t, c.seen, n)
	for i := range n {
		require.Equal(t, 1, c.seen[want(i)], "value %d", i)
	}
}
