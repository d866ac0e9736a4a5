package subprocess

import (
	"bufio"
	"context"
	"errors"
	"net"
	"net/rpc"
	"os"
	"os/exec"
	"path/filepath"
	"sync"

	"github.com/gopeln/pl/bench/measure"
)

// inFlight is how many calls wait for their answers at each server.
const inFlight = 256

// Server does the work, by net/rpc.
type Server struct{}

// Int handles one of ints.
func (Server) Int(in int, out *int) (err error) {
	*out, err = ints.work(context.Background(), in)
	return err
}

// Record handles one of records.
func (Server) Record(in Record, out *Record) (err error) {
	*out, err = records.work(context.Background(), in)
	return err
}

// Bytes handles one of blocks or images.
func (Server) Bytes(in []byte, out *[]byte) (err error) {
	*out, err = blocks.work(context.Background(), in)
	return err
}

// serveRPC serves the first connection to a socket that it makes and names on its standard output.
func serveRPC() error {
	folder, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	socket := filepath.Join(folder, "rpc")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return err
	}
	defer listener.Close()
	if _, err := os.Stdout.WriteString(socket + "\n"); err != nil {
		return err
	}
	server := rpc.NewServer()
	if err := server.Register(Server{}); err != nil {
		return err
	}
	connection, err := listener.Accept()
	if err != nil {
		return err
	}
	server.ServeConn(connection) // until the client closes it, or is gone
	return nil
}

// rpcServers are the children and the connections to them.
type rpcServers struct {
	children []*exec.Cmd
	clients  []*rpc.Client
}

func dialRPC() (*rpcServers, error) {
	s := new(rpcServers)
	for range children {
		if err := s.start(); err != nil {
			return nil, errors.Join(err, s.close())
		}
	}
	return s, nil
}

func (s *rpcServers) start() error {
	c, err := child("rpc")
	if err != nil {
		return err
	}
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	if err != nil {
		return err
	}
	if err := c.Start(); err != nil {
		return err
	}
	s.children = append(s.children, c)
	socket, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return errors.Join(err, c.Process.Kill())
	}
	client, err := rpc.Dial("unix", socket[:len(socket)-1])
	if err != nil {
		return errors.Join(err, c.Process.Kill())
	}
	s.clients = append(s.clients, client)
	return nil
}

func (s *rpcServers) close() (err error) {
	for _, c := range s.clients {
		err = errors.Join(err, c.Close())
	}
	for _, c := range s.children {
		err = errors.Join(err, c.Wait())
	}
	return err
}

// calls keeps a number of calls under way at each server, one for each value.
func calls[T any](s *rpcServers, l load[T], method string, underWay int) measure.Contender {
	return measure.Contender{Name: "net/rpc", Run: func(n int) (sum int, err error) {
		values := make(chan T, underWay)
		go func() {
			defer close(values)
			for i := range n {
				values <- l.make(i)
			}
		}()
		var mu sync.Mutex
		var callers sync.WaitGroup
		for i := range underWay * len(s.clients) {
			callers.Go(func() {
				for v := range values {
					var reply T
					failure := s.clients[i%len(s.clients)].Call(method, v, &reply)
					mu.Lock()
					sum += l.count(reply)
					err = errors.Join(err, failure)
					mu.Unlock()
				}
			})
		}
		callers.Wait()
		return sum, err
	}}
}

// roundTrip makes one call and waits for it.
func (s *rpcServers) roundTrip() error {
	var reply int
	return s.clients[0].Call("Server.Int", 1, &reply)
}
