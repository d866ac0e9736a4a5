//go:build unix && !linux

package child

import (
	"os"
	"syscall"
)

// SharedSize is small where the shared memory is a file that the system writes to a disk.
const SharedSize = 4096

func executable() (string, error) { return os.Executable() }

// attributes is empty: only the lifeline ends a child whose parent is gone.
func attributes() *syscall.SysProcAttr { return nil }

// widen does nothing: these systems size their pipes themselves.
func widen(*os.File) {}

func sharedMemory(size int) (*os.File, []byte, error) {
	f, err := os.CreateTemp("", "gopeln")
	if err != nil {
		return nil, nil, err
	}
	os.Remove(f.Name()) // at once: nothing is left whatever happens
	err = f.Truncate(int64(size))
	var mem []byte
	if err == nil {
		mem, err = mapShared(f, size)
	}
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return f, mem, nil
}
