// Package child runs further processes of the program's own binary, joined to it by two pipes, a
// piece of shared memory, and a lifeline: a pipe whose end tells the child that its parent is gone,
// however that ended.
//
// On Linux the shared memory is a memfd and the kernel kills the children of a dead parent besides.
// On the other Unix systems it is a file that has no name any more by the time it is used, and only
// the lifeline ends the children. Other systems lack an implementation: [Starter.Start] fails
// there.
package child

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
)

// maxTrace limits how much of the last words is read.
const maxTrace = 64 << 10

// marker is the environment variable that makes a process a child.
const marker = "GOPELN_WORKER"

// Process is a child, as its parent sees it.
type Process struct {
	In     *os.File // what the child reads
	Out    *os.File // what the child writes; io.EOF once it has ended
	Stderr *os.File // what the child, and the processes that it starts, write to standard error; Close leaves it open
	Life   *os.File // what the child's Life reads; closing it ends the child
	Shared []byte   // zero at first; it has SharedSize bytes

	memory *os.File
	proc   *os.Process
}

// Starter starts children. The kernel ends a child when the thread that started it ends, so a
// Starter keeps a thread of its own until Close, which must not come before the last child was
// waited for.
type Starter struct {
	requests chan func()
	done     chan struct{}
}

// NewStarter returns a Starter; the caller must close it.
func NewStarter() *Starter {
	s := &Starter{make(chan func()), make(chan struct{})}
	go s.run()
	return s
}

func (s *Starter) run() {
	// Never unlocked: the thread ends with this goroutine.
	runtime.LockOSThread()
	defer close(s.done)
	for f := range s.requests {
		f()
	}
}

// Close ends the thread.
func (s *Starter) Close() {
	close(s.requests)
	<-s.done
}

// Start starts a child with the arguments of this process and its environment, to which env is
// added; a later entry replaces an earlier one. Its standard input is empty; standard output is
// this process's own.
func (s *Starter) Start(env []string) (*Process, error) {
	var p *Process
	err := s.do(func() (err error) {
		p, err = start(env)
		return err
	})
	return p, err
}

// do calls f on the thread.
func (s *Starter) do(f func() error) (err error) {
	done := make(chan struct{})
	s.requests <- func() {
		defer close(done)
		err = f()
	}
	<-done
	return err
}

func start(env []string) (p *Process, err error) {
	p = &Process{}
	var theirs []*os.File
	defer func() {
		for _, f := range theirs {
			f.Close()
		}
		if err != nil {
			p.Close()
			p.Stderr.Close()
		}
	}()
	pipe := func() (r, w *os.File) {
		r, w, pipeErr := os.Pipe()
		err = errors.Join(err, pipeErr)
		return r, w
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		return p, err
	}
	in, toChild := pipe()
	fromChild, out := pipe()
	life, lifeline := pipe()
	messages, stderr := pipe()
	p.In, p.Out, p.Life, p.Stderr = toChild, fromChild, lifeline, messages
	theirs = []*os.File{null, in, out, life, stderr}
	if err != nil {
		return p, err
	}
	widen(p.In)
	widen(p.Out)
	if p.memory, p.Shared, err = sharedMemory(SharedSize); err != nil {
		return p, err
	}
	exe, err := executable()
	if err != nil {
		return p, err
	}
	files := []*os.File{null, os.Stdout, stderr, in, out, life, p.memory}
	p.proc, err = os.StartProcess(exe, os.Args, &os.ProcAttr{Env: environment(env), Files: files, Sys: attributes()})
	return p, err
}

// environment is this process's, with env added. It leaves out what systemd gave to this process
// alone: sockets to take over, a manager to notify.
func environment(env []string) []string {
	values := map[string]string{}
	for _, kv := range slices.Concat(os.Environ(), env) {
		name, value, _ := strings.Cut(kv, "=")
		values[name] = value
	}
	for _, name := range []string{"LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "NOTIFY_SOCKET"} {
		delete(values, name)
	}
	values[marker] = "1"
	all := make([]string, 0, len(values))
	for name, value := range values {
		all = append(all, name+"="+value)
	}
	return all
}

// PID is the child's process id.
func (p *Process) PID() int { return p.proc.Pid }

// Kill ends the child at once. It may be called at any time before Wait has returned, also twice.
func (p *Process) Kill() { p.proc.Kill() }

// Wait waits for the end of the child, which it must have been told of. What Shared says then is
// the child's last word. state is like "exit status 3" or "signal: killed", and trace what the Go
// runtime said last.
func (p *Process) Wait() (state string, ok bool, trace string) {
	ended, err := p.proc.Wait()
	text := make([]byte, maxTrace)
	n, _ := p.memory.ReadAt(text, SharedSize)
	if err != nil {
		return err.Error(), false, ""
	}
	return ended.String(), ended.Success(), strings.TrimSpace(string(text[:n]))
}

// Crashing reports whether the child's runtime has begun to say why it ends the child.
func (p *Process) Crashing() bool {
	n, _ := p.memory.ReadAt(make([]byte, 1), SharedSize)
	return n > 0
}

// Close frees what is held for a child that has ended; Shared must not be used any more.
func (p *Process) Close() {
	for _, f := range []*os.File{p.In, p.Out, p.Life, p.memory} {
		if f != nil {
			f.Close()
		}
	}
	if p.Shared != nil {
		unmap(p.Shared)
	}
}

// Link is what joins this process to its parent.
type Link struct {
	In     *os.File
	Out    *os.File
	Life   io.Reader
	Shared []byte
	Crash  *os.File // for debug.SetCrashOutput
}

// The descriptors of a child, behind the standard ones.
const (
	fdIn = iota + 3
	fdOut
	fdLife
	fdMemory
)

// Adopted reports whether this process was started as a child. It does so once: the mark is
// removed, so that processes which this one starts are no children.
func Adopted() bool {
	_, ok := os.LookupEnv(marker)
	if ok {
		os.Unsetenv(marker)
		keepFromChildren() // an init function may start some, before Open
	}
	return ok
}

// Open joins a child to its parent. It fails where the descriptors are not those that a Starter
// hands over.
func Open() (*Link, error) {
	l := &Link{}
	var err error
	open := func(fd int, name string) *os.File {
		f, openErr := inherited(fd, name)
		err = errors.Join(err, openErr)
		return f
	}
	l.In, l.Out, l.Life = open(fdIn, "values"), open(fdOut, "results"), open(fdLife, "lifeline")
	if err != nil {
		return nil, err
	}
	l.Crash, l.Shared, err = inheritedMemory(fdMemory, SharedSize)
	return l, err
}

// Build reports whether two processes run the same file: it is equal then. A binary may be replaced
// while it runs.
func Build() string {
	exe, err := executable()
	if err != nil {
		return ""
	}
	info, err := os.Stat(exe)
	if err != nil {
		return ""
	}
	return fmt.Sprint(info.Size(), " ", info.ModTime().UnixNano())
}
