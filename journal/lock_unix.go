//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package journal

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// openLocked opens the file for reading and appending, and locks it until it is closed.
func openLocked(name string) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o666)
	if err != nil {
		return nil, err
	}
	for {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case errors.Is(err, syscall.EWOULDBLOCK):
			err = fmt.Errorf("%s is in use: another process has it open, or this one already", name)
		case err != nil:
			err = fmt.Errorf("lock %s: %w", name, err)
		default:
			return f, nil
		}
		f.Close()
		return nil, err
	}
}
