//go:build unix

package child

import (
	"fmt"
	"io"
	"os"
	"syscall"
)

// mapShared maps the first size bytes of f, and leaves f's offset behind them.
func mapShared(f *os.File, size int) ([]byte, error) {
	mem, err := syscall.Mmap(int(f.Fd()), 0, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("shared memory: %w", err)
	}
	_, err = f.Seek(int64(size), io.SeekStart)
	return mem, err
}

// keepFromChildren keeps the descriptors that a Starter hands over from processes that this one starts.
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
