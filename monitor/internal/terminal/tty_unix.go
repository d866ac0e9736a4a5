//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package terminal

import (
	"errors"
	"os"
	"syscall"
	"unsafe"
)

// windowOf returns the size of a terminal's window, 0 where it is not known; ok is false if fd is
// no terminal.
func windowOf(fd uintptr) (w window, ok bool) {
	var size struct{ rows, columns, width, height uint16 }
	_, _, err := syscall.Syscall(syscall.SYS_IOCTL, fd, syscall.TIOCGWINSZ, uintptr(unsafe.Pointer(&size)))
	return window{columns: int(size.columns), rows: int(size.rows)}, err == 0
}

// enableEscapes reports whether the terminal understands escape codes, as all do here.
func enableEscapes(syscall.RawConn) bool { return true }

// writeFile is f.Write, but a broken pipe is an error also of standard output and standard error,
// where f.Write would end the program.
func writeFile(f *os.File, p []byte) (n int, err error) {
	conn, err := f.SyscallConn()
	if err != nil {
		return 0, err
	}
	broken := conn.Write(func(fd uintptr) (done bool) {
		for n < len(p) {
			m, e := syscall.Write(int(fd), p[n:])
			n += max(m, 0)
			switch e {
			case nil, syscall.EINTR:
			case syscall.EAGAIN:
				return false
			default:
				err = &os.PathError{Op: "write", Path: f.Name(), Err: e}
				return true
			}
		}
		return true
	})
	if err == nil {
		err = broken
	}
	return n, err
}

// IsBrokenPipe reports whether a write has failed because nobody reads any more.
func IsBrokenPipe(err error) bool { return errors.Is(err, syscall.EPIPE) }
