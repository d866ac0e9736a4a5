//go:build unix

package embed_test

import (
	"context"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl/cluster"
)

// The permissions that docs/cluster.md gives are enough, and are enforced: neither role can do what is the other's.
func TestDocumentedPermissionsAreEnough(t *testing.T) {
	page, err := os.ReadFile("../../docs/cluster.md")
	require.NoError(t, err)
	allowed := func(role string) *natsserver.Permissions {
		for line := range strings.Lines(string(page)) {
			if cells := strings.Split(line, "|"); strings.HasPrefix(line, "| "+role+" |") {
				return &natsserver.Permissions{
					Publish:   &natsserver.SubjectPermission{Allow: quoted(cells[2])},
					Subscribe: &natsserver.SubjectPermission{Allow: quoted(cells[3])},
				}
			}
		}
		t.Fatalf("no permissions of a %s", role)
		return nil
	}
	s, err := natsserver.NewServer(&natsserver.Options{
		Host: "127.0.0.1", Port: -1, JetStream: true, StoreDir: t.TempDir(), NoLog: true, NoSigs: true,
		Users: []*natsserver.User{
			{Username: "parent", Password: "p", Permissions: allowed("parent")},
			{Username: "worker", Password: "w", Permissions: allowed("worker")},
		},
	})
	require.NoError(t, err)
	s.Start()
	defer s.WaitForShutdown()
	defer s.Shutdown()
	require.True(t, s.ReadyForConnections(10*time.Second))
	connect := func(user, password string) *nats.Conn {
		nc, err := nats.Connect(s.ClientURL(), nats.UserInfo(user, password))
		require.NoError(t, err)
		t.Cleanup(nc.Close)
		return nc
	}
	worker, parent := connect("worker", "w"), connect("parent", "p")
	ctx, leave := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- cluster.New(worker).Serve(ctx, cluster.Slots(2)) }()
	account(t, cluster.New(parent), 500)
	leave()
	require.NoError(t, <-done)
	for _, nc := range []*nats.Conn{worker, parent} {
		require.NoError(t, nc.LastError(), "nothing that they did was forbidden")
	}
	for nc, subject := range map[*nats.Conn]string{worker: "pl.default.w.job", parent: "pl.default.r.job.v"} {
		require.NoError(t, nc.Publish(subject, nil))
		require.NoError(t, nc.Flush())
		require.Eventually(t, func() bool {
			err := nc.LastError()
			return err != nil && strings.Contains(err.Error(), "Permissions Violation")
		}, 5*time.Second, 10*time.Millisecond, subject)
	}
}

// quoted are the words between backquotes.
func quoted(cell string) (all []string) {
	for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(cell, -1) {
		all = append(all, m[1])
	}
	return all
}
