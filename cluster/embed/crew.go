package embed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
)

// crew is the local workers. Each has a place, which gets another process when one has died.
type crew struct {
	server *Server
	exe    string
	env    []string

	mu        sync.Mutex
	members   map[*member]bool
	dismissed bool

	places sync.WaitGroup
	over   chan struct{} // closed when the crew is dismissed
}

// member is one process.
type member struct {
	cmd   *exec.Cmd
	stdin io.WriteCloser
	begun time.Time
	done  chan struct{} // closed when it has ended
}

// hire starts the local workers and waits until they serve.
func hire(ctx context.Context, s *Server) (*crew, error) {
	if isWorker {
		return nil, errors.New("LocalWorkers in a local worker: make embed.Main the first line of main")
	}
	exe, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("LocalWorkers: cannot find the program's own file: %w", err)
	}
	c := &crew{server: s, exe: exe, members: map[*member]bool{}, over: make(chan struct{})}
	c.env = append(os.Environ(), variable+"="+s.namespace)
	serving := make(chan *nats.Msg, s.workers+16)
	sub, err := s.conn.ChanSubscribe(s.greetings(), serving)
	if err != nil {
		return nil, err
	}
	defer func() { _ = sub.Unsubscribe() }()
	if err := s.conn.FlushWithContext(ctx); err != nil {
		return nil, err
	}
	failed := make(chan error, s.workers)
	for range s.workers {
		m, err := c.start()
		if err != nil {
			return c, fmt.Errorf("LocalWorkers: %w", err)
		}
		c.places.Go(func() { c.fill(m, failed) })
	}
	for n := 0; n < s.workers; {
		select {
		case msg := <-serving:
			if len(msg.Data) == 0 { // no obituary
				n++
			}
		case err := <-failed:
			return c, fmt.Errorf("LocalWorkers: a worker process ended before it served: %w", err)
		case <-ctx.Done():
			return c, fmt.Errorf("LocalWorkers: only %d of %d worker processes serve yet; is embed.Main the first line of main? %w",
				n, s.workers, context.Cause(ctx))
		}
	}
	return c, nil
}

// start starts a process with a connection to the server.
func (c *crew) start() (*member, error) {
	ours, theirs, err := socketPair()
	if err != nil {
		return nil, err
	}
	defer theirs.Close()
	inside, err := c.server.server.InProcessConn()
	if err != nil {
		_ = ours.Close()
		return nil, err
	}
	m := &member{cmd: exec.Command(c.exe), begun: time.Now(), done: make(chan struct{})}
	m.cmd.Args = os.Args
	m.cmd.Env, m.cmd.Stdout, m.cmd.Stderr = c.env, os.Stdout, os.Stderr
	m.cmd.ExtraFiles = []*os.File{theirs}
	if m.stdin, err = m.cmd.StdinPipe(); err == nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.dismissed {
			err = errors.New("the server has been closed")
		} else if err = m.cmd.Start(); err == nil {
			c.members[m] = true
		}
	}
	if err != nil {
		_ = ours.Close()
		_ = inside.Close()
		return nil, fmt.Errorf("cannot start a worker process: %w", err)
	}
	c.places.Go(func() { c.join(ours, inside, m.cmd.Process.Pid) })
	return m, nil
}

// lingering is how long the server may give messages to a worker that has died: longer than a worker's request for them lives.
const lingering = 35 * time.Second

// join carries what a worker and the server say to each other. When the worker has ended it hands back what the worker had,
// and for some time what it is still given, and tells the programs whose runs it took part in.
func (c *crew) join(worker, inside net.Conn, pid int) {
	var has workload
	silent := make(chan struct{})
	go func() {
		defer close(silent)
		given := io.TeeReader(inside, &sighting{found: has.gave})
		_, _ = io.Copy(worker, given)
		_, _ = io.Copy(io.Discard, given)
		_ = worker.Close() // the server has ended
	}()
	_, _ = io.Copy(inside, io.TeeReader(worker, &sighting{found: has.done}))
	_ = worker.Close()
	has.settle(func(message string) { _ = c.server.conn.Publish(message+"0", []byte("-NAK")) })
	c.mourn(pid)
	select {
	case <-silent:
	case <-c.over:
	case <-time.After(lingering):
	}
	_ = inside.Close()
	<-silent
}

// mourn tells all parents that a worker has died. What they knew of one that has left in an orderly way does not change.
func (c *crew) mourn(pid int) {
	host, _ := os.Hostname()
	obituary := fmt.Appendf(nil, `{"Host":%q,"PID":%d}`, host, pid)
	_ = c.server.conn.Publish(c.server.greetings(), obituary)
}

// fill keeps a place filled. One whose processes die as soon as they begin waits longer and longer.
func (c *crew) fill(m *member, failed chan<- error) {
	const least, most = 50 * time.Millisecond, 10 * time.Second
	wait := least
	for {
		err := m.cmd.Wait()
		close(m.done)
		c.mu.Lock()
		delete(c.members, m)
		dismissed := c.dismissed
		c.mu.Unlock()
		if dismissed {
			return
		}
		state := m.cmd.ProcessState.String()
		select {
		case failed <- errors.Join(errors.New(state), err):
		default:
		}
		slog.Warn("embed: a local worker has died; another takes its place", "pid", m.cmd.ProcessState.Pid(), "state", state)
		if time.Since(m.begun) > most {
			wait = least
		}
		for m = nil; m == nil; {
			select {
			case <-c.over:
				return
			case <-time.After(wait):
			}
			wait = min(2*wait, most)
			if m, err = c.start(); err != nil {
				slog.Error("embed: no local worker", "error", err)
			}
		}
	}
}

// dismiss lets the workers leave, kills those that do not, and waits for all.
func (c *crew) dismiss() error {
	c.mu.Lock()
	c.dismissed = true
	close(c.over)
	members := make([]*member, 0, len(c.members))
	for m := range c.members {
		members = append(members, m)
		_ = m.stdin.Close()
	}
	c.mu.Unlock()
	timer := time.NewTimer(dismissPatience)
	defer timer.Stop()
	var err error
	for _, m := range members {
		select {
		case <-m.done:
		case <-timer.C:
			timer.Reset(0)
			err = errors.Join(err, fmt.Errorf("worker process %d has not left within %v, and was killed", m.cmd.Process.Pid, dismissPatience))
			_ = m.cmd.Process.Kill()
			<-m.done
		}
	}
	c.places.Wait()
	return err
}
