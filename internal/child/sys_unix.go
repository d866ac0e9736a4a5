//go:build unix

package child

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// Unsupported is nil: there can be children on this system.
func Unsupported() error { return nil }

// mapShared maps the first size bytes of f, and leaves f's offset behind them.
func mapShared(f *os.File, size int) ([]byte, error) {
	mem, err := syscall.Mmap(int(f.Fd()), 0, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("shared memory: %w", err)
	}
	_, err = f.Seek(int64(size), io.SeekStart)
	return mem, err
}

// keepFromChildren keeps the descriptors that a Starter hands over from processes that this one
// starts.
func keepFromChildren() {
	for fd := fdIn; fd <= fdMemory; fd++ {
		syscall.CloseOnExec(fd)
	}
}

func unmap(mem []byte) { syscall.Munmap(mem) }

// inherited opens one of the pipes that a Starter hands over.
func inherited(fd int, name string) (*os.File, error) {
	var stat syscall.Stat_t
	if err := syscall.Fstat(fd, &stat); err != nil || stat.Mode&syscall.S_IFMT != syscall.S_IFIFO {
		return nil, fmt.Errorf("descriptor %d is no pipe", fd)
	}
	// Before NewFile looks: a blocking descriptor would hold a thread in each read.
	if err := syscall.SetNonblock(fd, true); err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), name), nil
}

func inheritedMemory(fd, size int) (*os.File, []byte, error) {
	f := os.NewFile(uintptr(fd), "memory")
	mem, err := mapShared(f, size)
	return f, mem, err
}

// LeaveSignals leaves the signals that end programs in an orderly way to the parent. A terminal,
// systemd and timeout(1) send them to the whole process group, whose other processes learn from the
// parent what they mean. To ignore them would also go on to the processes that this one starts.
func LeaveSignals() {
	signal.Notify(make(chan os.Signal, 1), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
}

// IsGone reports whether err is that of a write to a pipe that is read no more.
func IsGone(err error) bool { return errors.Is(err, syscall.EPIPE) }
