package child

import (
	"os/exec"
	"sync"
)

// Group is a process of any program, and what it has started: a process group of its own. Where the
// system has none, it is the process alone.
type Group struct {
	cmd *exec.Cmd

	mu    sync.Mutex
	ended bool // no signal must be sent: its number may be another's
}

// StartGroup starts cmd, which must not be started otherwise. On Linux the kernel kills the process
// if this one dies; elsewhere the end of its standard input has to tell it.
func (s *Starter) StartGroup(cmd *exec.Cmd) (*Group, error) {
	lead(cmd)
	if err := s.do(cmd.Start); err != nil {
		return nil, err
	}
	return &Group{cmd: cmd}, nil
}

// PID is the process id of the leader.
func (g *Group) PID() int { return g.cmd.Process.Pid }

// Kill ends the group at once. It may be called at any time, also twice.
func (g *Group) Kill() { g.signal(kill) }

// Terminate asks the group to end. It may be called at any time.
func (g *Group) Terminate() { g.signal(terminate) }

func (g *Group) signal(send func(*exec.Cmd)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.ended {
		send(g.cmd)
	}
}

// Wait waits for the end of the leader and kills what is left of its group. state is like "exit
// status 3" or "signal: killed". err is that of cmd.Wait. It must be called once.
func (g *Group) Wait() (state string, ok bool, err error) {
	awaitEnd(g.cmd)
	g.mu.Lock()
	g.ended = true
	if canAwaitEnd {
		kill(g.cmd) // before it is reaped, so that its number is still its own
	}
	g.mu.Unlock()
	err = g.cmd.Wait()
	if !canAwaitEnd {
		kill(g.cmd)
	}
	if g.cmd.ProcessState == nil {
		return err.Error(), false, err
	}
	return g.cmd.ProcessState.String(), g.cmd.ProcessState.Success(), err
}
