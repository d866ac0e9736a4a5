package embed

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strconv"
)

// Option is a setting of [Start].
type Option func(*settings)

type settings struct {
	namespace string
	workers   int
	listens   bool
	addr      string
	host      string
	port      int
	tls       *tls.Config
	token     string
	dir       string
}

// LocalWorkers starts n processes of this program as workers, and others in their place when they
// die. The program must call [Main].
func LocalWorkers(n int) Option { return func(s *settings) { s.workers = n } }

// Namespace sets the namespace of the local workers and of [Server.Cluster], "default" if it is not
// given.
func Namespace(name string) Option { return func(s *settings) { s.namespace = name } }

// Listen makes the server listen at addr, such as "127.0.0.1:4222" or "127.0.0.1:0", for programs on this or other
// machines. Without it there is no listener. An address beyond loopback is refused without both [TLS] and [Token].
func Listen(addr string) Option { return func(s *settings) { s.listens, s.addr = true, addr } }

// TLS encrypts what goes over the listener.
func TLS(c *tls.Config) Option { return func(s *settings) { s.tls = c } }

// Token is what programs must show that connect to the listener, with nats.Token. Make it long and
// random.
func Token(token string) Option { return func(s *settings) { s.token = token } }

// Dir keeps streams on disk in a folder, for stages with cluster.OnDisk. The default is a temporary
// folder that Close removes.
func Dir(path string) Option { return func(s *settings) { s.dir = path } }

// check finds mistakes in the settings.
func (s *settings) check() error {
	if s.workers < 0 {
		return fmt.Errorf("LocalWorkers(%d): must be at least 0", s.workers)
	}
	if s.workers > 0 && !mainCalled.Load() {
		return fmt.Errorf("LocalWorkers(%d): the program has not called embed.Main: make it the first line of main (or of TestMain), "+
			"and make the stages of package cluster before it, in package-level variables (var step = cluster.Map(...)), "+
			"since the workers are this program started again", s.workers)
	}
	if !s.listens {
		return nil
	}
	host, port, err := net.SplitHostPort(s.addr)
	if err != nil {
		return fmt.Errorf("Listen(%q): %w", s.addr, err)
	}
	n, err := strconv.Atoi(port)
	if err != nil || n < 0 || n > 65535 {
		return fmt.Errorf("Listen(%q): the port must be a number from 0 (any) to 65535", s.addr)
	}
	s.host, s.port = host, n
	if s.port == 0 {
		s.port = -1 // the server's word for any
	}
	if host == "" {
		s.host = "0.0.0.0"
	}
	if !loopback(host) && (s.tls == nil || s.token == "") {
		return errors.New("Listen(" + strconv.Quote(s.addr) + "): that is open beyond this machine: give both TLS and Token, " +
			"or listen at 127.0.0.1; any client that can connect can have the program's functions called")
	}
	return nil
}

// loopback reports whether only this machine can reach a host.
func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
