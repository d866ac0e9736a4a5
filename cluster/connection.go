package cluster

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
)

// Cluster is a connection to NATS servers and a namespace in them. It is safe for concurrent use.
type Cluster struct {
	nc        *nats.Conn
	namespace string
}

// ClusterOption is a setting of a [Cluster].
type ClusterOption func(*Cluster) //nolint:revive // an Option here would be taken for a stage's

// New makes a cluster. It starts nothing and sends nothing. The connection stays the caller's, who
// closes it when no run and no Serve uses it any more. Connect with nats.MaxReconnects(-1), since by
// default a connection gives up after two minutes without a server.
func New(nc *nats.Conn, opts ...ClusterOption) *Cluster {
	c := &Cluster{nc: nc, namespace: "default"}
	for _, o := range opts {
		if o != nil {
			o(c)
		}
	}
	return c
}

// Namespace sets the namespace, "default" if it is not given: programs of one namespace see each
// other. It may have letters, digits, _ and -.
func Namespace(name string) ClusterOption { return func(c *Cluster) { c.namespace = name } }

// leastVersion is the first version of the server that has what is needed.
const leastVersion = "2.11.0"

// problem is a mistake in making the cluster.
func (c *Cluster) problem() error {
	if c == nil || c.nc == nil {
		return errors.New("cluster.New was given no connection: connect with nats.Connect, or use embed.Start")
	}
	if err := checkNamespace(c.namespace); err != nil {
		return err
	}
	return nil
}

func checkNamespace(name string) error {
	bad := strings.IndexFunc(name, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_' && r != '-'
	})
	switch {
	case name == "":
		return errors.New(`Namespace(""): must not be empty`)
	case len(name) > 64:
		return fmt.Errorf("Namespace(%q): must not be longer than 64 characters", name)
	case bad >= 0:
		return fmt.Errorf("Namespace(%q): may have only letters, digits, _ and -", name)
	}
	return nil
}

// reach waits for a server, and reports why there is none that will do.
func (c *Cluster) reach(ctx context.Context, most time.Duration) error {
	for over := time.Now().Add(most); !c.nc.IsConnected(); {
		switch {
		case c.nc.IsClosed():
			return c.closed()
		case time.Now().After(over):
			return fmt.Errorf("no NATS server can be reached within %v (WaitWorkers): %s%s; is one running there?",
				most, strings.Join(c.servers(), ", "), c.last())
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
	if v := c.nc.ConnectedServerVersion(); older(v, leastVersion) {
		return fmt.Errorf("the NATS server at %s is of version %s, which is too old: it must be %s or later", c.nc.ConnectedAddr(), v, leastVersion)
	}
	return nil
}

// last is the connection's last error, for a message.
func (c *Cluster) last() string {
	if err := c.nc.LastError(); err != nil {
		return " (" + err.Error() + ")"
	}
	return ""
}

// servers are the addresses that the connection tries, without passwords.
func (c *Cluster) servers() (all []string) {
	for _, s := range c.nc.Servers() {
		if _, host, found := strings.Cut(s, "@"); found {
			s = host
		}
		all = append(all, s)
	}
	return all
}

// older reports whether version a is before b. Both are three numbers; what follows does not count.
func older(a, b string) bool {
	var x, y [3]int
	if n, _ := fmt.Sscanf(a, "%d.%d.%d", &x[0], &x[1], &x[2]); n < 3 {
		return false // not a release: who runs it knows
	}
	_, _ = fmt.Sscanf(b, "%d.%d.%d", &y[0], &y[1], &y[2])
	for i := range x {
		if x[i] != y[i] {
			return x[i] < y[i]
		}
	}
	return false
}

// pause waits for d, or until ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// closed says how the connection may have come to be closed, and what to do about it.
func (c *Cluster) closed() error {
	const text = "the connection to the NATS server is closed"
	last := c.nc.LastError()
	if c.nc.Opts.MaxReconnect >= 0 && errors.Is(last, nats.ErrNoServers) {
		return fmt.Errorf("%s, since no server could be reached for too long (%w): connect with nats.MaxReconnects(-1), "+
			"which never gives up", text, last)
	}
	return fmt.Errorf("%s%s: close it, or the embed.Server that it belongs to, only when no run and no Serve uses it any more", text, c.last())
}
