package command

import (
	"bufio"
	"context"
	"io"
	"os"
	"os/exec"
	"sync"
	"time"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/internal/child"
)

// program is one process of a command.
type program struct {
	argv    []string
	group   *child.Group
	in      *os.File
	out     *os.File
	asker   *child.Asker  // of in and out
	answers *bufio.Reader // of asker
	last    *tail         // of standard error

	dead  chan struct{} // closed when it has ended
	ended chan struct{} // closed when nothing of it is left, but in and out
	state string        // set before ended is closed
	free  func() bool   // ends its tie to the run's context
}

// Grace, and patience.
var (
	// grace is how long a process may take to end by itself, and then again after SIGTERM.
	grace = 5 * time.Second
	// quiet is how long a process is watched after its first answer.
	quiet = 10 * time.Millisecond
)

// lastWords is how long the pipes of a process that has ended are read: what has left its group may
// hold them.
const lastWords = 100 * time.Millisecond

// start starts a process, which is killed when the stage's context ends.
func start(site *pl.Site, starter *child.Starter, argv, env []string) (p *program, err error) {
	pipes, err := openPipes()
	if err != nil {
		return nil, err
	}
	asker, err := child.NewAsker(pipes.in, pipes.out)
	if err != nil {
		pipes.closeTheirs()
		pipes.closeOurs()
		return nil, err
	}
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = pipes.theirIn, pipes.theirOut, pipes.theirErr
	group, err := starter.StartGroup(cmd)
	pipes.closeTheirs()
	if err != nil {
		pipes.closeOurs()
		return nil, err
	}
	p = &program{
		argv: argv, group: group, in: pipes.in, out: pipes.out, asker: asker, answers: bufio.NewReaderSize(asker, 16<<10),
		last: &tail{}, dead: make(chan struct{}), ended: make(chan struct{}),
	}
	var errs sync.WaitGroup
	errs.Add(1)
	site.Background(func() {
		defer errs.Done()
		_, _ = io.Copy(p.last, pipes.err) // until it has ended, or all have closed it
	})
	site.Background(func() {
		p.state, _, _ = group.Wait()
		close(p.dead)
		soon := time.Now().Add(lastWords)
		_ = p.out.SetReadDeadline(soon)
		_ = pipes.err.SetReadDeadline(soon)
		errs.Wait()
		pipes.err.Close()
		close(p.ended)
	})
	p.free = context.AfterFunc(site.Context(), group.Kill)
	return p, nil
}

// kill ends the process and waits until nothing of it is left.
func (p *program) kill() {
	p.group.Kill()
	p.close()
}

// close waits until nothing of the process is left, which must have ended or have been told to.
func (p *program) close() {
	<-p.ended
	p.free()
	p.in.Close()
	p.out.Close()
}

// finish lets the process end in an orderly way, and reports how much it has answered without
// having been asked.
func (p *program) finish() (surplus int64) {
	_ = p.readUntil(time.Time{}) // that of the last value's Timeout may stand
	p.in.Close()
	terminate := time.AfterFunc(grace, p.group.Terminate)
	defer terminate.Stop()
	kill := time.AfterFunc(2*grace, p.group.Kill)
	defer kill.Stop()
	surplus, _ = io.Copy(io.Discard, p.answers)
	p.close()
	return surplus
}

// exit waits for the end of a process that does not read or answer any more, and returns its error.
func (p *program) exit() *ExitError {
	kill := time.AfterFunc(lastWords, p.group.Kill) // if it has closed its pipes, but goes on
	defer kill.Stop()
	p.close()
	return &ExitError{Argv: p.argv, PID: p.group.PID(), State: p.state, Stderr: p.last.String()}
}

// isDead reports whether the process has ended.
func (p *program) isDead() bool {
	select {
	case <-p.dead:
		return true
	default:
		return false
	}
}

// watch reports whether there is a further answer by the end of a moment.
func (p *program) watch() bool {
	if p.readUntil(time.Now().Add(quiet)) != nil {
		return p.answers.Buffered() > 0 // the system cannot wait for a time
	}
	_, err := p.answers.Peek(1)
	_ = p.readUntil(time.Time{})
	return err == nil
}

// readUntil lets reads fail from a time on; zero: never. Those of a process that has ended fail
// soon.
func (p *program) readUntil(t time.Time) error {
	err := p.out.SetReadDeadline(t)
	if p.isDead() { // it has set a deadline, which was taken back just now
		_ = p.out.SetReadDeadline(time.Now().Add(lastWords))
	}
	return err
}

// pipes are what joins a process to this one.
type pipes struct {
	in, out, err                *os.File
	theirIn, theirOut, theirErr *os.File
}

func openPipes() (p pipes, err error) {
	if p.theirIn, p.in, err = os.Pipe(); err == nil {
		if p.out, p.theirOut, err = os.Pipe(); err == nil {
			p.err, p.theirErr, err = os.Pipe()
		}
	}
	if err != nil {
		p.closeTheirs()
		p.closeOurs()
	}
	return p, err
}

func (p *pipes) closeTheirs() { closeAll(p.theirIn, p.theirOut, p.theirErr) }
func (p *pipes) closeOurs()   { closeAll(p.in, p.out, p.err) }

func closeAll(files ...*os.File) {
	for _, f := range files {
		if f != nil {
			f.Close()
		}
	}
}
