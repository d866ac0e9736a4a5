//go:build unix

package child

import (
	"cmp"
	"errors"
	"io"
	"os"
	"syscall"
)

// look is a Read that has a question to send.
type look struct {
	conn syscall.RawConn // of out
	try  func(fd uintptr) (done bool)
	to   []byte // what it reads into
	n    int    // what it has read
	err  error
}

func (a *Asker) prepare() (err error) {
	a.look.conn, err = a.out.SyscallConn()
	a.look.try = a.try
	return err
}

// Read reads what comes. If there is a question, it is sent first; if there is something to read by
// then, the error is ErrUnasked.
func (a *Asker) Read(p []byte) (int, error) {
	if a.question == nil {
		return a.out.Read(p)
	}
	a.look.to, a.look.n, a.look.err = p, 0, nil
	err := a.look.conn.Read(a.look.try)
	a.look.to = nil
	return a.look.n, cmp.Or(a.look.err, err)
}

// try is called before a wait for something to read, and after it. Before it has sent the question,
// it looks whether there is something to read already; nothing can slip in between.
func (a *Asker) try(fd uintptr) (done bool) {
	asked := a.question == nil
	n, err := readNow(fd, a.look.to)
	if !asked && errors.Is(err, syscall.EAGAIN) {
		if a.look.err = a.send(); a.look.err != nil {
			return true
		}
		asked = true
		n, err = readNow(fd, a.look.to) // on a busy machine the process has often run by now
	}
	switch {
	case errors.Is(err, syscall.EAGAIN):
		return false
	case err != nil:
		a.look.err = os.NewSyscallError("read", err)
	case n == 0:
		a.look.err = io.EOF
	case !asked:
		a.look.err = ErrUnasked
	default:
		a.look.n = n
	}
	return true
}

// readNow reads without a wait.
func readNow(fd uintptr, p []byte) (n int, err error) {
	for {
		if n, err = syscall.Read(int(fd), p); !errors.Is(err, syscall.EINTR) {
			return n, err
		}
	}
}
