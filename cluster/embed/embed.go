package embed

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nuid"

	"github.com/gopeln/pl/cluster"
)

// Server is a NATS server in this process, with its local workers. It is safe for concurrent use.
type Server struct {
	settings
	server *server.Server
	conn   *nats.Conn
	crew   *crew
	tmp    string // what it keeps on disk and removes; empty: nothing
	close  func() error
}

// Start starts a server in this process. ctx bounds the start, until the local workers serve; the
// Server lives until Close.
func Start(ctx context.Context, opts ...Option) (*Server, error) {
	s := &Server{settings: settings{namespace: "default"}}
	for _, o := range opts {
		if o != nil {
			o(&s.settings)
		}
	}
	s.close = sync.OnceValue(func() error { return prefixed(s.shut()) })
	if err := s.start(ctx); err != nil {
		return nil, prefixed(errors.Join(err, s.shut()))
	}
	return s, nil
}

// prefixed is err with this package's name before it, or nil if err is nil.
func prefixed(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("embed: %w", err)
}

// startPatience bounds the start if ctx does not.
const startPatience = 30 * time.Second

func (s *Server) start(ctx context.Context) (err error) {
	if err := s.check(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	dir := s.dir
	if dir == "" {
		if s.tmp, err = os.MkdirTemp("", "gopeln-"); err != nil {
			return err
		}
		dir = s.tmp
	}
	options := &server.Options{
		ServerName: "gopeln-" + nuid.Next(), NoSigs: true, NoLog: true, DontListen: !s.listens, Host: s.host, Port: s.port,
		JetStream: true, StoreDir: dir, TLS: s.tls != nil, TLSConfig: s.tls, TLSTimeout: 5, CustomClientAuthentication: &doorkeeper{s.token},
		AuthTimeout: startPatience.Seconds(), // a local worker's connection is there before its process is
	}
	if s.server, err = server.NewServer(options); err != nil {
		return err
	}
	s.server.Start()
	if !s.server.ReadyForConnections(startPatience) {
		return errors.New("the server did not start")
	}
	if s.conn, err = s.connect(nats.InProcessServer(s.server)); err != nil {
		return fmt.Errorf("cannot connect to the server: %w", err)
	}
	// The connection's goroutine for requests starts here, and not in the first run that needs it.
	if _, err := s.conn.RequestWithContext(ctx, "$JS.API.INFO", nil); err != nil {
		return fmt.Errorf("the server has no JetStream: %w", err)
	}
	if s.workers == 0 {
		return nil
	}
	s.crew, err = hire(ctx, s)
	return err
}

// connect connects this process to its server.
func (s *Server) connect(opts ...nats.Option) (*nats.Conn, error) {
	return nats.Connect("", append(opts, nats.Name("gopeln"), nats.MaxReconnects(-1), nats.ReconnectWait(10*time.Millisecond))...)
}

// Cluster makes a cluster of the server, in the namespace that [Namespace] gave it, if opts do not give
// another.
func (s *Server) Cluster(opts ...cluster.ClusterOption) *cluster.Cluster {
	return cluster.New(s.conn, append([]cluster.ClusterOption{cluster.Namespace(s.namespace)}, opts...)...)
}

// greetings is the subject in which workers ask all parents to speak, and in which these learn of a worker's death.
func (s *Server) greetings() string { return "pl." + s.namespace + ".h" }

// Conn returns the process's own connection to the server. It ends with the Server.
func (s *Server) Conn() *nats.Conn { return s.conn }

// URL returns where others can connect, for nats.Connect; it is empty without [Listen].
func (s *Server) URL() string {
	if !s.listens {
		return ""
	}
	return s.server.ClientURL()
}

// Close lets the local workers leave in an orderly way, for at most 10 seconds, and stops the server.
// What runs on it must have ended. A second call returns what the first did.
func (s *Server) Close() error { return s.close() }

func (s *Server) shut() error {
	var err error
	if s.crew != nil {
		err = s.crew.dismiss()
	}
	if s.conn != nil {
		s.conn.Close()
	}
	if s.server != nil {
		s.server.Shutdown()
		s.server.WaitForShutdown()
	}
	if s.tmp != "" {
		err = errors.Join(err, os.RemoveAll(s.tmp))
	}
	return err
}
